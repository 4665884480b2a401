"""Who is held out together."""

from pathlib import Path

import numpy as np
import pytest

from emotone.manifest import Clip
from emotone.training import Split, split_clips

Row = tuple[str, str, str]  # label, speaker, file


def split(rows: list[Row]) -> tuple[Split, np.ndarray]:
    labels = sorted({label for label, *_ in rows})
    truth = np.array([labels.index(label) for label, *_ in rows])
    clips = [Clip(Path(file), label, {"speaker": speaker} if speaker else {}) for label, speaker, file in rows]
    return split_clips(clips, truth, len(labels)), truth


def test_speakers_stay_whole_and_classes_are_spread() -> None:
    random = np.random.default_rng(0)
    rows = [
        (label, f"s{speaker}", f"a/{speaker}{label}{take}.wav")
        for speaker in range(40)
        for label in "xyz"
        for take in range(random.integers(0, 6))
    ]
    found, truth = split(rows)
    assert (found.kind, found.groups, found.folds) == ("speaker", len({row[1] for row in rows}), 10)
    for speaker in {row[1] for row in rows}:
        assert len({found.fold[place] for place, row in enumerate(rows) if row[1] == speaker}) == 1
    for label in range(3):
        sizes = np.bincount(found.fold[truth == label], minlength=10)
        assert sizes.min() >= 0.6 * sizes.mean()
        assert sizes.max() <= 1.4 * sizes.mean()
    assert found.judged.all()


def test_every_speaker_is_a_fold_when_there_are_few() -> None:
    found, _ = split([(label, f"s{n % 3}", f"a/{label}{n}.wav") for label in "xy" for n in range(12)])
    assert (found.folds, found.groups) == (3, 3)
    assert np.bincount(found.fold).tolist() == [8, 8, 8]


def test_a_class_of_one_speaker_is_not_judged() -> None:
    rows = [(label, f"s{n % 4}", f"a/{label}{n}.wav") for label in "xy" for n in range(12)]
    found, _ = split(rows + [("z", "s1", f"a/z{n}.wav") for n in range(12)])
    assert (found.kind, found.judged.tolist()) == ("speaker", [True, True, False])


@pytest.mark.parametrize(
    "speaker_of",
    [lambda label, n: "one", lambda label, n: f"speaker of {label}"],
    ids=["one speaker", "a speaker for each class"],
)
def test_speakers_that_cannot_be_kept_apart(speaker_of) -> None:
    found, truth = split([(label, speaker_of(label, n), f"a/{label}{n}.wav") for label in "xy" for n in range(20)])
    assert (found.kind, found.folds, found.groups) == ("file", 10, 40)
    for label in (0, 1):
        assert np.bincount(found.fold[truth == label]).tolist() == [2] * 10


def test_folders_stand_for_speakers_only_where_they_hold_several_classes() -> None:
    found, _ = split([(label, "", f"calls/call{n // 2}/{label}{n}.wav") for label in "xy" for n in range(20)])
    assert (found.kind, found.groups) == ("folder", 10)
    found, _ = split([(label, "", f"{label}/anna{n % 6}/{n}.wav") for label in "xy" for n in range(24)])
    assert (found.kind, found.groups) == ("folder", 6)
    found, _ = split([(label, "", f"root/{label}/{n}.wav") for label in "uvwxyz" for n in range(6)])
    assert (found.kind, found.groups) == ("file", 36)


def test_two_recordings_of_each_class_are_enough_to_judge() -> None:
    found, _ = split([(label, "", f"{label}/{n}.wav") for label in "xy" for n in range(2)])
    assert (found.folds, found.judged.tolist()) == (4, [True, True])
    found, _ = split([("x", "", "x/0.wav"), ("x", "", "x/1.wav"), ("y", "", "y/0.wav")])
    assert found.judged.tolist() == [True, False]
