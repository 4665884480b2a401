"""Runs on this computer: what is done, what is not done again, and what fails."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive import CountingWorker, cli, table, write_archive

import emotone
from emotone.batch import Item, Progress, RunFolder, Worker, WorkOptions, items_of, open_run, run_local
from emotone.batch.places import LocalFile
from emotone.errors import ManifestError, OptionError, OutputError


@pytest.fixture(scope="module")
def worker() -> CountingWorker:
    return CountingWorker("emotone-small", WorkOptions(embedding=True))


@pytest.fixture(autouse=True)
def nothing_heard_yet(worker: CountingWorker) -> None:
    worker.read_names.clear()
    worker.heard_names.clear()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write_archive(tmp_path / "archive")


def run(worker: Worker, archive: Path, path: Path, **options: bool) -> Progress:
    return run_local(RunFolder(path), worker, items_of([str(archive)]), **options)


def test_every_file_has_its_row(
    worker: CountingWorker, archive: Path, tmp_path: Path, model: emotone.Recognizer
) -> None:
    progress = run(worker, archive, tmp_path / "run")
    rows = table(tmp_path / "run")
    assert [row["file"] for row in rows] == sorted(str(path.relative_to(archive)) for path in archive.rglob("*.wav"))
    for row in rows:
        said = model.predict(archive / row["file"])
        assert (row["label"], row["sha256"], row["end"]) == (said.label, said.source.sha256, said.duration)
        assert row["confidence"] == pytest.approx(said.confidence, abs=1e-5)
        assert row["embedding"] == pytest.approx(said.embedding.tolist(), abs=1e-4)
        assert row["doubts"] == [reason.code for reason in said.doubts]
    assert (progress.done, progress.skipped, progress.failures, progress.copies) == (8, 0, 0, 0)
    assert progress.seconds == pytest.approx(sum(row["duration"] for row in rows))
    asked = open_run(tmp_path / "run").run
    assert asked["finished"]
    assert asked["counts"] == {"files": 8, "rows": 8, "failures": 0, "seconds": pytest.approx(progress.seconds)}
    assert asked["model"] == {"name": "emotone-small", "revision": model.info.revision, "sha256": model.info.sha256}
    assert asked["options"] == {"granularity": "utterance", "embedding": True, "channel": None, "baseline": None}


def test_what_is_done_is_not_even_read_again(worker: CountingWorker, archive: Path, tmp_path: Path) -> None:
    run(worker, archive, tmp_path / "run")
    before = table(tmp_path / "run")
    write_archive(archive / "more", 9)
    for known in (archive / "more").rglob("00[0-7].wav"):
        known.unlink()
    worker.read_names.clear()
    worker.heard_names.clear()
    progress = run(worker, archive, tmp_path / "run")
    assert worker.read_names == worker.heard_names == [str(archive / "more" / "a" / "008.wav")]
    assert (progress.done, progress.skipped) == (1, 8)
    assert [row for row in table(tmp_path / "run") if "more" not in row["file"]] == before


def test_a_file_of_another_date_is_read_but_not_analysed_again(
    worker: CountingWorker, archive: Path, tmp_path: Path
) -> None:
    run(worker, archive, tmp_path / "run")
    before = table(tmp_path / "run")
    os.utime(archive / "a" / "000.wav", (1, 1))
    for reads in (9, 9):  # the second time the new date is known
        progress = run(worker, archive, tmp_path / "run")
        assert (len(worker.read_names), len(worker.heard_names)) == (reads, 8)
    assert progress.skipped == 8
    assert table(tmp_path / "run") == before


def test_a_file_that_changed_is_analysed_again(worker: CountingWorker, archive: Path, tmp_path: Path) -> None:
    run(worker, archive, tmp_path / "run")
    changed = archive / "a" / "002.wav"
    changed.write_bytes((archive / "b" / "005.wav").read_bytes() + b"\0" * 100)
    progress = run(worker, archive, tmp_path / "run")
    rows = {row["file"]: row for row in table(tmp_path / "run")}
    assert (progress.done, progress.skipped, len(rows)) == (1, 7, 8)
    assert rows["a/002.wav"]["label"] == rows["b/005.wav"]["label"]
    assert rows["a/002.wav"]["embedding"] == rows["b/005.wav"]["embedding"]
    changed.write_bytes(b"no sound any more")
    assert run(worker, archive, tmp_path / "run").failures == 1
    assert [row["file"] for row in table(tmp_path / "run")] == sorted(set(rows) - {"a/002.wav"})


def test_equal_bytes_are_analysed_once(worker: CountingWorker, archive: Path, tmp_path: Path) -> None:
    data = (archive / "a" / "000.wav").read_bytes()
    for name in ("copy1.wav", "copy2.mp3"):
        (archive / "b" / name).write_bytes(data)
    progress = run(worker, archive, tmp_path / "run")
    assert (len(worker.heard_names), progress.done, progress.copies) == (8, 10, 2)
    (archive / "later.wav").write_bytes(data)  # its rows are in a part by now
    (archive / "list.csv").write_text("file,speaker\nlater.wav,Anna\n")
    again = run_local(RunFolder(tmp_path / "run"), worker, items_of([str(archive / "list.csv")]))
    assert (len(worker.heard_names), again.done, again.copies) == (8, 1, 1)
    rows = {row.pop("file"): row for row in table(tmp_path / "run")}
    assert rows["later.wav"].pop("speaker") == "Anna"
    assert {row.pop("speaker", None) for row in rows.values()} == {None}
    assert rows["a/000.wav"] == rows["b/copy1.wav"] == rows["b/copy2.mp3"] == rows["later.wav"]


def test_a_bad_file_is_a_failure_and_stops_nothing(worker: CountingWorker, archive: Path, tmp_path: Path) -> None:
    (archive / "bad.wav").write_bytes(b"this is no sound")
    (archive / "empty.wav").write_bytes(b"")

    def items() -> Iterator[Item]:
        yield Item(str(archive / "vanished.wav"), LocalFile(archive / "vanished.wav"))
        yield from items_of([str(archive)])

    progress = run_local(RunFolder(tmp_path / "run"), worker, items())
    assert (progress.done, progress.failures) == (8, 3)
    lines = [json.loads(line) for line in (tmp_path / "run" / "failures.jsonl").read_text("utf-8").splitlines()]
    found = {Path(line["file"]).name: (line["code"], line["en"], line["zh"]) for line in lines}
    assert {name: code for name, (code, _, _) in found.items()} == {
        "bad.wav": "UnsupportedAudioError",
        "empty.wav": "EmptyAudioError",
        "vanished.wav": "AudioNotFoundError",
    }
    assert "'bad.wav' is not audio" in found["bad.wav"][1]
    assert "“bad.wav”不是" in found["bad.wav"][2]


def test_failures_are_tried_again_when_asked_for_or_changed(
    worker: CountingWorker, archive: Path, tmp_path: Path
) -> None:
    (archive / "a" / "bad.wav").write_bytes(b"this is no sound")
    (archive / "a" / "worse.wav").write_bytes(b"nor is this")
    run(worker, archive, tmp_path / "run")
    again = run(worker, archive, tmp_path / "run")
    assert (again.skipped, again.failed_before) == (10, 2)
    twice = run_local(RunFolder(tmp_path / "new"), worker, items_of([str(archive), str(archive)]))
    assert (twice.failures, twice.skipped, twice.failed_before) == (
        2,
        10,
        0,
    )  # what failed in this run is no older failure
    assert run(worker, archive, tmp_path / "run", retry_failures=True).failures == 2
    assert open_run(tmp_path / "run").run["counts"]["failures"] == 2
    (archive / "a" / "bad.wav").write_bytes((archive / "a" / "000.wav").read_bytes())
    progress = run(worker, archive, tmp_path / "run")
    assert (progress.done, progress.failures, progress.skipped) == (1, 0, 9)
    counts = open_run(tmp_path / "run").run["counts"]
    assert (counts["files"], counts["failures"]) == (9, 1)


def test_a_run_goes_on_as_it_was_begun(worker: CountingWorker, archive: Path, tmp_path: Path, official: Path) -> None:
    run(worker, archive, tmp_path / "run")
    other = Worker("emotone-small", WorkOptions("frame", embedding=True, channel=0))
    with pytest.raises(OptionError, match=r"granularity was utterance, now frame; channel was None, now 0\."):
        run(other, archive, tmp_path / "run")
    run_json = tmp_path / "run" / "run.json"
    run_json.write_text(run_json.read_text().replace(worker.info.sha256, "0" * 64))
    with pytest.raises(OptionError, match=r"the model was emotone-small \d+ \(000000000000…\), now emotone-small"):
        run(worker, archive, tmp_path / "run")


def test_one_process_at_a_time(worker: CountingWorker, archive: Path, tmp_path: Path) -> None:
    with (
        RunFolder(tmp_path / "run").working(worker),
        pytest.raises(OptionError, match="Another process is working"),
    ):
        run(worker, archive, tmp_path / "run")
    assert run(worker, archive, tmp_path / "run").done == 8


def test_what_a_crash_left_behind_does_no_harm(worker: CountingWorker, archive: Path, tmp_path: Path) -> None:
    (archive / "bad.wav").write_bytes(b"this is no sound")
    run(worker, archive, tmp_path / "run")
    before, folder = table(tmp_path / "run"), tmp_path / "run"
    (folder / "parts" / ".draft_0").write_bytes(b"half a part")
    with (folder / "failures.jsonl").open("a") as file:
        file.write('{"file": "torn')
    part = RunFolder(folder).parts()[0]
    part.write_bytes(part.read_bytes()[:-100])
    with pytest.raises(OutputError, match=r"cannot be read .* Run the batch again"):
        table(folder)
    (archive / "worse.wav").write_bytes(b"nor is this")
    run(worker, archive, folder)
    assert table(folder) == before
    assert not list((folder / "parts").glob(".*"))
    assert [Path(line.file).name for line in RunFolder(folder).failures()] == ["bad.wav", "worse.wav"]


def test_what_comes_before_a_damaged_list_is_done(worker: CountingWorker, archive: Path, tmp_path: Path) -> None:
    (archive / "list.jsonl").write_text('{"file": "a/000.wav"}\n{"file": ')
    with pytest.raises(ManifestError, match="line 2"):
        run_local(RunFolder(tmp_path / "run"), worker, items_of([str(archive / "list.jsonl")]))
    assert [row["file"] for row in table(tmp_path / "run")] == ["a/000.wav"]
    assert not open_run(tmp_path / "run").run["finished"]


def test_segments_in_frame_mode(four_moods: Path, tmp_path: Path, model: emotone.Recognizer) -> None:
    worker = Worker("emotone-small", WorkOptions("frame"))
    run_local(RunFolder(tmp_path / "run"), worker, items_of([str(four_moods)]))
    rows = table(tmp_path / "run")
    segments = model.timeline(four_moods).segments
    assert [(row["start"], row["end"], row["label"]) for row in rows] == [(s.start, s.end, s.label) for s in segments]
    assert "embedding" not in rows[0]


def test_a_worker_on_its_own(worker: CountingWorker, archive: Path) -> None:
    (archive / "copy.wav").write_bytes((archive / "a" / "000.wav").read_bytes())
    (archive / "bad.wav").write_bytes(b"this is no sound")
    results = worker(list(items_of([str(archive / "a"), str(archive / "bad.wav"), str(archive / "copy.wav")])))
    assert [Path(one.item.name).name for one in results.heard] == [
        "000.wav",
        "002.wav",
        "004.wav",
        "006.wav",
        "copy.wav",
    ]
    assert [one.rows[0].file for one in results.heard] == [one.item.name for one in results.heard]
    assert [(one.code, Path(one.item.name).name) for one in results.failed] == [("UnsupportedAudioError", "bad.wav")]
    assert len(worker.heard_names) == 5  # the copy was not listened to, the bad one was tried


SAVING_ALL_THE_TIME = """
import sys
from emotone.batch import local
local.SAVE_AT_LEAST = local.SAVE_AT_MOST = 0.0
from emotone.cli import main
main()
"""


def test_killed_at_any_moment_it_ends_with_the_same_table(worker: CountingWorker, tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "archive", 40)
    (archive / "bad.wav").write_bytes(b"this is no sound")
    (archive / "copy.wav").write_bytes((archive / "a" / "000.wav").read_bytes())
    run(worker, archive, tmp_path / "whole")
    wanted, killed = table(tmp_path / "whole"), tmp_path / "killed"
    command = [
        sys.executable,
        "-c",
        SAVING_ALL_THE_TIME,
        "batch",
        "run",
        str(archive),
        "-o",
        str(killed),
        "--embedding",
    ]
    chance, rounds = random.Random(5), 0
    for _ in range(4):
        before = len(RunFolder(killed).parts())
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while process.poll() is None and len(RunFolder(killed).parts()) == before:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        rounds += process.wait() == -signal.SIGKILL
    done = sum(len(table) for table in [RunFolder(killed).index().ranges(10_000)] for table in table)
    assert rounds >= 2  # it was killed in the middle, and more than once
    assert done > 0
    worker.heard_names.clear()
    progress = run(worker, archive, killed)
    assert len(worker.heard_names) <= 42 - done
    assert progress.files == 42
    assert table(killed) == wanted
    assert open_run(killed).run["counts"] == open_run(tmp_path / "whole").run["counts"]


def test_a_full_disk_ends_the_run_and_loses_nothing(worker: CountingWorker, archive: Path, tmp_path: Path) -> None:
    def little_space() -> None:  # a file may not become longer: as on a full disk, a write fails in the middle
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))

    arguments = ("run", archive, "-o", tmp_path / "run", "--embedding")
    for begin in (False, True):  # at the first file of the folder, and at the first part
        if begin:
            run_local(RunFolder(tmp_path / "run"), worker, iter(()))
        done = cli(*arguments, code=1, preexec_fn=little_space)
        assert "Results cannot be written" in done.stderr
        assert "Traceback" not in done.stderr
        assert list((tmp_path / "run").glob("parts/*")) == []
    assert (tmp_path / "run" / "parts").is_dir()
    cli(*arguments)
    assert len(table(tmp_path / "run")) == 8
