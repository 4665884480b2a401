import pytest

from emotone.labels import LABELS, label_of


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
