"""`emotone doctor`: what is here, and what is wrong."""

from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from ..doctor import Examination, Finding, Place, examine
from ..writers import to_json
from .console import ERR, LANGUAGE, OPTIONS, OUT, new_table, say, write
from .options import format_option

_MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "wrong": "[bold red]✗[/]"}


@click.command(
    options_metavar=OPTIONS,
    help=say(
        "Look at everything that Emotone needs, and say what is wrong and what to do. Ends with 1 when something is wrong.",
        "检查情声所需的一切，指出问题与解决办法。存在问题时以 1 退出。",
    ),
    epilog=say("Example: emotone doctor --format json", "示例：emotone doctor --format json"),
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("outputs"),
    show_default=True,
    metavar="DIR",
    help=say("Folder for results of the server.", "服务器保存结果的文件夹。"),
)
@click.option("--host", default="127.0.0.1", show_default=True, help=say("Address of the server.", "服务器监听地址。"))
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=7860,
    show_default=True,
    help=say("Port of the server.", "服务器端口。"),
)
@format_option
def doctor(output: Path, host: str, port: int, format_: str) -> None:
    """Prints what was found."""
    with ERR.status(say("Looking…", "正在检查…")):
        found = examine(Place(output, host, port))
    if format_ == "json":
        write(to_json(_record(found)))
    else:
        _print_table(found)
    if not found.good:
        raise SystemExit(1)


def _print_table(found: Examination) -> None:
    table = new_table("", say("what", "项目"), say("found", "结果"))
    table.columns[2].no_wrap = False
    for finding in found.findings:
        table.add_row(_MARKS[finding.state], escape(finding.title.to(LANGUAGE)), escape(finding.text.to(LANGUAGE)))
        if finding.advice and finding.state != "ok":
            table.add_row("", "", f"→ {escape(finding.advice.to(LANGUAGE))}")
    OUT.print(table)
    wrong = sum(finding.state == "wrong" for finding in found.findings)
    ERR.print(say(f"{wrong} wrong", f"{wrong} 项有误") if wrong else say("Nothing is wrong.", "一切正常。"))


def _record(found: Examination) -> dict[str, Any]:
    return {"good": found.good, "findings": [_fields(finding) for finding in found.findings]}


def _fields(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "state": finding.state,
        "text": finding.text.en,
        "advice": finding.advice.en if finding.advice else None,
        "facts": finding.facts,
    }
