"""Baselines: how a voice usually sounds, from any recordings of it. Judged against that, the emotion stands out.

A voice, a microphone and a room move every embedding by about the same amount in every mood. Behind a linear head that move
is an offset of the logits, so it can be taken away exactly, from any span, before or after the fact. Some minutes of a voice also
show how its moods lie apart (`emotone.moods`): that is a straight map of the logits, as exact.
"""

import json
import math
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from .errors import ModelError, OptionError
from .heads import Head
from .moods import told_apart
from .text import Text
from .types import Baseline, ModelInfo, Reason

# Measured by benchmarks/baseline.py on held-out speakers; its table says what other values do.
PRIOR = 10.0  # seconds of speech that the usual voice counts for: the less there is, the less it moves
FULL_VARIETY = 0.36  # from which on a baseline is trusted fully: most sets of mixed moods have 0.4–0.8
ONE_MOOD = 0.24  # of variety: below it lie most sets of one mood, and the doubts say so
MOST_BYTES = 256 * 2**20  # that a baseline may take in memory: days of speech
MANY = 20.0  # stretches from which on more is made of how a voice's moods lie apart than of what is known of all voices
ENOUGH = 20.0  # seconds of speech; the doubts mention less

_DAMAGES = (  # what reading a file that is no baseline can end with
    *(KeyError, TypeError, ValueError, AttributeError, OverflowError, EOFError, MemoryError, RecursionError),
    *(NotImplementedError, RuntimeError, BadZipFile, zlib.error),
)
_LOUDEST, _LONGEST = 1e6, 1e7  # values of an embedding, and seconds of a stretch, that no recording comes near
_MOST_UNBIASED = 2.0  # what two equal stretches are raised by; a hundredth of a second beside an hour would be more


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What it takes to compare spans of a voice with its baseline: a straight map of their logits.

    Attributes:
        turn: float64 `(…, labels, labels)`: what logits are multiplied by.
        offset: float64 `(…, labels)`: what is then added.
        trust: float64 `(…)`: how much of the difference between the voice and the usual one that is, 0…1.
        variety: float64 `(…)`: how different the moods of the baseline seem to be, 0…1.
    """

    turn: NDArray[np.float64]
    offset: NDArray[np.float64]
    trust: NDArray[np.float64]
    variety: NDArray[np.float64]

    def applied(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logits `(…, labels)` of spans of the voice, compared; as many voices as there are comparisons, or one for all."""
        turned: NDArray[np.float64] = np.einsum("...kl,...l->...k", self.turn, logits)
        return turned + self.offset

    def at(self, places: NDArray[np.int64]) -> "Comparison":
        """Those at these places of several."""
        return Comparison(self.turn[places], self.offset[places], self.trust[places], self.variety[places])

    @classmethod
    def joined(cls, parts: Sequence["Comparison"]) -> "Comparison":
        """One behind the other, those of each part."""
        labels = parts[0].offset.shape[-1]
        return cls(
            np.concatenate([part.turn.reshape(-1, labels, labels) for part in parts]),
            np.concatenate([part.offset.reshape(-1, labels) for part in parts]),
            np.concatenate([part.trust.ravel() for part in parts]),
            np.concatenate([part.variety.ravel() for part in parts]),
        )

    @classmethod
    def none(cls, head: Head) -> "Comparison":
        """With nothing: logits stay what they are."""
        labels = len(head.labels)
        return cls(np.eye(labels), np.zeros(labels), np.zeros(()), np.zeros(()))


def compare(head: Head, logits: NDArray[np.float64], seconds: NDArray[np.float64]) -> Comparison:
    """How to compare a voice with its baseline, for many baselines at once.

    The mean of the stretches, weighted by their speech, is moved to `head.usual`. Little speech moves it less, and so
    does speech that seems to be of one mood: its mean is the voice *and* the mood, and taking both away removes the answer.
    The more stretches there are, the more the moods are told apart as this voice has them.

    Args:
        head: What the logits are of.
        logits: `(…, stretches, labels)`: of the baseline's stretches.
        seconds: `(…, stretches)`: speech in each, above 0.
    """
    usual = np.zeros(len(head.labels)) if head.usual is None else head.usual.astype(np.float64)
    total = seconds.sum(axis=-1)
    shares = (seconds / total[..., None])[..., None]
    variety = _variety(head, logits, shares)
    trust = total / (total + PRIOR) * np.minimum(variety / FULL_VARIETY, 1.0)
    away = usual - (shares * logits).sum(axis=-2)
    count = 1 / (shares[..., 0] ** 2).sum(axis=-1)  # as many stretches of equal length would say as much
    known = (trust * count / (count + MANY))[..., None]
    turn, shift = _told_apart(head, logits + away[..., None, :], shares[..., 0] * count[..., None])
    offset = known * (shift + (turn @ away[..., None])[..., 0]) + (1 - known) * trust[..., None] * away
    return Comparison(known[..., None] * turn + (1 - known[..., None]) * np.eye(len(usual)), offset, trust, variety)


