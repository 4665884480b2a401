"""`emotone timeline`: emotion over time in one file."""

from collections.abc import Sequence

import click
from rich.markup import escape

from ..audio import open_recording
from ..errors import EmotoneError
from ..interview import Answer
from ..labels import EMOTIONS
from ..types import Segment, Timeline, TimelineOptions
from ..writers import segment_rows, to_csv, to_json, to_srt
from .asking import Asked, asking_options, baseline_of, interview_of, print_baseline
from .console import ERR, LANGUAGE, OPTIONS, OUT, colored, fail, new_table, open_model, print_doubts, say, write
from .options import channel_option, model_option

_DEFAULTS = TimelineOptions()


@click.command(
    options_metavar=OPTIONS,
    help=say("Show how the expressed emotion changes over time.", "显示所表达的情绪如何随时间变化。"),
    epilog=say(
        "Example: emotone timeline talk.mp3 --format srt > talk.srt",
        "示例：emotone timeline talk.mp3 --format srt > talk.srt",
    ),
)
@click.argument("file", metavar=say("FILE", "文件"))
@click.option(
    "--window",
    type=float,
    default=_DEFAULTS.window,
    show_default=True,
    metavar=say("SECONDS", "秒"),
    help=say("Length that each row of scores looks at.", "每行得分所覆盖的时长。"),
)
@click.option(
    "--hop",
    type=float,
    default=_DEFAULTS.hop,
    show_default=True,
    metavar=say("SECONDS", "秒"),
    help=say("Time from one row to the next.", "相邻两行的时间间隔。"),
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "csv", "srt"]),
    default="table",
    show_default=True,
    help=say(
        "table, srt: segments; csv: every window; json: both.", "table、srt 输出片段；csv 输出每个窗口；json 两者都有。"
    ),
)
@asking_options
@channel_option
@model_option
def timeline(file: str, window: float, hop: float, format_: str, asked: Asked, channel: int | None, model: str) -> None:
    """Analyses one file."""
    recognizer = open_model(model)
    interview = interview_of(recognizer, asked, TimelineOptions(window, hop))
    try:
        baseline, failures = baseline_of(recognizer, asked, channel)
        with ERR.status(say("Listening…", "正在分析…")):
            heard = interview.listen(open_recording(file, channel=channel))
            if asked.auto and heard.regions:
                baseline = heard.baseline()
            answer = interview.answer(heard, baseline)
    except EmotoneError as error:
        fail(error)
    if baseline is not None:
        print_baseline(file if asked.auto else ", ".join(asked.baselines), baseline, interview.head)
    _print(file, answer, format_)
    if failures:
        raise SystemExit(1)


def _print(file: str, answer: Answer, format_: str) -> None:
    heard = answer.result
    assert isinstance(heard, Timeline)
    if format_ == "json":
        write(to_json({"file": file, **answer.record}))
    elif format_ == "csv":
        write(to_csv(segment_rows(heard.windows)))
    elif format_ == "srt":
        write(to_srt(heard.segments, {emotion.label: emotion.name.to(LANGUAGE) for emotion in EMOTIONS}))
    else:
        _print_tables(answer)


def _print_tables(answer: Answer) -> None:
    heard = answer.result
    assert isinstance(heard, Timeline)
    _print_segments(heard.segments)
    if heard.absolute is not None:
        OUT.print(f"\n[bold]{say('without the baseline', '不与基线比较')}[/]")
        _print_segments(heard.absolute.segments)
    for name, other in answer.others.items():
        if isinstance(other, Timeline):
            OUT.print(f"\n[bold]{escape(name)}[/]")
            _print_segments(other.segments)
    doubts = [reason for reason in heard.utterance.doubts if not reason.code.startswith("baseline_")]
    print_doubts(heard.utterance.source.name, doubts)


def _print_segments(segments: Sequence[Segment]) -> None:
    table = new_table(say("start", "开始"), say("end", "结束"), say("emotion", "情绪"), say("confidence", "置信度"))
    for segment in segments:
        table.add_row(f"{segment.start:.2f}", f"{segment.end:.2f}", colored(segment.label), f"{segment.confidence:.0%}")
    OUT.print(table)
