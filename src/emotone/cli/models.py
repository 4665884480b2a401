"""`emotone models`: which models there are, where they are, and whether they are what they should be."""

from typing import Any

import click
from rich.filesize import decimal

from ..errors import EmotoneError, ModelError
from ..hub import remove, verify
from ..models import DEFAULT_MODEL, HUB_TITLES, KNOWN_MODELS, KnownModel, find_model, pulled_model
from ..writers import to_json
from .console import COMMAND, ERR, LANGUAGE, OPTIONS, OUT, fail, new_table, open_model, say, write
from .options import format_option
from .pull import convert, pull

_STATES = {
    "bundled": say("bundled", "内置"),
    "ready": say("ready", "已就绪"),
    "missing": say("not here yet", "尚未获取"),
    "damaged": say("damaged", "已损坏"),
}
_NAME = say("NAME", "名称")


@click.group(
    options_metavar=OPTIONS,
    subcommand_metavar=COMMAND,
    help=say("List, fetch, check and remove models.", "列出、获取、校验与移除模型。"),
    epilog=say(
        "Example: emotone models pull emotion2vec-plus-large", "示例：emotone models pull emotion2vec-plus-large"
    ),
)
def models() -> None:
    """The group of model commands."""


models.add_command(pull)
models.add_command(convert)


@models.command(
    "list",
    options_metavar=OPTIONS,
    help=say("List the models: those that are here, and those that can be fetched.", "列出现有模型与可获取的模型。"),
)
@format_option
def list_models(format_: str) -> None:
    """Lists models without loading those that were pulled."""
    rows = [_bundled_row(), *map(_known_row, KNOWN_MODELS)]
    if format_ == "json":
        write(to_json(rows))
        return
    table = new_table(say("name", "名称"), say("state", "状态"), say("size", "大小"), say("licence", "许可"))
    for row in rows:
        state = " ".join(filter(None, (_STATES[row["state"]], row["precision"])))
        licence = " / ".join(hub["licence"] for hub in row["hubs"]) or row["licence"]
        table.add_row(row["name"], state, _size(row), licence)
    OUT.print(table)
    hubs = " / ".join(HUB_TITLES.values())
    ERR.print(say(f"Two licences: as {hubs} state them", f"两项许可：分别为 {hubs} 的说明"), markup=False)
    ERR.print(say("Fetch a model: emotone models pull NAME", "获取模型：emotone models pull 名称"), markup=False)


def _bundled_row() -> dict[str, Any]:
    info, path = open_model(DEFAULT_MODEL).info, find_model(DEFAULT_MODEL)
    return {
        "name": info.name,
        "state": "bundled",
        "path": str(path),
        "size": path.stat().st_size,
        "download_size": 0,
        "precision": None,
        "revision": info.revision,
        "sha256": info.sha256,
        "dim": info.dim,
        "licence": info.licence,
        "hubs": [],
    }


def _known_row(known: KnownModel) -> dict[str, Any]:
    pulled, state = None, "missing"
    try:
        if pulled := pulled_model(known.name):
            state = "ready"
    except ModelError:
        state = "damaged"
    record = pulled.record if pulled else None
    return {
        "name": known.name,
        "state": state,
        "path": str(pulled.path) if pulled else None,
        "size": record.size if record else None,
        "download_size": known.download_size,
        "precision": record.precision if record else None,
        "revision": record.revision if record else None,
        "sha256": record.sha256 if record else None,
        "dim": known.dim,
        "licence": known.licence,
        "hubs": [
            {"hub": place.hub, "id": place.repo, "revision": place.revision, "licence": place.licence}
            for place in known.places
        ],
    }


def _size(row: dict[str, Any]) -> str:
    if row["size"] is not None:
        return decimal(row["size"])
    known = next(known for known in KNOWN_MODELS if known.name == row["name"])
    return f"{'' if known.exact else '≈ '}{decimal(known.download_size)} ↓"


@models.command("path", options_metavar=OPTIONS, help=say("Print where a model's file is.", "输出模型文件的位置。"))
@click.argument("name", default=DEFAULT_MODEL, metavar=f"[{_NAME}]")
def path(name: str) -> None:
    """Prints a path."""
    try:
        write(f"{find_model(name)}\n")
    except EmotoneError as error:
        fail(error)


@models.command(
    "verify",
    options_metavar=OPTIONS,
    help=say(
        "Check a model: hashes, labels, scores.\n\nThe findings go to standard error. What the model says about its own example "
        "clip goes to standard output, as one line in the form that FunASR prints.",
        "校验模型：哈希、标签与得分。\n\n各项结果写到标准错误；"
        "模型对自带示例音频的结果以 FunASR 的输出格式写到标准输出，占一行。",
    ),
    epilog=say(
        "Example: emotone models verify emotion2vec-plus-large", "示例：emotone models verify emotion2vec-plus-large"
    ),
)
@click.argument("name", default=DEFAULT_MODEL, metavar=f"[{_NAME}]")
def verify_model(name: str) -> None:
    """Prints what was found; ends with 1 when something is not as it should be."""
    try:
        with ERR.status(say("Checking…", "正在校验…")):
            found = verify(name)
    except EmotoneError as error:
        fail(error)
    for finding in found.findings:
        mark = "[green]✓[/]" if finding.good else "[bold red]✗[/]"
        ERR.print(mark, end=" ")
        ERR.print(finding.text.to(LANGUAGE), markup=False)
    write(f"{found.truth}\n")
    if not found.good:
        raise SystemExit(1)


@models.command(
    "remove",
    options_metavar=OPTIONS,
    help=say("Delete a fetched model, and whatever was fetched of it.", "删除已获取的模型及其下载内容。"),
)
@click.argument("name", metavar=_NAME)
def remove_model(name: str) -> None:
    """Deletes a model; that none is there is no error."""
    try:
        freed = remove(name)
    except EmotoneError as error:
        fail(error)
    if freed:
        ERR.print(say(f"Removed {name}: {decimal(freed)} freed", f"已移除 {name}，释放 {decimal(freed)}"), markup=False)
    else:
        ERR.print(say(f"{name} is not here: nothing to remove", f"{name} 不在本机，无需移除"), markup=False)
