"""`emotone compare`: how two recordings differ."""

from collections.abc import Callable
from pathlib import Path

import click
from rich.markup import escape

from ..errors import EmotoneError
from ..outputs import save_text
from ..recognizer import Recognizer
from ..resemblance import Resemblance, resemblance, resemblance_page, resemblance_picture, resemblance_record
from ..resemblance.texts import alike, points
from ..text import Language
from ..types import Baseline
from ..writers import to_json
from .asking import print_baseline, read_baseline
from .console import LANGUAGE, OPTIONS, OUT, colored, fail, new_table, open_model, print_doubts, say, write
from .options import format_option, head_option, model_option, one_head, output_file, wrong_ending
from .reports import print_saved

_PAGES: dict[str, Callable[[Resemblance, Language], str]] = {".html": resemblance_page, ".svg": resemblance_picture}


def _baseline_option(side: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        f"--baseline-{side.lower()}",
        multiple=True,
        metavar=say("FILE|DIR|NPZ", "文件|文件夹|NPZ"),
        help=say(
            f"How the voice of {side} usually sounds, as --baseline of predict. May be given again.",
            f"{side} 的说话人平常的声音，用法同 predict 的 --baseline。可多次指定。",
        ),
    )


@click.command(
    options_metavar=OPTIONS,
    help=say(
        "Compare two recordings: how alike they sound, which scores differ, and how their emotions go over time.\n\nThey may "
        "differ in length, language and speaker.",
        "比较两个录音：相似程度、各情绪得分之差，以及情绪随时间的变化。\n\n两者的长度、语言和说话人可以不同。",
    ),
    epilog=say(
        "Example: emotone compare reference.wav dubbed.wav -o comparison.html",
        "示例：emotone compare reference.wav dubbed.wav -o comparison.html",
    ),
)
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@output_file(
    say("Write a page (.html) or only the curves (.svg) into FILE.", "将网页（.html）或仅曲线图（.svg）写入文件。"),
    required=False,
)
@format_option
@_baseline_option("A")
@_baseline_option("B")
@head_option
@model_option
def compare(
    one: str,
    other: str,
    output: Path | None,
    format_: str,
    baseline_a: tuple[str, ...],
    baseline_b: tuple[str, ...],
    head: str | None,
    model: str,
) -> None:
    """Compares two recordings."""
    drawn = _page_of(output)
    recognizer = open_model(model)
    try:
        asked = one_head(recognizer, head)
        baselines, failures = _baselines(recognizer, (baseline_a, baseline_b))
        first, second = (recognizer.listen(file, heads=[asked]) for file in (one, other))
        usual = recognizer.head.familiarity or asked.familiarity
        found = resemblance(first, second, asked, usual=usual, baselines=baselines)
        for given, baseline in zip((baseline_a, baseline_b), baselines, strict=True):
            if baseline is not None:
                print_baseline(", ".join(given), baseline, asked)
        if output is not None and drawn is not None:
            print_saved(save_text(drawn(found, LANGUAGE), output))
    except EmotoneError as error:
        fail(error)
    if format_ == "json":
        write(to_json(resemblance_record(found)))
    else:
        _print(found, (one, other))
    if failures:
        raise SystemExit(1)


def _page_of(output: Path | None) -> Callable[[Resemblance, Language], str] | None:
    if output is None:
        return None
    found = _PAGES.get(output.suffix.lower())
    if found is None:
        raise wrong_ending(output, *_PAGES)
    return found


def _baselines(
    recognizer: Recognizer, given: tuple[tuple[str, ...], tuple[str, ...]]
) -> tuple[tuple[Baseline | None, Baseline | None], int]:
    """Those of both voices, and how many recordings could not be used."""
    (first, bad), (second, worse) = (read_baseline(recognizer, names, None) for names in given)
    return (first, second), bad + worse


def _print(found: Resemblance, names: tuple[str, str]) -> None:
    for side, name, said in zip("AB", names, (found.one, found.other), strict=True):
        OUT.print(f"{side}: {escape(name)}, {said.duration:.1f} s: {colored(said.label)} {said.confidence:.0%}")
        print_doubts(name, said.doubts)
    OUT.print(f"{say('similarity', '相似度')}: {alike(found, LANGUAGE)}", markup=False)
    common = 1 - found.course.distance
    OUT.print(
        say(
            f"over time: {common:.0%} of the scores in common when aligned",
            f"随时间变化：对齐后有 {common:.0%} 的得分相同",
        )
        + "\n",
        markup=False,
    )
    table = new_table(say("emotion", "情绪"), "A", "B", "B − A")
    for label in sorted(found.head.labels, key=lambda label: -abs(found.differences[label])):
        if label not in found.head.masked:
            scores = (f"{said.scores[label]:.0%}" for said in (found.one, found.other))
            table.add_row(colored(label), *scores, points(found.differences[label]))
    OUT.print(table)
