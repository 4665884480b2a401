"""The process that decodes: questions come in on standard input, blocks of the signal go out on standard output."""

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..audio import open_recording
from ..decode import Decoded
from ..errors import EmotoneError, UnsupportedAudioError
from ..recording import ROUNDING, Recording, too_long

_BLOCK = 2**18  # samples of a reply: 1 MB
_WAITING = 2**24  # samples that may wait in memory: 64 MB


def main() -> None:
    """Decodes one file after another until standard input ends."""
    _limit_memory(int(sys.argv[1]))
    answers = sys.stdout.buffer
    for line in sys.stdin.buffer:
        for reply, data in _replies(json.loads(line)):
            answers.write(json.dumps(reply).encode() + b"\n" + data)
            answers.flush()


def _replies(question: dict[str, Any]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Replies with samples, and one about the end."""
    try:
        recording = open_recording(Path(question["path"]))
        recording.name = question["name"]
        if question["verb"] == "announce":
            yield {"format": asdict(recording.format)}, b""
            return
        yield from _measured(recording, question["longest"])
        yield {"truncated": recording.truncated, "damaged": recording.damaged}, b""
    except MemoryError:
        error = UnsupportedAudioError(
            f"'{question['name']}' needs more memory than any recording should. Convert it to WAV or FLAC.",
            f"“{question['name']}”需要的内存超出正常录音。请转换为 WAV 或 FLAC。",
        )
        yield _told(error), b""
    except EmotoneError as error:
        yield _told(error), b""


def _measured(recording: Recording, longest: float | None) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Samples, when all of them together are not too long: listening costs far more than decoding, so it never begins.

    A short recording is decoded once and waits in memory; a long one is decoded twice, with a sign of life for each block.
    """
    if longest is not None:
        waiting: list[Decoded] = []
        size, seconds = 0, 0.0
        for samples, rate in _gathered(recording.decoded()):
            size, seconds = size + samples.size, seconds + samples.shape[1] / rate
            if seconds > longest + ROUNDING:
                raise too_long(recording.name, longest)
            if size <= _WAITING:
                waiting.append((samples, rate))
            else:
                waiting.clear()
                yield {"measured": seconds}, b""
        if size <= _WAITING:
            yield from map(_reply, waiting)
            return
    yield from map(_reply, _gathered(recording.decoded()))


def _reply(decoded: Decoded) -> tuple[dict[str, Any], bytes]:
    samples, rate = decoded
    return {"shape": samples.shape, "sample_rate": rate}, samples.tobytes()


def _gathered(decoded: Iterator[Decoded]) -> Iterator[Decoded]:
    """The same samples in larger blocks: a packet of 20 ms is not worth a reply."""
    waiting: list[NDArray[np.float32]] = []
    size, kind = 0, (0, 0)
    for samples, rate in decoded:
        found = len(samples), rate
        if waiting and (found != kind or size >= _BLOCK):
            yield np.concatenate(waiting, axis=1), kind[1]
            waiting, size = [], 0
        waiting.append(samples)
        size, kind = size + samples.size, found
    if waiting:
        yield np.concatenate(waiting, axis=1), kind[1]


def _told(error: EmotoneError) -> dict[str, str]:
    return {"error": type(error).__name__, "en": error.text.en, "zh": error.text.zh}


def _limit_memory(megabytes: int) -> None:
    """Beyond what the process has now; it writes no files either, and is the first to go when the system has no memory."""
    try:
        import resource  # noqa: PLC0415 - not on Windows, where only the number of processes is a limit
    except ModuleNotFoundError:
        return
    used = 0
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        used = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData"))
    most = used + megabytes * 2**20
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":
    main()
