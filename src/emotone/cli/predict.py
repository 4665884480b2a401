"""`emotone predict`: the emotion of each file."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click
from rich.markup import escape

from ..audio import Recording, open_recording
from ..outputs import save_result
from ..recognizer import Recognizer
from ..types import Prediction, Timeline, utterance_of
from ..writers import Record, record, to_csv, to_json, to_jsonl
from .console import ERR, OPTIONS, OUT, colored, each_file, new_table, open_model, print_doubts, say, shown, write
from .options import channel_option, files_argument, granularity_option, model_option

_Answer = tuple[Prediction | Timeline, datetime]


@click.command(
    options_metavar=OPTIONS,
    help=say(
        "Say which emotion is expressed in each file.\n\nThe file '-' is standard input.",
        "识别每个文件所表达的情绪。\n\n文件“-”表示标准输入。",
    ),
    epilog=say(
        "Example: emotone predict *.wav --format jsonl > results.jsonl",
        "示例：emotone predict *.wav --format jsonl > results.jsonl",
    ),
)
@files_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help=say("Save each result in a new folder below DIR.", "将每个结果保存到 DIR 下的新文件夹。"),
)
@granularity_option
@click.option(
    "--embedding", is_flag=True, help=say("Save embedding.npy too; needs -o.", "同时保存 embedding.npy，需配合 -o。")
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "jsonl", "csv"]),
    default="table",
    show_default=True,
    help=say("Format on standard output.", "标准输出的格式。"),
)
@channel_option
@model_option
def predict(
    files: tuple[str, ...],
    output: Path | None,
    granularity: str,
    embedding: bool,
    format_: str,
    channel: int | None,
    model: str,
) -> None:
    """Analyses files; a bad file is reported and does not stop the others."""
    if embedding and output is None:
        raise click.UsageError(say("--embedding needs -o DIR.", "--embedding 需要配合 -o DIR 使用。"))
    recognizer = open_model(model, len(files))

    def work(file: str) -> _Answer:
        recording = open_recording(file, channel=channel)
        result = recognizer.timeline(recording) if granularity == "frame" else recognizer.predict(recording)
        when = datetime.now()
        if output is not None:
            _save(recognizer, recording, result, output, embedding, when)
        return result, when

    failures = 0

    def answers() -> Iterator[tuple[str, _Answer]]:
        nonlocal failures
        for file, answer in each_file(files, work):
            if answer is None:
                failures += 1
            else:
                yield file, answer

    _print(answers(), format_, single=len(files) == 1)
    if failures:
        raise SystemExit(1)


def _save(
    recognizer: Recognizer,
    recording: Recording,
    result: Prediction | Timeline,
    root: Path,
    embedding: bool,
    when: datetime,
) -> None:
    vectors = None
    if embedding:
        vectors = result.embedding if isinstance(result, Prediction) else recognizer.embed_frames(recording)
    folder = save_result(result, recording.blocks(), root, embedding=vectors, when=when)
    ERR.print(f"{say('saved', '已保存')}: {folder.path}", markup=False)


def _print(answers: Iterator[tuple[str, _Answer]], format_: str, single: bool) -> None:
    if format_ == "jsonl":
        for file, answer in answers:
            write(to_jsonl(_record(file, answer)))
    elif format_ == "json":
        records = [_record(file, answer) for file, answer in answers]
        if records or not single:
            write(to_json(records[0] if single else records))
    elif format_ == "csv":
        write(to_csv(_row(file, answer) for file, answer in answers))
    else:
        _print_table(list(answers))


def _record(file: str, answer: _Answer) -> Record:
    return {"file": file, **record(*answer)}


def _row(file: str, answer: _Answer) -> Record:
    fields = record(*answer)
    return {
        "file": file,
        "emotion": fields["emotion"],
        "confidence": fields["confidence"],
        "duration": fields["duration"],
        "doubts": " ".join(reason["code"] for reason in fields["doubts"]),
        **fields["scores"],
    }


def _print_table(answers: list[tuple[str, _Answer]]) -> None:
    calibrated = any(utterance_of(result).label_set for _, (result, _) in answers)
    table = new_table(
        say("file", "文件"),
        say("emotion", "情绪"),
        say("confidence", "置信度"),
        say("runner-up", "次选"),
        say("duration", "时长"),
        *([say("comes into question", "可能的情绪")] if calibrated else []),
    )
    for file, (result, _) in answers:
        heard = utterance_of(result)
        table.add_row(
            escape(file),
            colored(heard.label),
            f"{heard.confidence:.0%}",
            f"{escape(shown(heard.runner_up))} {heard.scores[heard.runner_up]:.0%}",
            f"{heard.duration:.1f} s",
            *([escape(say(" or ", "或").join(map(shown, heard.label_set or ())))] if calibrated else []),
        )
        print_doubts(file, heard.doubts)
    if answers:
        OUT.print(table)
