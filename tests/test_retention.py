"""Old results go, the oldest first; whatever else lies there stays."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import emotone
from emotone.outputs import save_result
from emotone.retention import Keeper, Removed, Retention, clear

NOW = datetime(2026, 3, 10, 12, 0, 0)


def result(root: Path, age_days: float, size: int = 1_000, ending: str = "") -> Path:
    folder = root / f"outputs_{NOW - timedelta(days=age_days):%Y%m%d_%H%M%S}{ending}"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text("{}")
    (folder / "processed_audio.wav").write_bytes(bytes(size - 2))
    return folder


def test_a_real_result_is_recognised(model: emotone.Recognizer, clips: list[Path], tmp_path: Path) -> None:
    said, when = model.predict(clips[0]), NOW - timedelta(days=8)
    paths = [save_result(said, [np.zeros(100, np.float32)], tmp_path, when=when).path for _ in range(2)]
    size = sum(file.stat().st_size for path in paths for file in path.iterdir())
    assert clear(tmp_path, Retention(days=7), NOW) == Removed((paths[0].name, paths[1].name), size)
    assert list(tmp_path.iterdir()) == []


def test_older_ones_go(tmp_path: Path) -> None:
    old, young = result(tmp_path, 7.1), result(tmp_path, 6.9)
    os.utime(old)  # copied today: as old as before
    assert clear(tmp_path, Retention(days=7), NOW).folders == (old.name,)
    assert list(tmp_path.iterdir()) == [young]


def test_the_oldest_go_until_the_rest_fits(tmp_path: Path) -> None:
    folders = [result(tmp_path, age, 1_000_000) for age in (1, 5, 3)]
    second = result(tmp_path, 3, 1_000_000, "_2")
    tenth = result(tmp_path, 3, 1_000_000, "_10")
    assert clear(tmp_path, Retention(gigabytes=0.002), NOW) == Removed(
        (folders[1].name, folders[2].name, second.name), 3_000_000
    )
    assert sorted(tmp_path.iterdir()) == sorted([folders[0], tenth])


def test_both_limits(tmp_path: Path) -> None:
    result(tmp_path, 9, 1_000), result(tmp_path, 2, 1_000_000), result(tmp_path, 1, 900_000)
    assert len(clear(tmp_path, Retention(7, 0.001), NOW).folders) == 2


def test_without_limits_everything_stays(tmp_path: Path) -> None:
    folder = result(tmp_path, 10_000)
    assert clear(tmp_path, Retention(), NOW) == Removed((), 0)
    assert folder.exists()


def test_nothing_else_is_removed(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "outputs", tmp_path / "elsewhere"
    target = result(elsewhere, 100)
    root.mkdir()
    (root / target.name).symlink_to(target, target_is_directory=True)
    (root / "outputs_20200101_000000").write_text("a file of this name")
    (root / "outputs_20201301_000000").mkdir()
    (root / "outputs_20201301_000000" / "result.json").write_text("{}")
    (root / "outputs_20200101_000001").mkdir()  # somebody's own: no result in it
    (root / "outputs_20200101_000002_notes").mkdir()
    (root / "my_outputs_20200101_000000").mkdir()
    linked = root / "outputs_20200101_000003"
    linked.mkdir()
    (linked / "result.json").symlink_to(target / "result.json")
    (root / ".draft_mine").mkdir()
    before = sorted(root.iterdir())
    assert clear(root, Retention(days=1, gigabytes=0.000_000_001), NOW) == Removed((), 0)
    assert sorted(root.iterdir()) == before
    assert len(list(target.iterdir())) == 2


def test_a_link_in_a_result_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("stay")
    folder = result(tmp_path / "outputs", 100)
    (folder / "link").symlink_to(precious, target_is_directory=True)
    assert clear(tmp_path / "outputs", Retention(days=1), NOW).folders == (folder.name,)
    assert (precious / "file").read_text() == "stay"


def test_what_a_killed_process_left_goes_after_a_day(tmp_path: Path) -> None:
    left, running = tmp_path / f".draft_{'a' * 32}", tmp_path / f".draft_{'b' * 32}"
    for place, age in ((left, 25), (running, 23)):
        place.mkdir()
        (place / "processed_audio.wav").write_bytes(b"half")
        time = (NOW - timedelta(hours=age)).timestamp()
        os.utime(place, (time, time))
    file = tmp_path / f".draft_{'c' * 32}"
    file.write_bytes(b"half")
    os.utime(file, (0, 0))
    clear(tmp_path, Retention(), NOW)
    assert list(tmp_path.iterdir()) == [running]


def test_a_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert clear(tmp_path / "none", Retention(days=1), NOW) == Removed((), 0)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not stop this user")
def test_what_cannot_be_removed_stays(tmp_path: Path) -> None:
    folder = result(tmp_path, 9)
    tmp_path.chmod(0o500)
    assert clear(tmp_path, Retention(days=7), NOW) == Removed((), 0)
    tmp_path.chmod(0o700)
    assert folder.exists()


def test_the_keeper_clears_at_once_and_ends(tmp_path: Path) -> None:
    result(tmp_path, 9)
    with Keeper(tmp_path, Retention(days=7)) as keeper:
        pass
    assert list(tmp_path.iterdir()) == []
    assert not keeper._thread.is_alive()
