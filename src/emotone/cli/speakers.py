"""Several speakers in one recording: the options that say so, and what is printed about them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from ..conversation import Voices, voices_of_turns
from ..findings import findings
from ..interview import ConversationAnswer, Interview
from ..recording import Recording
from ..summary import Summary, summarise
from ..text import clock_time
from ..turns import read_turns
from ..types import Conversation, Progress, Timeline, Turn
from .console import LANGUAGE, OUT, colored, new_table, print_doubts, say

SPLIT, MIX = "split", "mix"
_MOST_SHOWN = 3  # labels of a speaker


@dataclass(frozen=True, slots=True)
class Speakers:
    """Who speaks, in the user's words.

    Attributes:
        split: Whether each channel is a speaker.
        turns: A file that says who speaks when.
    """

    split: bool
    turns: Path | None

    @property
    def several(self) -> bool:
        """Whether there may be several, each on a track."""
        return self.split or self.turns is not None

    def read(self, file: str) -> tuple[Turn, ...]:
        """The turns of a recording; none when each channel is a speaker. Errors as in `read_turns`."""
        return () if self.turns is None else read_turns(self.turns, recording=file)


def speakers_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of `Speakers`, which the command gets as `speakers`, and `--channel`."""

    @click.option(
        "--channels",
        type=click.Choice([MIX, SPLIT]),
        default=MIX,
        show_default=True,
        help=say("split: each channel is a speaker, as in calls.", "split：每个声道为一位说话人，如通话录音。"),
    )
    @click.option(
        "--turns",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar=say("FILE", "文件"),
        help=say(
            "Who speaks when: RTTM, SRT, VTT or JSON (Whisper, WhisperX, pyannote). Each turn gets an emotion.",
            "谁在何时说话：RTTM、SRT、VTT 或 JSON（Whisper、WhisperX、pyannote）。为每个话轮给出情绪。",
        ),
    )
    @wraps(command)
    def wrapped(*, channels: str, turns: Path | None, channel: int | None, **others: Any) -> None:
        split = channels == SPLIT
        if split and (turns is not None or channel is not None):
            raise click.UsageError(
                say(
                    "--channels split goes neither with --turns nor with --channel.",
                    "--channels split 不能与 --turns 或 --channel 同时使用。",
                )
            )
        command(speakers=Speakers(split, turns), channel=channel, **others)

    return wrapped


def listen_to(interview: Interview, recording: Recording, turns: Sequence[Turn], progress: Progress | None) -> Voices:
    """Listens to a recording of several speakers: by turns, or by channels when there are none.

    Raises:
        EmotoneError: As in `Interview.listen_channels` and `voices_of_turns`.
    """
    if not turns:
        return interview.listen_channels(recording, progress=progress)
    return voices_of_turns(interview.listen(recording, progress=progress), turns)


def print_conversation(file: str, answer: ConversationAnswer) -> None:
    """Segments in the order of time, a table of the speakers and the summary; doubts on stderr."""
    _print_segments(answer.result)
    others: Mapping[str, Conversation] = answer.others
    for name, other in others.items():
        OUT.print(f"\n[bold]{escape(name)}[/]")
        _print_segments(other)
    print_summary(answer.result)
    print_doubts(file, answer.result.doubts)
    for track in answer.result.tracks:
        print_doubts(f"{file} ({track.speaker})" if track.speaker else file, track.timeline.utterance.doubts)


def print_summary(result: Timeline | Conversation) -> None:
    """What the recording amounts to: a table when there are several speakers, then sentences with the codes of their rules."""
    summary = summarise(result)
    if len(summary.speakers) > 1:
        OUT.print()
        _print_speakers(summary)
    OUT.print()
    for finding in findings(summary):
        OUT.print(f"{escape(finding.text.to(LANGUAGE))} [dim]({finding.code})[/]")


def _print_segments(conversation: Conversation) -> None:
    rows = [(track.speaker, segment) for track in conversation.tracks for segment in track.timeline.segments]
    transcript = any(segment.text for _, segment in rows)
    table = new_table(
        say("start", "开始"),
        say("end", "结束"),
        say("speaker", "说话人"),
        say("emotion", "情绪"),
        say("confidence", "置信度"),
        *([say("text", "文本")] if transcript else []),
    )
    for speaker, segment in sorted(rows, key=lambda row: (row[1].start, row[1].end)):
        table.add_row(
            f"{segment.start:.2f}",
            f"{segment.end:.2f}",
            escape(speaker),
            colored(segment.label),
            f"{segment.confidence:.0%}",
            *([escape(segment.text)] if transcript else []),
        )
    OUT.print(table)


def _print_speakers(summary: Summary) -> None:
    table = new_table(
        say("speaker", "说话人"),
        say("speech", "语音"),
        say("clear", "明确"),
        say("emotions", "情绪"),
        say("changes", "转变"),
        say("longest negative", "最长负面时段"),
    )
    for speaker in summary.speakers:
        shares = list(speaker.shares.items())[:_MOST_SHOWN]
        negative = speaker.longest_negative
        table.add_row(
            escape(speaker.speaker),
            clock_time(speaker.speech),
            clock_time(speaker.speech - speaker.left_out),
            ", ".join(f"{colored(label)} {share:.0%}" for label, share in shares),
            str(len(speaker.turning_points)),
            "" if negative is None else f"{clock_time(negative.start)}–{clock_time(negative.end)}",
        )
    OUT.print(table)
