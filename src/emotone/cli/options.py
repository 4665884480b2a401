"""Options that several commands have."""

import click

from ..heads import Head
from ..interview import read_heads
from ..models import DEFAULT_MODEL
from ..recognizer import Recognizer
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
head_option = click.option(
    "--head",
    metavar=say("FILE", "文件"),
    help=say(
        "Ask a trained head (head.json) instead of the model's own.",
        "使用训练所得的分类头（head.json）代替模型自带的。",
    ),
)


def one_head(recognizer: Recognizer, path: str | None) -> Head:
    """The head in a file, or the model's own.

    Raises:
        ModelError: When it cannot be read, or was made for another model.
    """
    (head,) = read_heads(recognizer, [path] if path else ()).values()
    return head
