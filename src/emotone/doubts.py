"""The model's own reasons to doubt a result, and what to do about grave ones: give no label."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from .heads import Head
from .labels import Label, emotion_of
from .text import Text
from .types import Conversation, Opinion, Prediction, Reason, Segment, Timeline, TimelineOptions

UNKNOWN: Label = "unknown"
"""The label of a result that is withheld."""

ORDER = (
    "silent",
    "no_speech",
    "unfamiliar",
    "unclear",
    "too_short",
    "mixed",
    "too_long",
    "clipped",
    "quiet",
    "noisy",
    "narrow_band",
    "truncated",
    "damaged",
    "baseline_one_mood",
    "baseline_short",
    "same_channels",
    "crosstalk",
    "outside",
    "overlap",
    "short_turn",
    "length_advice",
)
"""Codes of all reasons, the gravest first; those of `emotone.quality` among them. Others stand behind them."""

GRAVE = frozenset({"silent", "no_speech", "unfamiliar", "unclear"})
"""Codes of reasons for which a label is withheld."""

UTTERANCE_ONLY = frozenset({"too_long", "length_advice", "mixed"})
"""Codes of reasons to doubt one result for the whole recording; a timeline is the answer to them."""

MARGIN = 0.1  # between the two highest scores
DISAGREEMENT = 0.85  # half the sum of the differences of two windows' scores: 1 when no label is possible in both
WINDOWS = TimelineOptions(window=3.0, hop=1.5)  # that are compared

UNFAMILIAR = Reason(
    "unfamiliar",
    Text(
        "This does not sound like any speech that the model learned from; its confidence means nothing here.",
        "该录音与模型学习过的语音差异很大；此处的置信度没有意义。",
    ),
    Text(
        "Use clear speech of one person, close to the microphone, without music.",
        "请使用单人、靠近麦克风、无音乐的清晰语音。",
    ),
)

_Said = TypeVar("_Said", Prediction, Segment, Opinion)


def in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """The gravest first; equals keep their order."""
    return tuple(sorted(reasons, key=lambda reason: place_of(reason.code)))


def place_of(code: str) -> int:
    """Where a reason stands among others: the graver, the lower."""
    return ORDER.index(code) if code in ORDER else len(ORDER)


def unclear(scores: Mapping[Label, float]) -> tuple[Reason, ...]:
    """The reason to doubt that the two highest scores are nearly equal, if they are."""
    first, second = sorted(scores, key=lambda label: -scores[label])[:2]
    if scores[first] - scores[second] >= MARGIN:
        return ()
    one, other = emotion_of(first).name, emotion_of(second).name
    found = Text(
        f"Nearly undecided between {one.en} ({scores[first]:.0%}) and {other.en} ({scores[second]:.0%}).",
        f"“{one.zh}”（{scores[first]:.0%}）与“{other.zh}”（{scores[second]:.0%}）难以区分。",
    )
    advice = Text("Take both into account, or use a longer recording.", "请同时考虑两者，或使用更长的录音。")
    return (Reason("unclear", found, advice),)


def unfamiliar(head: Head, embeddings: NDArray[np.float32], durations: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which spans are far from what the head learned from, `(spans,)`; none when it does not know.

    Args:
        head: The head.
        embeddings: float32 `(spans, dim)`.
        durations: `(spans,)`, in seconds.
    """
    if head.familiarity is None:
        return np.zeros(len(embeddings), bool)
    far: NDArray[np.bool_] = head.familiarity.strangeness(embeddings, durations) > head.familiarity.limit
    return far


def mixed(windows: Sequence[Segment]) -> tuple[Reason, ...]:
    """The reason to doubt that windows of speech have no label in common, if some have not."""
    if len(windows) < 2:
        return ()
    scores = np.array([list(window.scores.values()) for window in windows])
    apart = np.abs(scores[:, None] - scores).sum(axis=-1) / 2  # (windows, windows)
    first, second = divmod(int(apart.argmax()), len(windows))
    if apart[first, second] < DISAGREEMENT or windows[first].label == windows[second].label:
        return ()
    one, other = windows[first], windows[second]
    names = emotion_of(one.label).name, emotion_of(other.label).name
    found = Text(
        f"The recording changes: {names[0].en} at {one.start:.0f}–{one.end:.0f} s, {names[1].en} at "
        f"{other.start:.0f}–{other.end:.0f} s.",
        f"录音前后不一致：{one.start:.0f}–{one.end:.0f} 秒为“{names[0].zh}”，"
        f"{other.start:.0f}–{other.end:.0f} 秒为“{names[1].zh}”。",
    )
    return (Reason("mixed", found, Text("Use the timeline (frame mode).", "请使用时间线（frame 模式）。")),)


@overload
def withheld(result: Prediction) -> Prediction: ...
@overload
def withheld(result: Timeline) -> Timeline: ...
@overload
def withheld(result: Segment) -> Segment: ...
@overload
def withheld(result: Opinion) -> Opinion: ...
@overload
def withheld(result: Conversation) -> Conversation: ...
def withheld(
    result: Prediction | Timeline | Segment | Opinion | Conversation,
) -> Prediction | Timeline | Segment | Opinion | Conversation:
    """The result with the label `unknown` wherever there is a grave reason to doubt.

    The reason is then in `withheld`, `confidence` is 0, and the scores are as before. A timeline is treated throughout:
    whole, windows and segments, each for its own reasons; so is every track of a conversation.
    """
    if isinstance(result, Conversation):
        return replace(
            result, tracks=tuple(replace(track, timeline=withheld(track.timeline)) for track in result.tracks)
        )
    if isinstance(result, Segment):
        return _without_label(result)
    if isinstance(result, Opinion):
        return _without_label(result)
    if isinstance(result, Prediction):
        absolute = None if result.absolute is None else withheld(result.absolute)
        return replace(_without_label(result), absolute=absolute)
    return replace(
        result,
        utterance=withheld(result.utterance),
        windows=tuple(map(_without_label, result.windows)),
        segments=tuple(map(_without_label, result.segments)),
        absolute=None if result.absolute is None else withheld(result.absolute),
    )


def _without_label(said: _Said) -> _Said:
    reason = _gravest(said.doubts)
    return said if reason is None else replace(said, label=UNKNOWN, withheld=reason)


def _gravest(reasons: Sequence[Reason]) -> Reason | None:
    return next((reason for reason in in_order(reasons) if reason.code in GRAVE), None)
