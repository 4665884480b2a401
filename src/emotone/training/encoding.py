"""A lesson as frames: every clip as it was recorded, and in made-up sessions of its voice."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..cache import cache_folder
from ..errors import OutputError
from ..evaluation import speaker_of
from ..recognizer import Recognizer
from ..text import Text
from .frames import UNKNOWN, FrameSet, encode_clips, keep_frames, mean_frames
from .lesson import Lesson
from .training import ENOUGH_CLIPS
from .tuned import Stage

SESSIONS = 3  # of each voice: as it was recorded, and two that never were


@contextmanager
def encoded_lesson(lesson: Lesson, recognizer: Recognizer, stage: Stage) -> Iterator[FrameSet]:
    """All clips in all sessions, first those as recorded, in the lesson's order. Frames are on disk until the end.

    Raises:
        AudioError: When a recording has become unreadable.
        OutputError: When the cache folder cannot be written.
    """
    clips = lesson.embedded.clips
    # A voice that nobody names is another one in each file.
    voices, files = [speaker_of(clip) or str(clip.file) for clip in clips], [clip.file for clip in clips]
    with _nameless_file() as file:
        with stage(Text("Listening in several rooms", "正在模拟多种录音环境"), SESSIONS * len(clips)) as advance:

            def parts() -> Iterator[NDArray[np.float16]]:
                for number in range(SESSIONS):
                    yield from encode_clips(recognizer, files, voices, number, on_done=advance)

            values, counts = keep_frames(parts(), recognizer.info.dim, file)
        yield FrameSet(
            values,
            counts.cumsum() - counts,
            counts,
            mean_frames(values, counts),
            np.tile(lesson.truth, SESSIONS),
            sessions_of(lesson),
            np.zeros(len(counts), np.int64),
            (1.0,),
            len(lesson.labels),
        )


@contextmanager
def _nameless_file() -> Iterator[BinaryIO]:
    """A file in the cache folder that is gone when the process is, however that ends."""
    root = cache_folder()
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root) as file:
            yield file
    except OSError as error:
        raise OutputError(
            f"Frames cannot be kept in '{root}': {error.strerror or error}. Free space, or name another folder in the "
            "environment variable EMOTONE_CACHE.",
            f"无法将帧保存到“{root}”：{error.strerror or error}。请清理磁盘空间，或通过环境变量 EMOTONE_CACHE 指定其他文件夹。",
        ) from error


def sessions_of(lesson: Lesson) -> NDArray[np.int64]:
    """The session of each clip `(SESSIONS * clips,)`; UNKNOWN where a mean would not say how the voice usually sounds."""
    names = [speaker_of(clip) for clip in lesson.embedded.clips]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    voices = np.array([numbers[name] for name in names])
    for name, number in numbers.items():
        own = voices == number
        if not name or own.sum() < ENOUGH_CLIPS or len(set(lesson.truth[own].tolist())) < 2:
            voices[own] = UNKNOWN
    return np.concatenate([np.where(voices == UNKNOWN, UNKNOWN, voices + n * len(numbers)) for n in range(SESSIONS)])
