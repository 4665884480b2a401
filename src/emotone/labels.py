"""The nine emotions: machine names, display names, emoji and colours, and what corpora call them."""

from collections.abc import Collection
from dataclasses import dataclass
from zlib import crc32

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

NEGATIVE: frozenset[Label] = frozenset({"angry", "disgusted", "fearful", "sad"})
"""The emotions that are unpleasant. Surprise may be either, `other` and `unknown` say nothing."""

_BY_LABEL = {emotion.label: emotion for emotion in EMOTIONS}


_OWN_COLORS = (
    "#2f7fd1",
    "#c94f7c",
    "#2e9e6b",
    "#d97b2b",
    "#7b68d9",
    "#b5952a",
    "#1f9bb0",
    "#cf5b4b",
    "#6a9a34",
    "#a65fbf",
    "#5f7f9f",
    "#a0764f",
)  # of labels that are not among the nine; each readable on white and on near-black


def emotion_of(label: Label, among: Collection[Label] = ()) -> Emotion:
    """How to show a label; one that is not among the nine shows as itself, in a colour of its own.

    Args:
        label: Any label.
        among: The labels that it is shown beside: none of them has its colour, as long as there are enough.
    """
    return _BY_LABEL.get(label) or Emotion(label, Text(label, label), "🏷️", _own_color(label, among))


def _own_color(label: Label, among: Collection[Label]) -> str:
    """By its name, so that it is the same everywhere; the next free one when another label has that already."""
    count, taken = len(_OWN_COLORS), dict[int, Label]()
    for other in sorted({label, *among} - _BY_LABEL.keys()):
        wanted = crc32(other.encode("utf-8", "replace"))
        place = next((slot for slot in range(wanted, wanted + count) if slot % count not in taken), wanted) % count
        taken[place] = other
        if other == label:
            return _OWN_COLORS[place]
    raise AssertionError(label)


# Lossy only where it says so. Compound or further emotions (frustration, contempt, excitement …) have no entry on purpose.
_WORDS: dict[Label, str] = {
    "angry": "anger ang mad wut ärger 生气 愤怒 气愤",
    "disgusted": "disgust dis ekel 厌恶 恶心",
    "fearful": "fear fea afraid scared anxiety anxious angst 恐惧 害怕",  # anxiety: as Emo-DB translates Angst
    "happy": "happiness hap joy joyful freude 高兴 开心 快乐",
    "neutral": "neutrality neu normal calm calmness 中性 中立 平静",  # calm: RAVDESS's, which listeners take for neutral
    "other": "others oth bored boredom langeweile 其他",  # boredom: as the bundled model learned it
    "sad": "sadness sorrow trauer 悲伤 难过 伤心",
    "surprised": "surprise sur ps pleasant_surprise pleasant_surprised 惊讶 吃惊",  # pleasant: TESS's
    "unknown": "unk <unk> 未知",
}
_LABEL_OF = {word: label for label, words in _WORDS.items() for word in (label, *words.split())}


def label_of(word: str, labels: Collection[Label]) -> Label | None:
    """The one of `labels` that a corpus means by `word`, or `None` when none of them fits.

    Case, spaces and hyphens do not matter. A label that is written like the word comes first; then the words for one of the
    nine emotions stand for each other: anger = angry, happiness = joy = happy, 生气 = angry, and so on.
    """
    wanted = folded(word)
    same = [label for label in labels if folded(label) == wanted]
    meant = _LABEL_OF.get(wanted)
    alike = [label for label in labels if meant is not None and _LABEL_OF.get(folded(label)) == meant]
    return next(iter([*same, *alike]), None)


def is_negative(label: Label) -> bool:
    """Whether a label, of the nine or a word for one of them, stands for an unpleasant emotion."""
    return label_of(label, NEGATIVE) is not None


def folded(word: str) -> str:
    """A word without what does not matter in it: two words are one label when this is the same."""
    return "_".join(word.casefold().replace("-", " ").split())
