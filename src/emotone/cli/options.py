"""Options that several commands have."""

import click

from ..models import DEFAULT_MODEL
from .console import say

model_option = click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    metavar="NAME|PATH",
    help=say("Model name, or path of an ONNX file.", "模型名称或 ONNX 文件路径。"),
)
channel_option = click.option(
    "--channel",
    type=click.IntRange(min=0),
    default=None,
    metavar="N",
    help=say(
        "Listen to one channel, counted from 0. Default: the mean of all.",
        "只分析一个声道，从 0 开始计数。默认取各声道平均。",
    ),
)
granularity_option = click.option(
    "--granularity",
    type=click.Choice(["utterance", "frame"]),
    default="utterance",
    show_default=True,
    help=say("One result, or emotion over time.", "整段一个结果，或随时间变化。"),
)
files_argument = click.argument("files", nargs=-1, required=True, metavar=say("FILES…", "文件…"))
