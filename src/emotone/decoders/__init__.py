"""Decoding apart from this process: a file of a stranger can end its decoder, and nothing else.

FFmpeg reads a hundred formats in C, and a few kilobytes can ask it for gigabytes (an index of 2^31 samples, a compressed picture
in a tag). A server therefore decodes in small processes of their own, whose memory is limited; one that breaks is replaced.
"""

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import errors
from ..audio import open_recording, source_name
from ..decode import Decoded, Faults, Format
from ..engine import usable_cores
from ..errors import EmotoneError, UnsupportedAudioError
from ..recording import Recording

MEMORY_MB = 256  # that a decoder may take beyond its start; a day of AAC, whose index is the largest, needs 90
PATIENCE = 60.0  # seconds until the next samples; an hour of FLAC takes one second
_PIPE_BYTES = 2**20  # as much as a block has, so that it need not wait for its reader


class Decoders:
    """Processes that decode files for this one. Safe to share between threads. Also a context manager.

    Args:
        idle: How many are kept ready; more are started when they are needed. `None`: one for each core.
        patience: Seconds to wait for the next samples.
        most: How many decode at a time; further files wait. `None`: any number.
    """

    def __init__(self, idle: int | None = None, patience: float = PATIENCE, most: int | None = None) -> None:
        self._most_idle = usable_cores() if idle is None else idle
        self._room = threading.Semaphore(most) if most else nullcontext()
        self._patience = patience
        self._lock = threading.Lock()
        self._idle: deque[_Decoder] = deque()
        self._closed = False

    def open(self, path: Path, *, channel: int | None = None, longest: float | None = None) -> Recording:
        """A file as a recording that is decoded elsewhere. Arguments, results and errors as in `open_recording`.

        With `longest`, a recording of more seconds raises `AudioTooLongError` before any of its samples come.
        Its blocks raise `UnsupportedAudioError` also when decoding takes too much memory or time, or breaks FFmpeg.
        """
        here = open_recording(path)  # for its sha256, and for what can be told without decoding

        def decoded(name: str, faults: Faults) -> Iterator[Decoded]:
            with self._room:
                decoder = self._take()
                try:
                    yield from decoder.decode(path, name, longest, faults, self._patience)
                finally:
                    self._give_back(decoder)

        def announced(name: str) -> Format:
            decoder = self._take()
            try:
                return decoder.announce(path, name, self._patience)
            finally:
                self._give_back(decoder)

        return Recording(source_name(path), decoded, lambda: here.source.sha256, announced, channel)

    def close(self) -> None:
        """Ends the processes that are idle now, and each of the others when its file ends."""
        with self._lock:
            self._closed = True
            waiting = list(self._idle)
            self._idle.clear()
        for decoder in waiting:
            decoder.close()

    def __enter__(self) -> "Decoders":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self) -> "_Decoder":
        with self._lock:
            while self._idle:
                decoder = self._idle.pop()
                if decoder.usable:
                    return decoder
        return _Decoder()

    def _give_back(self, decoder: "_Decoder") -> None:
        with self._lock:
            if decoder.usable and not self._closed and len(self._idle) < self._most_idle:
                self._idle.append(decoder)
                return
        decoder.close()


class _Decoder:
    """One process. It is never far ahead of who reads: a pipe holds a block or two."""

    def __init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("EMOTONE_")}
        environment["PYTHONPATH"] = os.pathsep.join(os.path.abspath(place) for place in sys.path if place)
        self._busy = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{__name__}.worker", str(MEMORY_MB)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=os.path.abspath(os.sep),  # Python would import what lies in the working folder
            start_new_session=True,  # Ctrl-C is for the server, which finishes what it does
            pipesize=_PIPE_BYTES,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._questions, self._answers = self._process.stdin, self._process.stdout

    @property
    def usable(self) -> bool:
        """Whether it waits for a file."""
        return not self._busy and self._process.poll() is None

    def decode(
        self, path: Path, name: str, longest: float | None, faults: Faults, patience: float
    ) -> Iterator[Decoded]:
        """The samples of a file; after the last ones, what was found wrong with it."""
        reply = self._ask({"verb": "decode", "longest": longest}, path, name, patience)
        while "shape" in reply or "measured" in reply:
            if "shape" in reply:
                yield self._samples(reply["shape"], name), reply["sample_rate"]
            reply = self._reply(name, patience)
        self._finished(reply)
        faults.truncated, faults.damaged = reply["truncated"], reply["damaged"]

    def announce(self, path: Path, name: str, patience: float) -> Format:
        """What the header of a file says."""
        reply = self._ask({"verb": "announce"}, path, name, patience)
        self._finished(reply)
        return Format(**reply["format"])

    def _ask(self, what: dict[str, Any], path: Path, name: str, patience: float) -> dict[str, Any]:
        self._busy = True  # in the middle of a file it is no use to others
        question = {**what, "path": os.path.abspath(path), "name": name}
        try:
            self._questions.write(json.dumps(question).encode() + b"\n")
            self._questions.flush()
        except OSError as error:
            raise _broken(name) from error
        return self._reply(name, patience)

    def _samples(self, shape: list[int], name: str) -> NDArray[np.float32]:
        count = shape[0] * shape[1]
        data = self._answers.read(4 * count)
        if len(data) < 4 * count:  # it has ended in the middle of what it wrote
            raise _broken(name)
        return np.frombuffer(data, np.float32).reshape(shape)

    def _finished(self, reply: dict[str, Any]) -> None:
        self._busy = False
        if "error" in reply:
            raise _error(reply)

    def _reply(self, name: str, patience: float) -> dict[str, Any]:
        watch = threading.Timer(patience, self._process.kill)
        watch.daemon = True
        watch.start()
        try:
            reply: dict[str, Any] = json.loads(self._answers.readline())
        except (OSError, ValueError) as error:  # it has ended
            raise _broken(name) from error
        else:
            return reply
        finally:
            watch.cancel()

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._questions, self._answers):
            with suppress(OSError):  # what was not written finds no reader
                pipe.close()


def _error(reply: dict[str, Any]) -> EmotoneError:
    kind = getattr(errors, reply["error"])
    error: EmotoneError = kind(reply["en"], reply["zh"])
    return error


def _broken(name: str) -> UnsupportedAudioError:
    return UnsupportedAudioError(
        f"'{name}' cannot be decoded with {MEMORY_MB} MB of memory in reasonable time: it is damaged or made to do harm. "
        "Convert it to WAV or FLAC.",
        f"无法用 {MEMORY_MB} MB 内存在合理时间内解码“{name}”：文件已损坏或为恶意构造。请转换为 WAV 或 FLAC。",
    )
