"""The steps of fine-tuning. Importing this module imports torch, onnx and spox."""

import hashlib
from dataclasses import astuple, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from ..embeddings import EmbeddedClips
from ..evaluation import uar_difference
from ..recognizer import Recognizer
from ..text import Text
from ..types import ModelInfo
from .encoding import SESSIONS, encoded_lesson
from .frames import FrameSet, stride_of
from .graph import model_file, with_layers
from .layers import LayerOptions, Layers
from .lesson import lesson_of
from .network import embed, train_layers
from .result import TrainedHead, provenance_of
from .splitting import Split, folds_to_judge
from .training import Spaces, learn_head, split_lesson
from .tuned import FineTuned, Stage
from .warnings import find_warnings

FOLDS = 5
STEPS = (100, 800)  # of training: one for each clip, within these
JUDGED_STEPS = 2400  # of all trainings together that only serve to judge

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
    judged = folds_to_judge(split, lesson.truth, JUDGED_STEPS // options.steps)
    with encoded_lesson(lesson, recognizer, stage) as frames:
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
