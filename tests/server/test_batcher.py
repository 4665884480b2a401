"""Batches: nothing changes but the cost, and an error of one recording is its own."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import numpy as np
import pytest
from sending import upload

from emotone import Recognizer, load_audio
from emotone.server.batcher import Batcher, _Waiting, matching


class Watched:
    """An engine that notes the lengths of each batch, and waits at first, so that others come to wait."""

    def __init__(self, runner: object) -> None:
        self.runner = runner
        self.batches: list[list[int]] = []
        self.entered, self.go = Event(), Event()

    def run(self, signals: list[np.ndarray]) -> list[np.ndarray]:
        self.batches.append([signal.size for signal in signals])
        self.entered.set()
        assert self.go.wait(30)
        if any(not np.isfinite(signal).all() for signal in signals):
            raise ValueError("a signal is broken")
        return self.runner.run(signals)


@pytest.fixture
def watched(model: Recognizer) -> Iterator[Watched]:
    engine = Watched(model.for_many().runner)
    yield engine
    engine.go.set()


def signals_of(clips: list[Path], seconds: list[float]) -> list[np.ndarray]:
    whole = np.concatenate([load_audio(clip).samples for clip in clips])
    return [whole[: round(16_000 * length)] for length in seconds]


def run_all(batcher: Batcher, watched: Watched, signals: list[np.ndarray]) -> list[object]:
    """The frames of each signal, or its error; all but the first wait at the same time."""

    def run(signal: np.ndarray) -> object:
        try:
            return batcher.run([signal])[0]
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(len(signals)) as pool:
        first = pool.submit(run, signals[0])
        assert watched.entered.wait(30)
        others = [pool.submit(run, signal) for signal in signals[1:]]
        while len(batcher._waiting) < len(others):
            threading.Event().wait(0.005)
        watched.go.set()
        return [one.result(30) for one in (first, *others)]


def test_frames_are_those_of_a_run_alone(model: Recognizer, watched: Watched, clips: list[Path]):
    signals = signals_of(clips, [3, 1.8, 1.9, 5, 1.85, 1, 5.2, 1.95])
    sizes: list[int] = []
    batcher = Batcher(watched, 1, 4, on_batch=sizes.append)
    for signal, frames in zip(signals, run_all(batcher, watched, signals), strict=True):
        (alone,) = model.runner.run([signal])
        assert frames.shape == alone.shape
        together, apart = (model.head.scores(model.head.logits(rows.mean(axis=0))) for rows in (frames, alone))
        assert together == pytest.approx(apart, abs=1e-4)
    assert sizes == [len(batch) for batch in watched.batches]
    assert sorted(watched.batches[1]) == [28_800, 29_600, 30_400, 31_200]
    assert sum(sizes) == len(signals)
    batcher.close()


def test_an_error_is_of_its_own_signal(watched: Watched, clips: list[Path]):
    signals = signals_of(clips, [3, 2, 2, 2])
    signals[2] = np.full_like(signals[2], np.nan)
    batcher = Batcher(watched, 1, 4)
    first, second, broken, fourth = run_all(batcher, watched, signals)
    assert broken == "a signal is broken"
    for frames in (first, second, fourth):
        assert np.isfinite(frames).all()
    batcher.close()


def test_a_closed_batcher_still_answers(model: Recognizer, clips: list[Path]):
    batcher = Batcher(model.runner, 1, 4)
    (signal,) = signals_of(clips, [2])
    before = batcher.run([signal])[0]
    batcher.close()
    np.testing.assert_array_equal(batcher.run([signal])[0], before)


def test_a_batch_is_of_about_the_same_length():
    def lengths(sizes: list[int], most: int) -> list[int]:
        return [one.signal.size for one in matching([_Waiting(np.zeros(size, np.float32)) for size in sizes], most)]

    assert lengths([100, 200, 104, 96, 108], 8) == [100, 104, 96]  # 108 would be 1.125 times the shortest
    assert lengths([100, 100, 100], 2) == [100, 100]
    second = 16_000
    assert lengths([2 * second] * 6, 8) == [2 * second] * 4
    assert lengths([4 * second + 1] * 3, 8) == [4 * second + 1]
    assert lengths([100 * second, 5], 8) == [100 * second]


def test_a_server_that_fills_batches_says_the_same(start, model: Recognizer, clips: list[Path]):
    served = start(workers=1, max_batch=8, max_wait_ms=300)
    expected = [model.predict(clip) for clip in clips]
    with ThreadPoolExecutor(12) as pool:
        answers = list(
            pool.map(lambda clip: httpx.post(f"{served.url}v1/predict", files=[upload(clip)], timeout=60), clips * 4)
        )
    for answer, wanted in zip(answers, expected * 4, strict=True):
        assert answer.json()["scores"] == pytest.approx(dict(wanted.scores), abs=1e-4)
    text = httpx.get(f"{served.url}metrics").text
    values = {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if line.startswith("emotone_batch")}
    assert values["emotone_batch_size_sum"] == 12
    assert values["emotone_batch_size_count"] < 12
