"""What commands share: the language, messages on stderr, progress, reading one file after another."""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NoReturn, Protocol, TypeVar

import click
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress
from rich.segment import Segment
from rich.table import Table

from ..engine import usable_cores
from ..errors import (
    AudioError,
    CheckpointError,
    DownloadError,
    EmotoneError,
    ManifestError,
    OutputError,
    StoreError,
    TurnsError,
)
from ..labels import emotion_of
from ..recognizer import Recognizer, load_model
from ..recording import Recording
from ..text import Text, clock_time, system_language
from ..types import Progress, Reason

LANGUAGE = system_language()
OUT = Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 1000)  # piped tables never wrap
ERR = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)

_NOT_THE_COMMAND = (AudioError, CheckpointError, DownloadError, ManifestError, OutputError, StoreError, TurnsError)
_Result = TypeVar("_Result")


def say(en: str, zh: str) -> str:
    """The text in the language of this process."""
    return Text(en, zh).to(LANGUAGE)


OPTIONS, COMMAND = say("[OPTIONS]", "[选项]"), say("COMMAND …", "命令 …")  # in usage lines


def shown(label: str) -> str:
    """A label for people: emoji and display name."""
    emotion = emotion_of(label)
    return f"{emotion.emoji} {emotion.name.to(LANGUAGE)}"


def colored(label: str) -> str:
    """`shown` in the emotion's colour, as rich markup."""
    return f"[{emotion_of(label).color}]{escape(shown(label))}[/]"


def print_error(error: EmotoneError) -> None:
    """One sentence on stderr."""
    # In one piece: a progress bar may stand in the line.
    ERR.print(f"[bold red]{say('error', '错误')}:[/] {escape(error.text.to(LANGUAGE))}")


def print_warning(text: str) -> None:
    """Something grave on stderr, beside a result."""
    ERR.print(f"[bold yellow]{say('warning', '警告')}:[/] {escape(text)}")


def fail(error: EmotoneError) -> NoReturn:
    """Ends the process with one sentence: code 1 when an input, a hub or a disk was at fault, 2 when the command was."""
    print_error(error)
    raise SystemExit(1 if isinstance(error, _NOT_THE_COMMAND) else 2) from error


class _Table(Table):
    """A table whose lines end where their text does: files and mails are no place for padding."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        segments = (one for one in super().__rich_console__(console, options) if isinstance(one, Segment))
        for line in Segment.split_lines(segments):
            while line and not line[-1].text.strip():
                line.pop()
            if line:
                last = line.pop()
                line.append(Segment(last.text.rstrip(), last.style))
            yield from line
            yield Segment.line()


def new_table(*titles: str) -> Table:
    """A table without lines, to be filled and printed."""
    table = _Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, no_wrap=True)
    return table


def open_model(name_or_path: str, files: int = 1) -> Recognizer:
    """The model for so many files, or the end of the process."""
    try:
        return load_model(name_or_path, threads=0 if files == 1 else 1)
    except EmotoneError as error:
        fail(error)


class Advance(Protocol):
    """Is to be called, from any thread, after a step or some of them."""

    def __call__(self, count: int = 1) -> None:
        """Counts the steps."""


@contextmanager
def progress_bar(title: str, total: int | None, *, shown: bool = True) -> Iterator[Advance]:
    """A bar on a terminal of so many steps; only their count when nobody knows how many there will be."""
    counted = (
        (TextColumn("{task.completed:,}"), TimeElapsedColumn())
        if total is None
        else (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    )
    columns = (SpinnerColumn(), TextColumn("{task.description}"), *counted)
    with RichProgress(*columns, console=ERR, transient=True, disable=not (shown and ERR.is_terminal)) as progress:
        task = progress.add_task(title, total=total)
        yield lambda count=1: progress.advance(task, count)


@contextmanager
def hearing_bar(recording: Recording, *, shown: bool = True) -> Iterator[Progress | None]:
    """A bar on a terminal that counts the seconds of one recording; what is given is for `Recognizer.listen`."""
    if not (shown and ERR.is_terminal):
        yield None
        return
    duration = recording.format.duration
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[heard]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    of = "" if duration is None else f" / {clock_time(duration)}"
    with RichProgress(*columns, console=ERR, transient=True) as progress:
        task = progress.add_task(say("Listening", "正在分析"), total=duration, heard="")
        yield lambda seconds: progress.update(task, completed=seconds, heard=f"{clock_time(seconds)}{of}")


def each_file(
    files: Sequence[str], work: Callable[[str], _Result], *, shown: bool = True
) -> Iterator[tuple[str, _Result | None]]:
    """Each file in order with the result of `work`, or with `None` after its error went to stderr.

    Several files are worked on side by side. A progress bar shows on a terminal, unless `work` has its own.
    """
    with progress_bar(say("Listening", "正在分析"), len(files), shown=shown) as advance:

        def attempt(file: str) -> _Result | EmotoneError:
            try:
                return work(file)
            except EmotoneError as error:
                return error
            finally:
                advance()

        with ThreadPoolExecutor(usable_cores() if len(files) > 1 else 1) as pool:
            for file, result in zip(files, pool.map(attempt, files), strict=True):
                if isinstance(result, EmotoneError):
                    print_error(result)
                    yield file, None
                else:
                    yield file, result


def print_doubts(name: str, reasons: Sequence[Reason]) -> None:
    """Reasons to doubt a result on stderr; those about its baseline are said once, with the baseline."""
    print_reasons(name, [reason for reason in reasons if not reason.code.startswith("baseline_")])


def print_reasons(name: str, reasons: Sequence[Reason]) -> None:
    """Reasons for doubt on stderr, one a line."""
    for reason in reasons:
        ERR.print(
            f"{say('note', '提示')}: {name}: {reason.text.to(LANGUAGE)} {reason.advice.to(LANGUAGE)}", markup=False
        )


def write(text: str) -> None:
    """Data to stdout, as it is."""
    click.echo(text, nl=False)
