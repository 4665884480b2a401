"""Every format that results can be written in, by the word that `--format` takes for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeAlias

from ..errors import OptionError
from ..text import Language, Text
from .arrays import write_npz
from .audacity import write_labels
from .elan import write_eaf
from .emotionml import write_emotionml
from .entries import Entry, Granularity
from .praat import write_textgrid
from .records import to_json, to_jsonl, utf8
from .subtitles import write_ass, write_srt, write_vtt
from .tables import write_audformat, write_csv, write_parquet, write_windows

Write: TypeAlias = Callable[[Sequence[Entry], Language], bytes]
"""Entries → a file. The language is that of what people read in it; labels for machines are the same in all languages."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        name: The word for it.
        title: What it is called in a menu.
        ending: Of its files, with the dot.
        media_type: As in `Accept` and `Content-Type`.
        write: Entries → a file, UTF-8 unless it is binary. Call `check` before.
        binary: Whether it is not text.
        several: Whether one file can hold several recordings.
        timed: Whether it is about time, so that it wants timelines and conversations.
    """

    name: str
    title: Text
    ending: str
    media_type: str
    write: Write
    binary: bool = False
    several: bool = False
    timed: bool = False

    def check(self, recordings: int, granularity: Granularity) -> None:
        """Whether it can hold so many recordings, of this granularity.

        Raises:
            OptionError: When it cannot.
        """
        if recordings != 1 and not self.several:
            raise OptionError(
                f"A file of the format '{self.name}' holds one recording; here are {recordings}. Write a file for each, or "
                f"choose one of: {', '.join(form.name for form in FORMATS.values() if form.several)}.",
                f"一个“{self.name}”格式的文件只能保存一个录音，而这里有 {recordings} 个。请为每个录音分别写一个文件，或选择以下"
                f"格式之一：{'、'.join(form.name for form in FORMATS.values() if form.several)}。",
            )
        if self.timed and granularity != "frame":
            raise OptionError(
                f"The format '{self.name}' shows emotion over time, and this is one result for the whole recording. Ask for a "
                "timeline (granularity frame).",
                f"“{self.name}”格式用于显示情绪随时间的变化，而这里是整段录音的一个结果。请使用时间线（粒度 frame）。",
            )


def _write_json(entries: Sequence[Entry], language: Language) -> bytes:
    """An object for one recording, a list for several."""
    records = [entry.record for entry in entries]
    return utf8(to_json(records[0] if len(records) == 1 else records))


def _write_jsonl(entries: Sequence[Entry], language: Language) -> bytes:
    """A line for each recording."""
    return utf8("".join(to_jsonl(entry.record) for entry in entries))


def _same(name: str) -> Text:
    return Text(name, name)


FORMATS: Mapping[str, Format] = {
    form.name: form
    for form in (
        Format("json", _same("JSON"), ".json", "application/json", _write_json, several=True),
        Format("jsonl", _same("JSON Lines"), ".jsonl", "application/x-ndjson", _write_jsonl, several=True),
        Format("csv", _same("CSV"), ".csv", "text/csv", write_csv, several=True),
        Format(
            "windows",
            Text("CSV: every window", "CSV：每个窗口"),
            ".windows.csv",
            "text/csv",
            write_windows,
            several=True,
            timed=True,
        ),
        Format(
            "parquet",
            _same("Parquet"),
            ".parquet",
            "application/vnd.apache.parquet",
            write_parquet,
            binary=True,
            several=True,
        ),
        Format("npz", _same("NumPy"), ".npz", "application/x-npz", write_npz, binary=True),
        Format("srt", Text("SubRip subtitles", "SubRip 字幕"), ".srt", "application/x-subrip", write_srt, timed=True),
        Format("vtt", Text("WebVTT subtitles", "WebVTT 字幕"), ".vtt", "text/vtt", write_vtt, timed=True),
        Format("ass", Text("ASS subtitles, coloured", "ASS 彩色字幕"), ".ass", "text/x-ssa", write_ass, timed=True),
        Format("textgrid", _same("Praat TextGrid"), ".TextGrid", "text/praat-textgrid", write_textgrid, timed=True),
        Format("eaf", _same("ELAN"), ".eaf", "text/x-eaf+xml", write_eaf, timed=True),
        Format(
            "audacity",
            Text("Audacity labels", "Audacity 标签"),
            ".txt",
            "text/x-audacity-labels",
            write_labels,
            timed=True,
        ),
        Format("audformat", _same("audformat"), ".audformat.csv", "text/csv", write_audformat, several=True),
        Format(
            "emotionml",
            _same("EmotionML"),
            ".emotionml",
            "application/emotionml+xml",
            write_emotionml,
            several=True,
        ),
    )
}
"""Every format by its name, in the order of menus."""


def format_of_file(name: str) -> Format:
    """The format that a file with this name has, by its ending.

    Raises:
        OptionError: When no format has this ending.
    """
    lower = PurePath(name).name.lower()
    fitting = [form for form in FORMATS.values() if lower.endswith(form.ending.lower())]
    if not fitting:
        endings = [form.ending for form in FORMATS.values()]
        raise OptionError(
            f"The ending of '{name}' does not say which format to write. Use one of {', '.join(endings)}, or name the format.",
            f"从“{name}”的扩展名看不出要写成哪种格式。请使用以下扩展名之一：{'、'.join(endings)}，或直接指定格式。",
        )
    return max(fitting, key=lambda form: len(form.ending))


def format_of_media_type(media_type: str) -> Format | None:
    """The first format of this media type, such as `text/vtt`; `None` when there is none."""
    return next((form for form in FORMATS.values() if form.media_type == media_type.lower()), None)
