"""A store on a real disk: adding, searching, removing."""

import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from archives import DIM, LABELS, MODEL, OTHER, row, rows

from emotone.errors import OptionError, StoreError
from emotone.rows import embeddings_of
from emotone.store import Added, Condition, EmbeddingStore, Match, archive, parse_condition
from emotone.store.belonging import row_id


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def store(place: Path) -> EmbeddingStore:
    return EmbeddingStore(place, MODEL)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> EmbeddingStore:
    """300 rows of three speakers; nobody changes it."""
    store = EmbeddingStore(tmp_path_factory.mktemp("filled"), MODEL)
    for first, speaker in ((0, "Anna"), (100, "Bo"), (200, "O'Neil")):
        dated = [replace(one, metadata={"date": f"2026-01-{n % 30 + 1:02d}"}) for n, one in enumerate(rows(100, first))]
        store.add([replace(one, metadata={**one.metadata, "speaker": speaker}) for one in dated])
    return store


def names(matches: list[Match]) -> list[str]:
    return [match.row.file for match in matches]


def where(*conditions: str) -> list[Condition]:
    return [parse_condition(condition) for condition in conditions]


def test_what_is_found_is_what_was_added(filled: EmbeddingStore) -> None:
    given = row(7)
    best, *others = filled.search(given.embedding, limit=5)
    assert (best.id, best.row.file, best.row.label) == (row_id(given), given.file, given.label)
    assert best.similarity == pytest.approx(1, abs=1e-5)
    assert best.percentile == 100
    assert (best.row.scores, best.row.doubts, best.row.embedding) == (given.scores, given.doubts, None)
    assert best.row.metadata == {"speaker": "Anna", "date": "2026-01-08"}
    similarities = [match.similarity for match in (best, *others)]
    assert similarities == sorted(similarities, reverse=True)
    assert {match.row.label for match in others} == {given.label}


def test_matches_are_those_of_an_exact_search(filled: EmbeddingStore) -> None:
    table = pa.concat_tables(filled.tables(columns=["id", "vector"]))
    vectors = np.array(table["vector"].to_pylist())
    ids = table["id"].to_pylist()
    number = ids.index(row_id(row(11)))
    order = np.argsort(-(vectors @ vectors[number]))[:20]
    assert [match.id for match in filled.search(row(11).embedding, limit=20)] == [ids[one] for one in order]


def test_similar_leaves_out_the_row_itself(filled: EmbeddingStore) -> None:
    id_ = row_id(row(7))
    matches = filled.similar(id_, limit=20)
    assert len(matches) == 20
    assert id_ not in {match.id for match in matches}
    assert [match.id for match in matches] == [match.id for match in filled.search(row(7).embedding, limit=21)][1:]


def test_adding_again_changes_nothing(store: EmbeddingStore) -> None:
    assert store.add(rows(50)) == Added(new=50)
    assert store.add(rows(50)) == Added(same=50)
    assert store.add(rows(60)) == Added(new=10, same=50)
    assert store.add([*rows(5, 100), *rows(5, 100)]) == Added(new=5)
    assert len(store) == 65


def test_the_newest_result_counts_and_metadata_is_kept(store: EmbeddingStore) -> None:
    store.add([row(1, speaker="Anna", city="Oslo")])
    assert store.add([replace(row(1, speaker="Bo"), file="moved.wav")]) == Added(changed=1)
    assert store.add([replace(row(1), file="moved.wav")]) == Added(same=1)
    found = store.row(row_id(row(1)))
    assert (found.file, found.metadata) == ("moved.wav", {"speaker": "Bo", "city": "Oslo"})


