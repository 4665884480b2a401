"""What is heard in one recording: one voice or several, and what each stretch contributes to what is said."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..conversation import Voices, voices_of_channels, voices_of_turns
from ..errors import AudioError
from ..interview import Answer, ConversationAnswer, Interview
from ..listening import Listening
from ..types import Baseline, Contribution, Conversation, Prediction, Progress, Timeline, Turn
from .decoded import Decoded, Peaks

SHORTEST = 0.5  # seconds of a stretch whose contribution is shown
STRETCHES = 1200  # of a recording, at most: the longer it is, the longer they are


Result: TypeAlias = Prediction | Timeline | Conversation
"""What may be said about a recording."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one recording gave.

    Attributes:
        answer: What is said about it.
        outlines: Of its sound: one, or one for each voice.
        decided: For each voice, what its stretches contribute to what is said about it as a whole.
        embedding: float32 `(dim,)`, `(frames, dim)` when frames were asked for, or `(voices, dim)`.
        replicas: As in `Listening`.
    """

    answer: Answer | ConversationAnswer
    outlines: tuple[Peaks, ...] = field(repr=False)
    decided: tuple[tuple[Contribution, ...], ...] = field(repr=False)
    embedding: NDArray[np.float32] = field(repr=False)
    replicas: tuple[str, ...] = ()


def hear_whole(
    interview: Interview,
    sound: Decoded,
    baseline: Baseline | None,
    *,
    own: bool,
    keep_frames: bool,
    progress: Progress | None = None,
) -> Heard:
    """One voice.

    Args:
        interview: What is asked.
        sound: The recording.
        baseline: The usual sound to compare with.
        own: Compare the recording with itself instead; what is said about the whole is then said without that.
        keep_frames: Whether the embedding is that of each frame.
        progress: As in `Recognizer.listen`.
    """
    heard = interview.listen(sound.audio, keep_frames=keep_frames, progress=progress)
    answer = interview.answer(heard, _own_baseline(heard) if own else baseline)
    embedding = heard.embedding if heard.frames is None else heard.frames
    decided = _decided(interview, heard, None if own else baseline)
    return Heard(answer, (sound.peaks,), (decided,), embedding, heard.replicas)


def hear_channels(
    interview: Interview, sounds: Sequence[Decoded], *, own: bool, progress: Progress | None = None
) -> Heard:
    """A voice on each channel. With `own`, each is compared with itself; `progress` as in `Recognizer.listen_channels`."""
    heard: list[Listening] = []
    for sound in sounds:
        before = sum(other.duration for other in heard)
        share = None if progress is None else _share_of(progress, before, len(sounds))
        heard.append(interview.listen(sound.audio, progress=share))
    voices = voices_of_channels(heard)
    return _conversation(interview, voices, tuple(sound.peaks for sound in sounds), own=own)


def hear_turns(
    interview: Interview, sound: Decoded, turns: Sequence[Turn], *, own: bool, progress: Progress | None = None
) -> Heard:
    """Voices whose turns are known. With `own`, each is compared with itself; `progress` as in `Recognizer.listen`.

    Raises:
        TurnsError: When none of the turns lies in the recording.
    """
    voices = voices_of_turns(interview.listen(sound.audio, progress=progress), turns)
    return _conversation(interview, voices, (sound.peaks,), own=own)


def _conversation(interview: Interview, voices: Voices, outlines: tuple[Peaks, ...], *, own: bool) -> Heard:
    answer = interview.converse(voices, voices.baselines() if own else None)
    decided = tuple(_decided(interview, voice.heard.within(voice.stretches), None) for voice in voices.voices)
    embedding = np.stack([track.timeline.utterance.embedding for track in answer.result.tracks])
    replicas = sorted({name for voice in voices.voices for name in voice.heard.replicas})
    return Heard(answer, outlines, decided, embedding, tuple(replicas))


def _share_of(progress: Progress, before: float, count: int) -> Progress:
    return lambda seconds: progress((before + seconds) / count)


def _decided(interview: Interview, heard: Listening, baseline: Baseline | None) -> tuple[Contribution, ...]:
    if not heard.regions:  # nothing is said then that a stretch could contribute to
        return ()
    step = max(SHORTEST, heard.duration / STRETCHES)
    return heard.contributions(head=interview.head, baseline=baseline, step=step)


def _own_baseline(heard: Listening) -> Baseline | None:
    try:
        return heard.baseline()
    except AudioError:  # no speech: among the doubts already
        return None
