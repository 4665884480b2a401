"""`emotone assert`: whether recordings express what they should, for people who make speech."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from ..errors import EmotoneError
from ..expectations import (
    Line,
    Rate,
    Verdict,
    expectation,
    judge,
    junit,
    lines_of_files,
    lines_of_table,
    rate,
)
from ..heads import Head
from ..outputs import save_text
from ..recognizer import Recognizer
from ..types import Baseline, Failure, Prediction
from .asking import print_baseline, read_baseline
from .console import LANGUAGE, OPTIONS, OUT, each_file, fail, new_table, open_model, print_doubts, say, shown
from .options import channel_option, head_option, model_option, one_head
from .reports import print_saved

_Judged = tuple[Line, Verdict | Failure]

_WORDS = {
    "passed": f"[green]{say('passed  ', '通过')}[/]",
    "failed": f"[bold red]{say('FAILED  ', '未通过')}[/]",
    "doubtful": f"[yellow]{say('DOUBTFUL', '存疑')}[/]",
}
_ERROR = f"[bold red]{say('ERROR   ', '错误')}[/]"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is expected, in the user's words.

    Attributes:
        label: Of all recordings; `None` when tables say it.
        column: Of the tables that say it; `None` when it is the same for all.
        minimum: The lowest score that passes.
    """

    label: str | None
    column: str | None
    minimum: float

    def lines(self, given: Sequence[str], head: Head) -> list[Line]:
        if self.column is None:
            return lines_of_files(given, expectation(self.label or "", head, self.minimum))
        return [line for table in given for line in lines_of_table(table, self.column, head, self.minimum)]


