"""Results as rows of a table."""

import io

import numpy as np
import pytest
from pyarrow import parquet

from emotone import Recognizer
from emotone.examples import examples
from emotone.listening import Listening
from emotone.rows import Row, embeddings_of, rows_of, schema_of, table_of, to_parquet
from emotone.types import SAMPLE_RATE

MOODS = next(example for example in examples() if "four_moods" in example.path.name)


@pytest.fixture(scope="module")
def heard(model: Recognizer) -> Listening:
    return model.listen(MOODS.path)


def table(rows: tuple[Row, ...], dim: int | None = None):
    columns = {name: None for row in rows for name in row.metadata}
    written = to_parquet(table_of(rows, schema_of(tuple(rows[0].scores), columns, dim=dim)))
    return parquet.read_table(io.BytesIO(written))


def test_a_recording_is_one_row(heard: Listening) -> None:
    said = heard.predict()
    (row,) = table(rows_of("a/b.ogg", heard, said, {"speaker": "Anna"})).to_pylist()
    assert row == {
        "file": "a/b.ogg",
        "sha256": said.source.sha256,
        "start": 0.0,
        "end": said.duration,
        "duration": said.duration,
        "label": said.label,
        "confidence": said.confidence,
        **said.scores,
        "doubts": [reason.code for reason in said.doubts],
        "speaker": "Anna",
    }


def test_a_timeline_is_a_row_for_each_segment_with_an_embedding_of_its_own(heard: Listening) -> None:
    timeline = heard.timeline()
    assert len(timeline.segments) > 1
    rows = rows_of("b.ogg", heard, timeline, embedding=True)
    found = table(rows, dim=heard.info.dim)
    assert [(row.start, row.end, row.label) for row in rows] == [(s.start, s.end, s.label) for s in timeline.segments]
    assert found["end"].to_pylist() == [s.end for s in timeline.segments]
    vectors = embeddings_of(found)
    np.testing.assert_array_equal(vectors, np.array([row.embedding for row in rows]))
    assert len(np.unique(vectors, axis=0)) > 1


def test_the_embedding_of_a_recording_is_its_own(heard: Listening) -> None:
    rows = rows_of("b.ogg", heard, heard.predict(), embedding=True)
    np.testing.assert_array_equal(embeddings_of(table(rows, dim=heard.info.dim)), heard.embedding[None])


def test_a_timeline_without_speech_is_one_row_that_claims_nothing(model: Recognizer) -> None:
    silent = model.listen(np.zeros(3 * SAMPLE_RATE, np.float32), sample_rate=SAMPLE_RATE)
    (row,) = rows_of("silent.wav", silent, silent.timeline())
    assert (row.start, row.end, row.label, row.confidence) == (0.0, 3.0, "unknown", 0.0)
    assert row.doubts[0] == "silent"


def test_columns_of_the_user_never_hide_ours(heard: Listening) -> None:
    (row,) = table(rows_of("b.ogg", heard, heard.predict(), {"label": "x", "happy": "y", "city": "z"})).to_pylist()
    assert row["label"] == heard.predict().label
    assert (row["given_label"], row["given_happy"], row["city"]) == ("x", "y", "z")


def test_rows_of_different_columns_make_one_table(heard: Listening) -> None:
    said = heard.predict()
    rows = (*rows_of("a", heard, said, {"speaker": "1"}, embedding=True), *rows_of("b", heard, said, {"city": "2"}))
    found = table(rows, dim=heard.info.dim)
    assert found["speaker"].to_pylist() == ["1", None]
    assert found["city"].to_pylist() == [None, "2"]
    assert np.isnan(embeddings_of(found)[1]).all()
