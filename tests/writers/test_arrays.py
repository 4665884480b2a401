import io

import numpy as np
import pytest
from talks import entry, whole

from emotone.writers import FORMATS, entry_of


@pytest.mark.parametrize("seed", range(9))
def test_every_window_is_a_row_of_the_matrix(seed: int) -> None:
    written = entry(seed)
    tracks = written.conversation.tracks
    with np.load(io.BytesIO(FORMATS["npz"].write([written], "en")), allow_pickle=False) as arrays:
        found = dict(arrays)
    assert tuple(found["labels"]) == written.labels
    assert found["duration"] == written.conversation.duration
    assert found["embeddings"].shape == (len(tracks), 4 if tracks else 0)
    for kind in ("windows", "segments"):
        stretches = [(number, one) for number, track in enumerate(tracks) for one in getattr(track.timeline, kind)]
        prefix = kind.removesuffix("s")
        assert found[f"{prefix}_times"].tolist() == [[one.start, one.end] for _, one in stretches]
        assert found[f"{prefix}_tracks"].tolist() == [number for number, _ in stretches]
        scores = found[f"{prefix}_scores"]
        assert scores.shape == (len(stretches), len(written.labels))
        for row, (_, one) in zip(scores, stretches, strict=True):
            assert dict(zip(written.labels, row.tolist(), strict=True)) == {
                label: one.scores.get(label, 0.0) for label in written.labels
            }


def test_a_prediction_has_its_embedding_and_one_row() -> None:
    prediction = whole()
    with np.load(io.BytesIO(FORMATS["npz"].write([entry_of("a.wav", prediction, {})], "en"))) as arrays:
        assert np.array_equal(arrays["embeddings"], prediction.embedding[None])
        assert arrays["window_scores"].tolist() == [list(prediction.scores.values())]
        assert arrays["window_times"].tolist() == [[0.0, prediction.duration]]
