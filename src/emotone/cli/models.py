"""`emotone models`: which models there are, and where."""

import click

from ..errors import EmotoneError
from ..models import DEFAULT_MODEL, find_model, model_names
from ..writers import to_json
from .console import COMMAND, OPTIONS, OUT, fail, new_table, open_model, say, write


@click.group(
    options_metavar=OPTIONS,
    subcommand_metavar=COMMAND,
    help=say("Look at the models that are there.", "查看现有模型。"),
)
def models() -> None:
    """The group of model commands."""


@models.command("list", options_metavar=OPTIONS, help=say("List the models.", "列出模型。"))
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help=say("Format on standard output.", "标准输出的格式。"),
)
def list_models(format_: str) -> None:
    """Lists the models that can be loaded now."""
    infos = [open_model(name).info for name in model_names()]
    if format_ == "json":
        rows = [
            {
                "name": info.name,
                "revision": info.revision,
                "sha256": info.sha256,
                "labels": list(info.labels),
                "dim": info.dim,
                "frame_rate": info.frame_rate,
                "licence": info.licence,
            }
            for info in infos
        ]
        write(to_json(rows))
        return
    table = new_table(
        say("name", "名称"),
        say("revision", "版本"),
        say("labels", "标签数"),
        say("dim", "维度"),
        say("licence", "许可"),
    )
    for info in infos:
        table.add_row(info.name, info.revision, str(len(info.labels)), str(info.dim), info.licence)
    OUT.print(table)


@models.command("path", options_metavar=OPTIONS, help=say("Print where a model's file is.", "输出模型文件的位置。"))
@click.argument("name", default=DEFAULT_MODEL)
def path(name: str) -> None:
    """Prints a path."""
    try:
        write(f"{find_model(name)}\n")
    except EmotoneError as error:
        fail(error)
