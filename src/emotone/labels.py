"""The nine emotions: machine names, display names, emoji and colours."""

from dataclasses import dataclass

from .text import Text

Label = str
"""A class name in lower-case English. Custom heads may bring labels of their own."""


@dataclass(frozen=True, slots=True)
class Emotion:
    """How one label is shown everywhere.

    Attributes:
        label: Machine name.
        name: Display name.
        emoji: One pictograph.
        color: `#rrggbb`, readable on white and on near-black.
    """

    label: Label
    name: Text
    emoji: str
    color: str


EMOTIONS: tuple[Emotion, ...] = (
    Emotion("angry", Text("Angry", "愤怒"), "😠", "#d64550"),
    Emotion("disgusted", Text("Disgusted", "厌恶"), "🤢", "#7a9a2e"),
    Emotion("fearful", Text("Fearful", "恐惧"), "😨", "#8a63d2"),
    Emotion("happy", Text("Happy", "快乐"), "😊", "#e8a317"),
    Emotion("neutral", Text("Neutral", "中性"), "😐", "#8391a2"),
    Emotion("other", Text("Other", "其他"), "🤔", "#b07d62"),
    Emotion("sad", Text("Sad", "悲伤"), "😢", "#3b82c4"),
    Emotion("surprised", Text("Surprised", "惊讶"), "😲", "#18a999"),
    Emotion("unknown", Text("Unknown", "未知"), "❓", "#a8a29e"),
)

LABELS: tuple[Label, ...] = tuple(emotion.label for emotion in EMOTIONS)
"""The nine labels in the order in which models give their scores."""

_BY_LABEL = {emotion.label: emotion for emotion in EMOTIONS}


def emotion_of(label: Label) -> Emotion:
    """How to show `label`; a label that is not one of the nine shows as itself."""
    return _BY_LABEL.get(label) or Emotion(label, Text(label, label), "🏷️", "#6b7280")