def _wanted_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of `_Wanted`, which the command gets as `wanted`."""

    @click.option(
        "--expect",
        metavar=say("LABEL", "标签"),
        help=say("The emotion that all should express, such as sad.", "所有录音应表达的情绪，例如 sad。"),
    )
    @click.option(
        "--expect-column",
        metavar=say("NAME", "列名"),
        help=say(
            "The column of the tables that says it for each recording, beside the column file.",
            "表格中逐一给出目标情绪的列；另需 file 列。",
        ),
    )
    @click.option(
        "--min",
        "minimum",
        type=click.FloatRange(0, 1),
        default=0.0,
        metavar="0…1",
        help=say(
            "The lowest score of that emotion that passes; it must be the highest of all besides.",
            "该情绪得分的下限；此外它还须为最高得分。",
        ),
    )
    @wraps(command)
    def wrapped(*, expect: str | None, expect_column: str | None, minimum: float, **others: Any) -> None:
        if (expect is None) == (expect_column is None):
            raise click.UsageError(
                say("Give either --expect or --expect-column.", "请指定 --expect 或 --expect-column 之一。")
            )
        command(wanted=_Wanted(expect, expect_column, minimum), **others)

    return wrapped


@click.command(
    "assert",
    options_metavar=OPTIONS,
    help=say(
        "Check that recordings express the emotion that they should.\n\nFILES are recordings and folders of them, or with "
        "--expect-column tables (CSV, JSONL, Parquet). Ends with 0 when all pass, with 1 when not, with 2 when the command was "
        "wrong. A doubtful result never passes.",
        "检查录音是否表达了预期的情绪。\n\n文件可以是录音或录音文件夹；使用 --expect-column 时为表格（CSV、JSONL、Parquet）。"
        "全部通过时退出码为 0，否则为 1，命令有误时为 2。存疑的结果不算通过。",
    ),
    epilog=say(
        "Example: emotone assert takes/*.wav --expect sad --min 0.6 --junit report.xml",
        "示例：emotone assert takes/*.wav --expect sad --min 0.6 --junit report.xml",
    ),
)
@click.argument("files", nargs=-1, required=True, metavar=say("FILES|DIR…", "文件|文件夹…"))
@_wanted_options
@click.option(
    "--rate",
    "enough",
    type=click.FloatRange(0, 1),
    metavar="0…1",
    help=say(
        "Be content when this share of the recordings passes. Default: all must.", "达到此通过率即可。默认须全部通过。"
    ),
)
@click.option(
    "--junit",
    "junit_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar=say("FILE", "文件"),
    help=say("Write the results as JUnit XML into FILE.", "将结果以 JUnit XML 格式写入文件。"),
)
@click.option(
    "--baseline",
    "baselines",
    multiple=True,
    metavar=say("FILE|DIR|NPZ", "文件|文件夹|NPZ"),
    help=say(
        "How the voice of all recordings usually sounds, as in predict. May be given again.",
        "所有录音的说话人平常的声音，用法同 predict。可多次指定。",
    ),
)
@head_option
@channel_option
@model_option
def expecting(
    files: tuple[str, ...],
    wanted: _Wanted,
    enough: float | None,
    junit_path: Path | None,
    baselines: tuple[str, ...],
    head: str | None,
    channel: int | None,
    model: str,
) -> None:
    """Checks recordings; one that cannot be heard is an error and does not stop the others."""
    recognizer = open_model(model)
    when = datetime.now()
    try:
        asked = one_head(recognizer, head)
        lines = wanted.lines(files, asked)
        usual, unusable = read_baseline(recognizer, baselines, channel)
        if usual is not None:
            print_baseline(", ".join(baselines), usual, asked)
        single = recognizer.for_many() if len(lines) > 1 else recognizer
        judged = list(_judged(_Ears(single, asked, usual, channel), lines))
        if junit_path is not None:
            print_saved(save_text(junit(judged, LANGUAGE, when, properties=_origin(recognizer, asked)), junit_path))
    except EmotoneError as error:
        fail(error)
    _print_rates(judged)
    if unusable or not _content(judged, enough):
        raise SystemExit(1)


@dataclass(frozen=True, slots=True)
class _Ears:
    """Who listens, and how."""

    recognizer: Recognizer
    head: Head
    baseline: Baseline | None
    channel: int | None

    def hear(self, file: str) -> Prediction | Failure:
        try:
            heard = self.recognizer.listen(file, heads=[self.head], channel=self.channel)
            return heard.predict(head=self.head, baseline=self.baseline)
        except EmotoneError as error:
            return Failure(file, error)


def _judged(ears: _Ears, lines: Sequence[Line]) -> Iterator[_Judged]:
    """Every line with its verdict, printed as soon as it is there."""
    heard = each_file([line.file for line in lines], ears.hear)
    for line, (_, said) in zip(lines, heard, strict=True):
        found = judge(said, line.expectation) if isinstance(said, Prediction) else said
        assert found is not None  # failures are results here
        _print_line(line, found)
        yield line, found


def _print_line(line: Line, found: Verdict | Failure) -> None:
    if isinstance(found, Failure):
        word, text = _ERROR, found.error.text.to(LANGUAGE)
    else:
        word, text = _WORDS[found.outcome], found.text(LANGUAGE)
    OUT.print(f"{word} {escape(line.file)}: {escape(text)}", soft_wrap=True)
    if isinstance(found, Verdict):  # no doubt is silent, grave or not
        print_doubts(line.file, [reason for reason in found.heard.doubts if reason is not found.heard.withheld])


def _origin(recognizer: Recognizer, head: Head) -> dict[str, str]:
    info = recognizer.info
    named = {"head": head.name} if head.name else {}
    return {"model": f"{info.name} {info.revision}", "model_sha256": info.sha256, **named}


def _content(judged: Sequence[_Judged], wanted: float | None) -> bool:
    """Whether everything was heard, and enough of it passed."""
    total = _rate(judged)
    heard_all = all(isinstance(found, Verdict) for _, found in judged)
    return heard_all and total is not None and total.reaches(1.0 if wanted is None else wanted)


def _rate(judged: Sequence[_Judged]) -> Rate | None:
    return rate(found.passed for _, found in judged if isinstance(found, Verdict))


def _print_rates(judged: Sequence[_Judged]) -> None:
    """How many passed: of all, and of each folder and each emotion where there are several."""
    table = new_table("", say("passed", "通过"), say("rate", "通过率"), say("95% interval", "95% 区间"))
    folders = sorted({line.folder for line, _ in judged})
    labels = sorted({line.expectation.label for line, _ in judged})
    groups = [(say("all", "全部"), list(judged))]
    if len(labels) > 1:
        groups += [(shown(label), [one for one in judged if one[0].expectation.label == label]) for label in labels]
    if len(folders) > 1:
        groups += [(folder, [one for one in judged if one[0].folder == folder]) for folder in folders]
    for name, members in groups:
        if (found := _rate(members)) is not None:
            low, high = found.interval
            counts = f"{found.passed} / {found.judged}"
            table.add_row(escape(name), counts, f"{found.share:.0%}", f"{low:.0%} – {high:.0%}")
    if table.row_count:
        OUT.print()
        OUT.print(table)