def _told_apart(
    head: Head, logits: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """As `told_apart`; masked labels stay as they are."""
    active = np.flatnonzero([label not in head.masked for label in head.labels])
    turn = np.broadcast_to(np.eye(len(head.labels)), (*logits.shape[:-2], *2 * logits.shape[-1:])).copy()
    shift = np.zeros(turn.shape[:-1])
    turn[..., active[:, None], active], shift[..., active] = told_apart(logits[..., active], weights, head.temperature)
    return turn, shift


def _variety(head: Head, logits: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much a label says about the stretch that it was heard in: their mutual information, by the most there can be.

    The mean of that with the voice and without it. With it, one mood is told best; but a voice that is far from all others has
    one label whatever its mood, and is told only without it.
    """
    apart = logits - (shares * logits).sum(axis=-2, keepdims=True)
    information = (
        _information(head.probabilities(logits), shares) + _information(head.probabilities(apart), shares)
    ) / 2
    distinct = 1 - (shares[..., 0] ** 2).sum(axis=-1)  # 1 - 1/n for n equal stretches, which is what few of them hide
    unbiased = np.divide(1.0, distinct, out=np.zeros_like(distinct), where=distinct > 1e-9)
    most = math.log(len(head.labels) - len(head.masked)) or 1.0
    variety: NDArray[np.float64] = np.clip(information * np.minimum(unbiased, _MOST_UNBIASED) / most, 0.0, 1.0)
    return variety


def _information(scores: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """In nats."""
    spread: NDArray[np.float64] = (shares[..., 0] * _entropy(scores)).sum(axis=-1)
    return _entropy((shares * scores).sum(axis=-2)) - spread


def _entropy(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """In nats, of the last axis."""
    entropy: NDArray[np.float64] = -(scores * np.log(np.maximum(scores, 1e-300))).sum(axis=-1)
    return entropy


def comparison(baseline: Baseline, head: Head) -> Comparison:
    """How to compare spans with this baseline."""
    return compare(head, head.logits(baseline.embeddings), baseline.seconds)


def joined(baselines: Sequence[Baseline]) -> Baseline:
    """One baseline from several. Raises `ModelError` when they are not of one model."""
    first = baselines[0]
    for other in baselines:
        check_model(other, first.model)
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
        _check_size(Path(path))
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
    except _DAMAGES as error:
        raise ModelError(
            f"'{path}' holds no baseline. Make one with: emotone baseline make",
            f"“{path}”中没有基线。请用 emotone baseline make 生成。",
        ) from error
    shaped = embeddings.shape == (seconds.size, info.dim) and seconds.ndim == 1 and 0 < clips <= seconds.size
    if not (shaped and (np.abs(embeddings) < _LOUDEST).all() and (seconds > 0).all() and (seconds < _LONGEST).all()):
        raise ModelError(
            f"The baseline '{path}' is damaged: its embeddings {embeddings.shape}, seconds {seconds.shape} and clips {clips} do "
            "not fit, or have impossible values. Make it again.",
            f"基线“{path}”已损坏：嵌入向量 {embeddings.shape}、时长 {seconds.shape} 与录音数 {clips} 不相符，"
            "或取值不合理。请重新生成。",
        )
    return Baseline(embeddings, seconds, clips, info)


def _check_size(path: Path) -> None:
    """Refuses what would fill the memory: a small file may unpack to any size."""
    with ZipFile(path) as archive:
        size = sum(item.file_size for item in archive.infolist())
    if size > MOST_BYTES:
        raise ModelError(
            "This baseline is far larger than any voice needs. Make it again from fewer recordings.",
            "该基线文件过大，远超所需。请用较少的录音重新生成。",
        )


def not_a_baseline(found: object) -> OptionError:
    """What to raise for something else in its place, such as a path."""
    return OptionError(
        f"Found {found!r} as a baseline; wanted what `load_baseline` or `Recognizer.baseline` gives.",
        f"基线参数为 {found!r}；应为 `load_baseline` 或 `Recognizer.baseline` 的返回值。",
    )


def check_model(baseline: Baseline, model: ModelInfo) -> None:
    """Raises `ModelError` when another model made the baseline, and `OptionError` when it is none."""
    if not isinstance(baseline, Baseline):
        raise not_a_baseline(baseline)
    if baseline.model.sha256 != model.sha256:
        raise ModelError(
            f"The baseline was made by {baseline.model.title}, not by {model.title}. Make it again with this model.",
            f"该基线由 {baseline.model.title} 生成，而非 {model.title}。请用当前模型重新生成。",
        )


def baseline_doubts(baseline: Baseline, head: Head) -> tuple[Reason, ...]:
    """Reasons to doubt a comparison with this baseline: what there is too little of."""
    return comparison_doubts(baseline.seconds, float(comparison(baseline, head).variety))


def comparison_doubts(seconds: NDArray[np.float64], variety: float) -> tuple[Reason, ...]:
    """As `baseline_doubts`.

    Args:
        seconds: `(stretches,)`: speech in each of the baseline's stretches.
        variety: As in `Comparison`.
    """
    reasons = []
    if seconds.sum() < ENOUGH:
        length = f"{seconds.sum():.0f}"
        reasons.append(
            Reason(
                "baseline_short",
                Text(
                    f"The baseline has only {length} s of speech, so it counts for little.",
                    f"基线只有 {length} 秒语音，因此影响较小。",
                ),
                Text(
                    "Add recordings of this voice: half a minute at least, in any mood.",
                    "请添加该说话人的录音：至少半分钟，情绪不限。",
                ),
            )
        )
    if variety < ONE_MOOD and (seconds.size > 1 or not reasons):
        reasons.append(
            Reason(
                "baseline_one_mood",
                Text(
                    "The baseline sounds as if it were of one mood only, so it counts for little: what is usual cannot be told "
                    "from the mood.",
                    "基线听起来只有一种情绪，因此影响较小：无法区分平常的声音与情绪本身。",
                ),
                Text(
                    "Add recordings of this voice in other moods; which ones does not matter.",
                    "请添加该说话人其他情绪下的录音，何种情绪均可。",
                ),
            )
        )
    return tuple(reasons)
