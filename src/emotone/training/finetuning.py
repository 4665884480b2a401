"""The steps of fine-tuning. Importing this module imports torch, onnx and spox."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from ..cache import cache_folder
from ..embeddings import EmbeddedClips
from ..errors import OutputError
from ..evaluation import speaker_of, uar_difference
from ..recognizer import Recognizer
from ..text import Text
from ..types import ModelInfo
from .frames import UNKNOWN, FrameSet, encode_clips, keep_frames, mean_frames, stride_of
from .graph import model_file, with_layers
from .layers import LayerOptions, Layers
from .lesson import Lesson, lesson_of
from .network import embed, train_layers
from .result import TrainedHead, provenance_of
from .splitting import Split
from .training import ENOUGH_CLIPS, Spaces, learn_head, split_lesson
from .tuned import FineTuned, Stage
from .warnings import find_warnings

SESSIONS = 3  # of each voice: as it was recorded, and two that never were
FOLDS = 5
STEPS = (100, 800)  # of training: one for each clip, within these
JUDGED_STEPS = 2400  # of all trainings together that only serve to judge; so many folds are judged, but two at least

_REVISION = 12  # digits of a hash

_Embeddings = NDArray[np.float32]


def run(
    embedded: EmbeddedClips,
    recognizer: Recognizer,
    base: Path,
    name: str,
    manifest: str,
    when: datetime,
    stage: Stage,
) -> FineTuned:
    """See `finetune`."""
    lesson = lesson_of(embedded)
    split = split_lesson(lesson, FOLDS)
    options = LayerOptions(steps=int(np.clip(len(lesson.truth), *STEPS)))
    judged = judged_folds(split, lesson, options.steps)
    with _encoded(lesson, recognizer, stage) as frames:
        layers, spaces = _learned(frames, split, judged, options, stage)
    before = lesson.embedded.embeddings
    plain = learn_head(lesson, split, Spaces([before] * judged, before))
    trained = learn_head(lesson, split, spaces)
    trained = replace(trained, warnings=find_warnings(lesson, split))
    layered = {"width": options.width, "blocks": options.blocks, "steps": options.steps, "sessions": SESSIONS}
    provenance = provenance_of(trained, lesson, manifest, when) | {"layers": layered}
    trained = replace(trained, head=replace(trained.head, provenance=provenance))
    info, model = _exported(base, layers, trained, lesson.embedded.model, name)
    evaluation = replace(trained.evaluation, model=info)
    relative = None if trained.relative is None else replace(trained.relative, model=info)
    trained = replace(trained, evaluation=evaluation, relative=relative)
    return FineTuned(model, trained, plain, uar_difference(trained.evaluation, plain.evaluation))


def judged_folds(split: Split, lesson: Lesson, steps: int) -> int:
    """How many folds, from the first one on, are held out and judged when each takes so many steps.

    Temperature and regularisation of a fold are chosen by the others: two classes need clips in two folds.
    """
    folds = max(2, min(split.folds, JUDGED_STEPS // steps))
    for enough in range(folds, split.folds):
        pairs = {(fold, label) for fold, label in zip(split.fold, lesson.truth, strict=True) if fold < enough}
        if (np.bincount([label for _, label in pairs]) > 1).sum() > 1:
            return enough
    return split.folds


@contextmanager
def _encoded(lesson: Lesson, recognizer: Recognizer, stage: Stage) -> Iterator[FrameSet]:
    """All clips in all sessions: first those as recorded, in the lesson's order. They are on disk until the end."""
    clips = lesson.embedded.clips
    # A voice that nobody names is another one in each file.
    voices, files = [speaker_of(clip) or str(clip.file) for clip in clips], [clip.file for clip in clips]
    with _folder() as folder:
        with stage(Text("Listening in several rooms", "正在模拟多种录音环境"), SESSIONS * len(clips)) as advance:

            def parts() -> Iterator[NDArray[np.float16]]:
                for number in range(SESSIONS):
                    yield from encode_clips(recognizer, files, voices, number, on_done=advance)

            values, counts = keep_frames(parts(), recognizer.info.dim, folder / "frames")
        yield FrameSet(
            values,
            counts.cumsum() - counts,
            counts,
            mean_frames(values, counts),
            np.tile(lesson.truth, SESSIONS),
            _sessions(lesson),
            np.zeros(len(counts), np.int64),
            (1.0,),
            len(lesson.labels),
        )


@contextmanager
def _folder() -> Iterator[Path]:
    root = cache_folder()
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="frames-", dir=root, ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    except OSError as error:
        raise OutputError(
            f"Frames cannot be kept in '{root}': {error.strerror or error}. Free space, or name another folder in the "
            "environment variable EMOTONE_CACHE.",
            f"无法将帧保存到“{root}”：{error.strerror or error}。请清理磁盘空间，或通过环境变量 EMOTONE_CACHE 指定其他文件夹。",
        ) from error


def _sessions(lesson: Lesson) -> NDArray[np.int64]:
    """The session of each clip `(SESSIONS * clips,)`; UNKNOWN where a mean would not say how the voice usually sounds."""
    names = [speaker_of(clip) for clip in lesson.embedded.clips]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    voices = np.array([numbers[name] for name in names])
    for name, number in numbers.items():
        own = voices == number
        if not name or own.sum() < ENOUGH_CLIPS or len(set(lesson.truth[own].tolist())) < 2:
            voices[own] = UNKNOWN
    return np.concatenate([np.where(voices == UNKNOWN, UNKNOWN, voices + n * len(numbers)) for n in range(SESSIONS)])


def _learned(frames: FrameSet, split: Split, judged: int, options: LayerOptions, stage: Stage) -> tuple[Layers, Spaces]:
    """Layers that learned from everything; embeddings by them, and by others for each fold that is judged."""
    recorded = frames.only(np.arange(len(split.fold)))
    with stage(Text("Training layers", "正在训练各层"), (judged + 1) * options.steps) as advance:

        def learn(clips: FrameSet) -> tuple[Layers, _Embeddings]:
            layers = train_layers(clips, options, on_progress=lambda share: advance())
            return layers, embed(layers, recorded)

        held = [np.tile(split.fold == fold, SESSIONS) for fold in range(judged)]
        spaces = [learn(frames.only(~rows))[1] for rows in held]
        layers, whole = learn(frames)
    return layers, Spaces(spaces, whole)


def _exported(base: Path, layers: Layers, trained: TrainedHead, model: ModelInfo, name: str) -> tuple[ModelInfo, bytes]:
    """What the new model is, and its file."""
    stride = stride_of(model.frame_rate)
    weights = [layers.weight, layers.bias, *(array for block in layers.blocks for array in astuple(block))]
    revision = hashlib.sha256(b"".join(array.tobytes() for array in weights)).hexdigest()[:_REVISION]
    info = replace(
        model, name=name, revision=revision, labels=trained.head.labels, dim=len(layers.bias),
        frame_rate=model.frame_rate / stride,
    )  # fmt: skip
    file = model_file(with_layers(onnx.load(base), [layers], stride), info, trained.head)
    return replace(info, sha256=hashlib.sha256(file).hexdigest()), file
