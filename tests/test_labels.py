import re

import pytest

from emotone.labels import LABELS, emotion_of, label_of


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("angry", "angry"),
        ("Anger", "angry"),
        (" HAPPINESS ", "happy"),
        ("joy", "happy"),
        ("fear", "fearful"),
        ("pleasant surprise", "surprised"),
        ("calm", "neutral"),
        ("boredom", "other"),
        ("DIS", "disgusted"),
        ("生气", "angry"),
        ("<unk>", "unknown"),
        ("contempt", None),
        ("frustration", None),
        ("", None),
    ],
)
def test_words_of_corpora(word: str, label: str | None) -> None:
    assert label_of(word, LABELS) == label


def test_a_label_that_is_written_like_the_word_comes_first() -> None:
    assert label_of("calm", ("neutral", "calm")) == "calm"
    assert label_of("Neutral", ("calm", "neutral")) == "neutral"


def test_words_of_a_head_are_understood_too() -> None:
    assert label_of("angry", ("Joy", "Anger")) == "Anger"
    assert label_of("very-tired", ("very tired", "awake")) == "very tired"
    assert label_of("sad", ("Joy", "Anger")) is None


def test_labels_of_ones_own_have_colours_of_their_own():
    labels = [f"label {number}" for number in range(10)] + ["犹豫", "happy"]
    colors = [emotion_of(label, labels).color for label in labels]
    assert len(set(colors)) == len(labels)
    assert emotion_of("happy", labels) == emotion_of("happy")
    assert emotion_of("犹豫", labels) == emotion_of("犹豫", labels[::-1])
    assert emotion_of("犹豫").name.to("en") == "犹豫"
    many = [f"label {number}" for number in range(50)]
    assert all(re.fullmatch("#[0-9a-f]{6}", emotion_of(label, many).color) for label in many)