def test_columns_of_the_user_may_come_later_and_be_called_anything(store: EmbeddingStore) -> None:
    store.add(rows(3))
    odd = {"a b'c": "1", "x`y": "2", "Label": "3", "label": "4", "id": "5", "a.b": "6", "_rowid": "7", "日期": "8"}
    store.add([row(10, **odd)])
    assert len(store) == 4
    expected = {
        "a b'c": "1",
        "x_y": "2",
        "Label": "3",
        "given_label": "4",
        "given_id": "5",
        "a_b": "6",
        "rowid": "7",
        "日期": "8",
    }
    assert store.row(row_id(row(10))).metadata == expected
    for name, value in expected.items():
        assert names(store.search(row(1).embedding, where=[Condition(name, "=", value)])) == ["clip10.wav"]


@pytest.mark.parametrize(
    ("conditions", "count"),
    [
        (["label=angry"], 100),
        (["label=angry", "label=sad"], 200),
        (["label!=angry"], 200),
        (["speaker=O'Neil"], 100),
        (["speaker=Anna", "label=happy"], 33),
        (["happy>=0.5"], 100),
        (["happy<0.5", "sad<0.5"], 100),
        (["date>=2026-01-10", "date<=2026-01-11"], 21),
        (["speaker=nobody"], 0),
    ],
)
def test_conditions_hold_for_every_match(filled: EmbeddingStore, conditions: list[str], count: int) -> None:
    assert len(filled.search(row(1).embedding, limit=1000, where=where(*conditions))) == count


def test_values_are_found_letter_by_letter(store: EmbeddingStore) -> None:
    values = ["a\\b", "\\' OR 1=1 --", "x'y", "\\", "line\nbreak", "%", "日\\'"]
    store.add([row(number, note=value) for number, value in enumerate(values)])
    for number, value in enumerate(values):
        found = store.search(row(1).embedding, where=[Condition("note", "=", value)])
        assert names(found) == [f"clip{number}.wav"]
        assert found[0].row.metadata == {"note": value}


def test_what_is_not_known_differs_from_every_value(store: EmbeddingStore) -> None:
    store.add([row(1, speaker="Anna"), row(2)])
    assert names(store.search(row(1).embedding, where=where("speaker!=Anna"))) == ["clip2.wav"]


@pytest.mark.parametrize(
    "value",
    [
        "x' OR '1'='1",
        "' OR 1=1 --",
        "x'); DROP TABLE rows; --",
        "\\' OR 1=1 --",
        "\\') OR (1=1",
        "a\\",
        'x" OR "1"="1',
        "` OR 1=1",
        "%",
        "\0",
    ],
)
def test_a_value_never_breaks_out(filled: EmbeddingStore, value: str) -> None:
    assert filled.search(row(1).embedding, where=[Condition("speaker", "=", value)]) == []
    assert len(filled.search(row(1).embedding, limit=1000, where=[Condition("speaker", "!=", value)])) == 300


@pytest.mark.parametrize(
    "column", ["speaker' OR '1'='1", "1=1 OR label", "embedding", "vector", "fit", "nope", "_rowid"]
)
def test_only_columns_that_are_there_can_be_asked_for(filled: EmbeddingStore, column: str) -> None:
    with pytest.raises(OptionError, match="no column"):
        filled.search(row(1).embedding, where=[Condition(column, "=", "x")])


@pytest.mark.parametrize("text", ["label", "=x", "", "label angry"])
def test_what_is_no_condition(text: str) -> None:
    with pytest.raises(OptionError, match="no condition"):
        parse_condition(text)


@pytest.mark.parametrize("value", ["loud", "nan", "inf", ""])
def test_numbers_are_compared_with_numbers(filled: EmbeddingStore, value: str) -> None:
    with pytest.raises(OptionError, match="has numbers"):
        filled.search(row(1).embedding, where=[Condition("happy", ">=", value)])


def test_conditions_as_people_write_them() -> None:
    assert parse_condition(" happy >= 0.6 ") == Condition("happy", ">=", "0.6")
    assert parse_condition("note=a=b>c") == Condition("note", "=", "a=b>c")
    assert parse_condition("speaker!=") == Condition("speaker", "!=", "")


