"""Runs on a Ray cluster of several machines: every file once, whoever dies."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import psutil
import pytest
from archive import cli, table, write_archive

from emotone.batch import Item, Progress, RunFolder, Worker, WorkOptions, items_of, open_run, run_local
from emotone.errors import OptionError, OutputError

ray = pytest.importorskip("ray")
from ray.cluster_utils import Cluster  # noqa: E402 - where Ray is

from emotone.batch.ray import run_ray  # noqa: E402

FILES, BAD = 120, 2
CORES = 4  # of a machine, as it believes


@pytest.fixture(scope="module")
def worker() -> Worker:
    return Worker("emotone-small", WorkOptions(embedding=True))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real recordings, one of them twice, and two that are none."""
    folder = write_archive(tmp_path_factory.mktemp("ray") / "archive", FILES - BAD - 1)
    (folder / "copy.wav").write_bytes((folder / "a" / "000.wav").read_bytes())
    (folder / "bad.wav").write_text("no recording")
    (folder / "empty.wav").touch()
    return folder


@pytest.fixture(scope="module")
def expected(worker: Worker, archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of the same by the local runner."""
    path = tmp_path_factory.mktemp("local") / "run"
    run_local(RunFolder(path), worker, items_of([str(archive)]))
    return path


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": CORES, "include_dashboard": False})
    ray.init(address=cluster.address, logging_level="ERROR", log_to_driver=False)
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def check_same(path: Path, expected: Path) -> None:
    """Row for row; the numbers of two processes may differ in the last digits."""
    found, wanted = table(path), table(expected)
    assert [row["file"] for row in found] == [row["file"] for row in wanted]
    for row, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(row.pop("embedding"), other.pop("embedding"), atol=1e-4)
        doubts = other.pop("doubts")
        assert row.pop("doubts") == doubts
        assert row == pytest.approx(other, abs=1e-4)
    failed, failures = open_run(path).failures(), open_run(expected).failures()
    assert sorted((line.file, line.code) for line in failed) == sorted((line.file, line.code) for line in failures)


def rows_in_parts(path: Path) -> int:
    run = RunFolder(path)
    return sum(run.read_part(part).num_rows for part in run.parts())


@dataclass
class Killer:
    """Kills a worker when the first part is written, and a machine when the second is."""

    cluster: Cluster
    found: list[Progress] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)

    def __call__(self, progress: Progress) -> None:
        self.found.append(progress)
        if not self.killed:
            head, *_ = self.cluster.list_all_nodes()
            self.actors_of(head)[0].kill()
            self.killed.append("worker")
        elif self.killed == ["worker"] and progress.done > self.found[0].done:
            machine = next(node for node in self.cluster.list_all_nodes()[1:] if self.actors_of(node))
            self.cluster.remove_node(machine, allow_graceful=False)
            self.killed.append("machine")

    def actors_of(self, node: object) -> list[psutil.Process]:
        (raylet,) = (info.process.pid for info in node.all_processes["raylet"])  # type: ignore[attr-defined]
        children = psutil.Process(raylet).children(recursive=True)
        return [child for child in children if "_Hearing" in " ".join(child.cmdline())]


def test_whoever_dies_nothing_is_lost_and_nothing_is_there_twice(
    cluster: Cluster, worker: Worker, archive: Path, tmp_path: Path, expected: Path
) -> None:
    for _ in range(2):
        cluster.add_node(num_cpus=CORES)
    cluster.wait_for_nodes()
    killer, path = Killer(cluster), tmp_path / "run"
    progress = run_ray(RunFolder(path), worker, items_of([str(archive)]), workers=3, on_progress=killer)
    assert killer.killed == ["worker", "machine"]
    assert 0 < killer.found[1].done < FILES - BAD  # in the middle
    assert (progress.done, progress.failures, progress.skipped) == (FILES - BAD, BAD, 0)
    assert rows_in_parts(path) == FILES - BAD
    check_same(path, expected)
    asked = open_run(path).run
    assert asked["finished"]
    assert asked["counts"] == pytest.approx(open_run(expected).run["counts"])


def test_what_one_runner_began_the_other_continues(
    cluster: Cluster, worker: Worker, archive: Path, tmp_path: Path, expected: Path
) -> None:
    path = tmp_path / "run"
    run_local(RunFolder(path), worker, islice(items_of([str(archive)]), 100))
    progress = run_ray(RunFolder(path), worker, items_of([str(archive)]), workers=2)
    assert (progress.done + progress.failures, progress.skipped, progress.copies) == (FILES - 100, 100, 1)
    assert rows_in_parts(path) == FILES - BAD
    check_same(path, expected)
    again = run_local(RunFolder(path), worker, items_of([str(archive)]))
    assert (again.done, again.failures, again.skipped, again.failed_before) == (0, 0, FILES, BAD)
    with pytest.raises(OptionError, match="begun otherwise"):
        run_ray(RunFolder(path), Worker("emotone-small"), items_of([str(archive)]))


def test_the_same_bytes_are_analysed_once_on_all_machines(
    cluster: Cluster, worker: Worker, archive: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    contents = [path.read_bytes() for path in sorted((archive / "a").iterdir())[:3]]
    for number in range(24):
        (folder / f"{number:02d}.wav").write_bytes(contents[number % 3])
    for number in range(5):
        (folder / f"bad{number}.wav").write_bytes(b"RIFF, but no recording")
    run_local(RunFolder(tmp_path / "local"), worker, items_of([str(folder)]))
    path = tmp_path / "run"
    progress = run_ray(RunFolder(path), worker, items_of([str(folder)]), workers=2)
    assert (progress.done, progress.copies, progress.failures) == (24, 21, 5)
    assert rows_in_parts(path) == 24
    check_same(path, tmp_path / "local")
    (folder / "00.wav").touch()  # another date, the same bytes
    (folder / "more.wav").write_bytes((folder / "01.wav").read_bytes())
    progress = run_ray(RunFolder(path), worker, items_of([str(folder)]), workers=2)
    assert (progress.done, progress.copies, progress.skipped) == (2, 2, 28)
    run_local(RunFolder(tmp_path / "local"), worker, items_of([str(folder)]))
    check_same(path, tmp_path / "local")


def test_a_command_that_was_killed_is_continued(
    cluster: Cluster, archive: Path, tmp_path: Path, expected: Path
) -> None:
    path = tmp_path / "run"
    command = ("run", archive, "-o", path, "--embedding", "--runner", "ray", "--workers", 2)
    there = {**os.environ, "RAY_ADDRESS": cluster.address}
    words = [sys.executable, "-m", "emotone", "batch", *map(str, command)]
    with subprocess.Popen(words, env=there, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not list(path.glob("parts/part-*")):
            time.sleep(0.05)
        process.kill()
    assert process.returncode < 0  # it was not ready
    done = cli(*command, code=1, env=there)
    assert "Traceback" not in done.stderr
    assert "empty.wav" in done.stderr
    check_same(path, expected)


@dataclass(frozen=True)
class Deadly:
    """A recording that kills who reads it."""

    def open(self) -> BinaryIO:
        os._exit(1)


def test_a_file_that_kills_its_worker_fails_alone(
    cluster: Cluster, worker: Worker, archive: Path, tmp_path: Path
) -> None:
    path = tmp_path / "run"
    items = [*islice(items_of([str(archive)]), 4), Item("deadly.wav", Deadly())]
    progress = run_ray(RunFolder(path), worker, items, workers=1)
    assert (progress.done, progress.failures) == (4, 1)
    (line,) = open_run(path).failures()
    assert (line.file, line.code) == ("deadly.wav", "WorkerLost")


def test_a_machine_that_does_not_see_the_folder_says_so(worker: Worker, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not see the run folder"):
        RunFolder(tmp_path).check(worker)


def test_an_address_without_a_cluster_is_an_error(archive: Path, tmp_path: Path) -> None:
    there = {**os.environ, "RAY_ADDRESS": "127.0.0.1:1"}
    done = cli("run", archive, "-o", tmp_path / "run", "--runner", "ray", code=2, env=there)
    assert "no Ray cluster at '127.0.0.1:1'" in done.stderr
    assert "Traceback" not in done.stderr
