"""What commands that give results share: in which format, and where to."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from ..errors import EmotoneError
from ..outputs import save_bytes
from ..writers import FORMATS, Entry, Format, Granularity, format_of_file
from .console import LANGUAGE, fail, say
from .reports import print_saved

_TABLE = "table"

export_format_option = click.option(
    "--format",
    "format_",
    type=click.Choice([_TABLE, *FORMATS]),
    default=None,
    help=say(
        "table (for reading, the default), or a format that other programs open.",
        "table（便于阅读，默认），或其他程序可打开的格式。",
    ),
)


def chosen_format(
    name: str | None, output: Path | None, *, recordings: int = 1, granularity: Granularity = "frame"
) -> Format | None:
    """The format that was asked for, or the end of the process when it does not fit; `None` is a table to read.

    Args:
        name: What `--format` says; `None` when it was not given.
        output: The file to write; `None` is standard output.
        recordings: How many there are.
        granularity: Of their results.
    """
    if name == _TABLE and output is not None:
        raise click.UsageError(say("A table is not written to a file.", "表格不能写入文件。"))
    try:
        form = FORMATS.get(name or "") or (format_of_file(output.name) if output is not None else None)
        if form is not None:
            form.check(recordings, granularity)
    except EmotoneError as error:
        fail(error)
    if form is not None and form.binary and output is None and sys.stdout.isatty():
        raise click.UsageError(
            say(
                f"The format '{form.name}' is not text to read. Write it to a file: … > result{form.ending}",
                f"“{form.name}”格式不是可阅读的文本。请写入文件：… > result{form.ending}",
            )
        )
    return form


def export(form: Format, entries: Sequence[Entry], output: Path | None = None) -> None:
    """Writes entries to a file, whole or not at all, or to standard output; or ends the process."""
    try:
        data = form.write(entries, LANGUAGE)
        if output is not None:
            print_saved(save_bytes(data, output))
            return
    except EmotoneError as error:
        fail(error)
    click.echo(data, nl=False)
