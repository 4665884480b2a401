"""Options and arguments that several commands have."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import click

from ..heads import Head
from ..interview import read_heads
from ..models import DEFAULT_MODEL
from ..recognizer import Recognizer
from .console import say

_Option: TypeAlias = Callable[[Callable[..., None]], Callable[..., None]]

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
format_option = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help=say("Format on standard output.", "标准输出的格式。"),
)
files_argument = click.argument("files", nargs=-1, required=True, metavar=say("FILES…", "文件…"))
inputs_argument = click.argument("inputs", nargs=-1, required=True, metavar=say("INPUTS…", "输入…"))
manifest_argument = click.argument("manifest", type=click.Path(path_type=Path), metavar=say("MANIFEST", "清单"))
head_option = click.option(
    "--head",
    metavar=say("FILE", "文件"),
    help=say(
        "Ask a trained head (head.json) instead of the model's own.",
        "使用训练所得的分类头（head.json）代替模型自带的。",
    ),
)


def heads_option(help_text: str) -> _Option:
    """`--head`, which the command gets as `heads`: files, or OWN_HEAD for the model's own."""
    return click.option("--head", "heads", multiple=True, metavar=say("FILE|emotions", "文件|emotions"), help=help_text)


def output_file(help_text: str, *, required: bool = True) -> _Option:
    """`-o FILE`, which the command gets as `output`."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        required=required,
        metavar=say("FILE", "文件"),
        help=help_text,
    )


def output_folder(help_text: str, *, required: bool = True) -> _Option:
    """`-o DIR`, which the command gets as `output`."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, file_okay=False),
        required=required,
        metavar="DIR",
        help=help_text,
    )


def wrong_ending(output: Path, *wanted: str) -> click.UsageError:
    """The error for a file whose name ends otherwise."""
    endings = say(" or ", " 或 ").join(wanted)
    return click.UsageError(
        say(
            f"-o takes a file that ends in {endings}; found '{output}'.",
            f"-o 的文件扩展名应为 {endings}；收到“{output}”。",
        )
    )


def one_head(recognizer: Recognizer, path: str | None) -> Head:
    """The head in a file, or the model's own.

    Raises:
        ModelError: When it cannot be read, or was made for another model.
    """
    (head,) = read_heads(recognizer, [path] if path else ()).values()
    return head