def test_another_model_is_refused(store: EmbeddingStore, place: Path) -> None:
    store.add(rows(3))
    with pytest.raises(StoreError, match="tiny 2"):
        store.add(rows(3), OTHER)
    with pytest.raises(StoreError, match="24 finite values"):
        store.search(np.zeros(DIM + 1, np.float32))
    second = EmbeddingStore(place, OTHER)
    assert (len(second), len(store)) == (0, 3)  # each revision has a table of its own
    with pytest.raises(StoreError, match="several models"):
        EmbeddingStore(place)


def test_rows_that_cannot_be_compared_are_refused(store: EmbeddingStore) -> None:
    with pytest.raises(StoreError, match="no embedding"):
        store.add([replace(row(1), embedding=None)])
    with pytest.raises(StoreError, match="finite"):
        store.add([replace(row(1), embedding=np.full(DIM, np.nan, np.float32))])
    with pytest.raises(StoreError, match="scores"):
        store.add([replace(row(1), scores={"angry": 1.0}, label="angry")])
    assert len(store) == 0


def test_an_empty_store_and_one_that_is_not_there(store: EmbeddingStore, place: Path, tmp_path: Path) -> None:
    assert store.search(row(1).embedding) == []
    assert store.info().rows == 0
    assert EmbeddingStore(place).model == MODEL
    with pytest.raises(StoreError, match="no store"):
        EmbeddingStore(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(StoreError, match="no row"):
        store.similar("0" * 20)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be used"):
        EmbeddingStore(tmp_path / "file", MODEL)


def test_vectors_are_made_again_as_the_store_grows(store: EmbeddingStore) -> None:
    reader = EmbeddingStore(Path(store.info().place))
    for first in range(0, 160, 20):
        store.add(rows(20, first))
        table = pa.concat_tables(store.tables(columns=["vector", "fit", "embedding"]))
        assert len(set(table["fit"].to_pylist())) == 1
        assert store.info().fitted > len(store) / 2
        assert names(reader.search(row(first).embedding, limit=1)) == [f"clip{first}.wav"]
    assert len(store) == 160
    np.testing.assert_array_equal(
        sorted(map(tuple, embeddings_of(table))), sorted(tuple(one.embedding) for one in rows(160))
    )


def test_what_is_removed_is_gone_from_the_disk(store: EmbeddingStore, place: Path) -> None:
    store.add([*rows(100), row(200, note="zebrafinch")])
    assert _holds(place, b"zebrafinch")
    assert store.remove(where("note=zebrafinch")) == 1
    data = [file for file in place.rglob("*.lance") if file.is_file()]
    assert data
    assert not any(b"zebrafinch" in file.read_bytes() for file in data)
    assert len(store) == 100
    assert store.remove(where("label=nothing")) == 0
    with pytest.raises(OptionError, match="Say which"):
        store.remove([])


def test_every_change_is_another_state(store: EmbeddingStore, place: Path) -> None:
    reader = EmbeddingStore(place)
    states = [reader.state]
    for change in (
        lambda: store.add(rows(5)),
        lambda: store.add([row(1, speaker="Anna")]),  # as many rows as before
        lambda: store.remove(where("speaker=Anna")),
    ):
        change()
        states.append(reader.state)
        assert store.state == reader.state == states[-1]
    assert len(set(states)) == len(states)
    store.add(rows(1))  # is there
    assert reader.state == states[-1]
    shutil.rmtree(place)
    again = EmbeddingStore(place, MODEL)
    again.add(rows(5))
    assert again.state not in states


def test_searches_go_through_an_index_once_it_pays(
    store: EmbeddingStore, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "INDEXED", 600)
    store.add(rows(500))
    assert not store.info().indexed
    store.add(rows(200, 500))
    assert store.info().indexed
    store.add(rows(50, 700))  # not in the index yet
    check_exact(store)
    assert store.remove(where("label=sad")) == 250
    assert not store.info().indexed  # 500 rows are few again
    store.add(rows(700, 1000))
    assert store.info().indexed
    store.remove([Condition("file", "=", "clip1000.wav")])
    assert store.info().indexed  # though all rows were written anew
    check_exact(EmbeddingStore(place))


def check_exact(store: EmbeddingStore) -> None:
    """Among the ten nearest are 95 of 100 that an exact search finds, with what is said of them."""
    table = pa.concat_tables(store.tables(columns=["file", "vector"]))
    vectors, files = np.array(table["vector"].to_pylist()), table["file"].to_pylist()
    found = 0
    for number in range(0, len(files), len(files) // 20):
        order = np.argsort(-(vectors @ vectors[number]))[:10]
        matches = store.search(row(int(files[number][4:-4])).embedding)
        assert names(matches)[0] == files[number]
        assert matches[0].similarity == pytest.approx(1, abs=1e-5)
        found += len({files[one] for one in order} & set(names(matches)))
    assert found >= 0.95 * 10 * len(range(0, len(files), len(files) // 20))


def _holds(place: Path, text: bytes) -> bool:
    return any(text in file.read_bytes() for file in place.rglob("*.lance") if file.is_file())


def test_a_place_that_is_no_folder() -> None:
    store = EmbeddingStore("memory://archive", MODEL)
    store.add(rows(120))
    assert names(store.search(row(5).embedding, limit=1)) == ["clip5.wav"]
    assert store.info().meaningful


def test_adding_while_searching(store: EmbeddingStore, place: Path) -> None:
    store.add(rows(30))
    wrong: list[object] = []
    done = threading.Event()

    def look() -> None:
        reader = EmbeddingStore(place)
        while not done.is_set():
            found = reader.search(row(3).embedding, limit=3)
            if names(found)[0] != "clip3.wav" or abs(found[0].similarity - 1) > 1e-4:
                wrong.append(found)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for first in range(30, 330, 30):
            store.add(rows(30, first))
        store.remove(where("label=sad"))
    finally:
        done.set()
        looking.join()
    assert wrong == []
    assert len(store) == 220


_ADDING = """
import sys
from archives import MODEL, rows
from emotone.store import EmbeddingStore

store = EmbeddingStore(sys.argv[1], MODEL)
print("ready", flush=True)
for first in range(0, 100_000, 10):
    store.add(rows(10, first))
    print(first, flush=True)
"""


def test_a_process_that_is_killed_while_it_adds_breaks_nothing(place: Path) -> None:
    path = str(Path(__file__).parent)
    sums = 0
    for round_ in range(2):
        command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {path!r})\n{_ADDING}", str(place)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as adding:
            assert adding.stdout is not None
            for _ in range(4 + 5 * round_):
                said = adding.stdout.readline().strip()
            adding.kill()
        least = int(said) + 10
        store = EmbeddingStore(place)
        assert len(store) >= max(least, sums)
        assert len(store) % 10 == 0  # a step is there as a whole, or not at all
        sums = len(store)
        assert names(store.search(row(3).embedding, limit=1)) == ["clip3.wav"]
    assert store.add(rows(sums)) == Added(same=sums)


def test_two_processes_that_add_wait_for_each_other(place: Path) -> None:
    EmbeddingStore(place, MODEL)
    path = str(Path(__file__).parent)
    code = f"import sys; sys.path.insert(0, {path!r})\n{_ADDING.replace('100_000', '40')}"
    adding = [subprocess.Popen([sys.executable, "-c", code, str(place)], stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [one.wait(100) for one in adding] == [0, 0]
    assert len(EmbeddingStore(place)) == 40


def test_labels_of_rows_are_those_of_the_model(filled: EmbeddingStore) -> None:
    schema, tables = filled.export(where("label=sad"))
    table = pa.concat_tables(tables)
    assert table.schema.names == schema.names
    assert schema.names[-2:] == ["date", "speaker"]
    assert set(LABELS) < set(schema.names)
    assert table["label"].to_pylist() == ["sad"] * 100
