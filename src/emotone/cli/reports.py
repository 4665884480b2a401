"""What commands with a manifest share: its name, listening to its recordings, and the files of a report."""

from collections.abc import Sequence
from pathlib import Path

from ..cache import EmbeddingCache
from ..embeddings import EmbeddedClips, embed_clips
from ..evaluation import PAGE_NAME, PREDICTIONS_NAME, REPORT_NAME, Report, prediction_rows, report_page, report_record
from ..manifest import Clip
from ..outputs import save_text
from ..recognizer import Recognizer
from ..writers import to_csv, to_json
from .console import ERR, LANGUAGE, print_error, progress_bar, say

FAILURES_SHOWN = 5


def manifest_name(manifest: Path) -> str:
    """What to call a manifest: the name of a table, or of its folder when the table is called as any other is."""
    path = manifest.absolute()
    return (path.parent if path.stem in {"index", "manifest"} else path).name


def listen_to_clips(recognizer: Recognizer, clips: Sequence[Clip], cache: EmbeddingCache, done: str) -> EmbeddedClips:
    """The embeddings of recordings, with a bar; says which could not be analysed, and what is done with the others."""
    with progress_bar(say("Listening", "正在分析"), len(clips)) as advance:
        embedded = embed_clips(recognizer, clips, cache=cache, on_done=advance)
    _print_failures(embedded, done)
    return embedded


def _print_failures(embedded: EmbeddedClips, done: str) -> None:
    for failure in embedded.failures[:FAILURES_SHOWN]:
        print_error(failure.error)
    if embedded.failures:
        count, total = len(embedded.failures), len(embedded.failures) + len(embedded)
        others = say(f"; the others are {done}", f"；其余录音照常{done}") if count < total else ""
        ERR.print(
            say(
                f"{count} of {total} recordings could not be analysed{others}.",
                f"{total} 个录音中有 {count} 个无法分析{others}。",
            )
        )


def save_report(report: Report, folder: Path) -> None:
    """Writes the page, the numbers and a row for each recording into a folder, and says where."""
    for name, text in (
        (PAGE_NAME, report_page(report, LANGUAGE)),
        (REPORT_NAME, to_json(report_record(report))),
        (PREDICTIONS_NAME, to_csv(prediction_rows(report))),
    ):
        print_saved(save_text(text, folder / name))


def print_saved(path: Path) -> None:
    """Where something was written."""
    ERR.print(f"{say('saved', '已保存')}: {path}", markup=False)
