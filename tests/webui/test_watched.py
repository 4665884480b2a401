"""Work that is watched."""

from threading import Event

import pytest

from emotone.errors import EmotoneError
from emotone.webui.watched import NobodyWaitsError, watched


def result_of(running):
    """What a generator returns at its end."""
    while True:
        try:
            next(running)
        except StopIteration as ended:
            return ended.value


def test_it_shows_how_far_the_work_is_and_gives_its_result():
    go = Event()

    def work(progress):
        progress(1.5)
        assert go.wait(30)
        return "done"

    running = watched(work, lambda seconds: f"{seconds} s", every=0.01)
    shown = [next(running)]
    while shown[-1] != "1.5 s":
        shown.append(next(running))
    go.set()
    assert result_of(running) == "done"


def test_it_ends_when_nobody_waits():
    ended = []
    left = Event()

    def work(progress):
        try:
            assert left.wait(30)
            while True:
                progress(1.0)
        except NobodyWaitsError:
            ended.append(True)
            raise

    running = watched(work, lambda seconds: left.set() or seconds, every=0.01)
    next(running)
    running.close()
    assert ended == [True]


def test_what_goes_wrong_passes_through():
    def work(progress):
        raise EmotoneError("broken", "坏了")

    with pytest.raises(EmotoneError, match="broken"):
        next(watched(work, float, every=30))
