"""From recordings to a store: what is told meanwhile, and what is kept whatever happens."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

import emotone
from emotone.batch import Failed, Heard, Item, Progress, Read, Worker, WorkOptions, items_of
from emotone.engine import usable_cores
from emotone.errors import ManifestError
from emotone.examples import examples
from emotone.store import Added, EmbeddingStore, add_recordings, listeners

COUNT, RATE = 10, 16_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten different recordings of a second."""
    folder = tmp_path_factory.mktemp("recordings")
    sound = emotone.load_audio(next(iter(examples())).path).samples
    for number in range(COUNT):
        start = 300 * number
        soundfile.write(folder / f"{number:02}.wav", sound[start : start + RATE], RATE)
    return folder


class ListeningWorker(Worker):
    """Remembers what it listened to; a recording that is called `slow` waits until all others are heard."""

    def __init__(self) -> None:
        super().__init__("emotone-small", WorkOptions(embedding=True))
        self.heard: list[str] = []
        self.slow = ""
        self.others_heard = threading.Event()

    def hear(self, read: Read) -> Heard | Failed:
        name = Path(read.item.name).name
        if name == self.slow:
            assert self.others_heard.wait(60)
        result = super().hear(read)
        self.heard.append(name)
        if len(self.heard) == COUNT - 1:
            self.others_heard.set()
        return result


@pytest.fixture
def worker() -> ListeningWorker:
    return ListeningWorker()


@pytest.fixture
def store(tmp_path: Path, worker: Worker) -> EmbeddingStore:
    return EmbeddingStore(tmp_path / "store", worker.info)


def test_every_recording_is_told(store: EmbeddingStore, worker: Worker, folder: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"this is no sound")
    told: list[Progress] = []
    filled = add_recordings(store, worker, items_of([str(folder), str(bad)]), on_progress=told.append)
    assert (filled.added.new, filled.recordings, len(filled.failed)) == (COUNT, COUNT, 1)
    assert [one.files for one in told] == list(range(1, COUNT + 2))
    assert (told[-1].done, told[-1].skipped, told[-1].failures) == (COUNT, 0, 1)
    assert told[-1].seconds == pytest.approx(COUNT)
    told.clear()
    assert add_recordings(store, worker, items_of([str(folder)]), on_progress=told.append).added == Added(same=COUNT)
    assert [(one.done, one.skipped) for one in told] == [(0, number + 1) for number in range(COUNT)]


def test_what_is_heard_is_kept_after_a_while(
    store: EmbeddingStore, worker: Worker, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "SAVE_AFTER", 0.0)
    rows: list[int] = []
    add_recordings(store, worker, items_of([str(folder)]), on_progress=lambda progress: rows.append(len(store)))
    assert rows == sorted(rows)
    assert rows[-1] > 0  # before the end of what would be written together


@pytest.mark.skipif(usable_cores() < 2, reason="one core has nobody beside it")
def test_no_core_waits_for_a_long_recording(
    store: EmbeddingStore, worker: ListeningWorker, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "TOGETHER", 4)
    worker.slow = "00.wav"
    assert add_recordings(store, worker, items_of([str(folder)])).added.new == COUNT
    assert worker.heard[-1] == "00.wav"


def test_the_same_bytes_are_listened_to_once(
    store: EmbeddingStore, worker: ListeningWorker, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "TOGETHER", 4)
    filled = add_recordings(store, worker, items_of([str(folder), str(folder)]))
    assert sorted(worker.heard) == sorted(path.name for path in folder.iterdir())
    assert (len(store), filled.recordings, filled.failed) == (COUNT, 2 * COUNT, ())


def test_whoever_stops_it_keeps_what_is_heard(store: EmbeddingStore, worker: ListeningWorker, folder: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add_recordings(store, worker, items_of([str(folder)]), on_progress=stop)
    assert len(store) == 3
    assert len(worker.heard) < COUNT


def test_what_comes_before_a_damaged_list_is_added(store: EmbeddingStore, worker: Worker, folder: Path) -> None:
    def items() -> Iterator[Item]:
        yield from items_of([str(folder)])
        raise ManifestError("The list is damaged.", "清单已损坏。")

    with pytest.raises(ManifestError, match="list is damaged"):
        add_recordings(store, worker, items())
    assert len(store) == COUNT
