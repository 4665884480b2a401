"""`emotone timeline`: emotion over time in one file."""

from datetime import datetime

import click

from ..errors import EmotoneError
from ..labels import EMOTIONS
from ..types import Timeline, TimelineOptions
from ..writers import record, segment_rows, to_csv, to_json, to_srt
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
@channel_option
@model_option
def timeline(file: str, window: float, hop: float, format_: str, channel: int | None, model: str) -> None:
    """Analyses one file."""
    recognizer = open_model(model)
    try:
        with ERR.status(say("Listening…", "正在分析…")):
            heard = recognizer.timeline(file, TimelineOptions(window, hop), channel=channel)
    except EmotoneError as error:
        fail(error)
    if format_ == "json":
        write(to_json({"file": file, **record(heard, datetime.now())}))
    elif format_ == "csv":
        write(to_csv(segment_rows(heard.windows)))
    elif format_ == "srt":
        write(to_srt(heard.segments, {emotion.label: emotion.name.to(LANGUAGE) for emotion in EMOTIONS}))
    else:
        _print_table(heard)


def _print_table(heard: Timeline) -> None:
    table = new_table(say("start", "开始"), say("end", "结束"), say("emotion", "情绪"), say("confidence", "置信度"))
    for segment in heard.segments:
        table.add_row(f"{segment.start:.2f}", f"{segment.end:.2f}", colored(segment.label), f"{segment.confidence:.0%}")
    OUT.print(table)
    print_doubts(heard.utterance.source.name, heard.utterance.doubts)
