"""Linear heads: from a mean of frames to the scores of a span."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .calibration import Calibration
from .errors import ModelError
from .familiarity import Familiarity
from .packing import pack, unpack
from .types import ModelInfo

HEAD_NAME = "head.json"
"""The file that holds a trained head in its folder."""

MOST_BYTES = 32 * 2**20  # of a head's file: thousands of labels
SPAN, SPANS = 3.0, (1.0, 6.0)  # seconds: what temperatures are for, and between which durations they change
MOST_HASTE = 2.0
STRANGENESS = (0.25, 16.0)  # between which temperatures change
MOST_BOLDNESS = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A linear layer and what its outputs mean.

    Because it is linear, the mean of the logits of some frames is the logits of their mean: every span of a recording can
    be scored from the frames' logits alone.

    Attributes:
        labels: One for each output, in order.
        weight: float32 `(labels, dim)`.
        bias: float32 `(labels,)`.
        temperature: Logits are divided by it before the softmax, so that confidence is calibrated.
        masked: Labels without training data; their score is always 0.
        usual: float32 `(labels,)`: the logits of a sound that is just a voice's usual one; a voice that is compared with its
            own baseline is moved there. `None`: all 0, so that every label is as likely.
        relative_temperature: As `temperature`, for logits that were compared with a baseline; `None`: the same.
        haste: How much surer than it may be the head is of short spans: both temperatures are for spans of 3 s, and are
            multiplied by `(3 / seconds) ** haste` for others, between 1 and 6 s. 0: the same for all.
        boldness: How much surer than it may be the head is of what is strange to it: both temperatures are multiplied by
            `strangeness ** boldness` (`Familiarity.strangeness`). 0: the same for all.
        name: What to call it; empty for a model's own.
        model_sha256: Of the only model whose embeddings it takes; `None`: any of its dimension, such as the model it is part of.
        provenance: What it was made of, as JSON has it. Says nothing about scores.
        familiarity: What the embeddings that it learned from are like, to tell when others are not.
        calibration: How its label sets are made, once it was calibrated.
    """

    labels: tuple[str, ...]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    temperature: float = 1.0
    masked: frozenset[str] = frozenset()
    usual: NDArray[np.float32] | None = None
    relative_temperature: float | None = None
    haste: float = 0.0
    boldness: float = 0.0
    name: str = ""
    model_sha256: str | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict, repr=False)
    familiarity: Familiarity | None = field(default=None, repr=False)
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        shape = (len(self.labels), self.dim)
        for temperature in (self.temperature, self.relative_temperature or 1.0):
            if not 0 < temperature < math.inf:
                raise ModelError(
                    f"A head has temperature {temperature}; wanted a positive number.",
                    f"分类头的温度为 {temperature}；应为正数。",
                )
        if not 0 <= self.haste <= MOST_HASTE:
            raise ModelError(
                f"A head has haste {self.haste}; wanted 0 to {MOST_HASTE:g}.",
                f"分类头的 haste 为 {self.haste}；应在 0 至 {MOST_HASTE:g} 之间。",
            )
        if not 0 <= self.boldness <= (MOST_BOLDNESS if self.familiarity else 0):
            raise ModelError(
                f"A head has boldness {self.boldness}; wanted 0 to {MOST_BOLDNESS:g}, and above 0 only where it knows what is "
                "familiar.",
                f"分类头的 boldness 为 {self.boldness}；应在 0 至 {MOST_BOLDNESS:g} 之间；不含 familiarity 时只能为 0。",
            )
        usual_fits = self.usual is None or self.usual.shape == shape[:1]
        familiar_fits = self.familiarity is None or self.familiarity.centre.size == self.dim
        fits = self.weight.shape == shape and self.bias.shape == shape[:1] and usual_fits and familiar_fits
        if not fits or not self.masked < set(self.labels):
            raise ModelError(
                f"A head of {len(self.labels)} labels has weights {self.weight.shape}, biases {self.bias.shape} and "
                f"masks {sorted(self.masked)}; these must agree.",
                f"分类头有 {len(self.labels)} 个标签，但权重为 {self.weight.shape}、偏置为 {self.bias.shape}、"
                f"屏蔽标签为 {sorted(self.masked)}；它们必须一致。",
            )
        if not all(np.isfinite(part).all() for part in (self.weight, self.bias, self.usual) if part is not None):
            raise ModelError(
                "A head has weights that are NaN or infinite; wanted finite numbers. Train it again.",
                "分类头的权重含有 NaN 或无穷大；应为有限数值。请重新训练。",
            )

    @property
    def dim(self) -> int:
        """Values in a frame."""
        return int(self.weight.shape[-1])

    @property
    def sha256(self) -> str:
        """Of everything that makes its scores, in hex: two heads with the same one score alike."""
        return hashlib.sha256(json.dumps(self._scoring(), sort_keys=True).encode()).hexdigest()

    def logits(self, frames: NDArray[np.float32]) -> NDArray[np.float64]:
        """Logits `(…, labels)` of frames or embeddings `(…, dim)`."""
        # Not `@`: numpy's OpenBLAS wakes a thread for each core, which spins for milliseconds after a product of microseconds.
        products = np.einsum("...d,ld->...l", frames, self.weight)
        logits: NDArray[np.float64] = (products + self.bias).astype(np.float64)
        return logits

    def strangeness(self, embeddings: NDArray[np.float32], durations: NDArray[np.float64]) -> NDArray[np.float64]:
        """As far as it counts for temperatures: `(spans,)`, 1 for the usual and wherever it does not count.

        Args:
            embeddings: `(spans, dim)`.
            durations: `(spans,)`, in seconds.
        """
        if self.familiarity is None or not self.boldness:
            return np.ones(len(embeddings))
        return np.clip(self.familiarity.strangeness(embeddings, durations), *STRANGENESS)

    def temperature_at(self, trust: Any = 0.0, duration: Any = SPAN, strangeness: Any = 1.0) -> NDArray[np.float64]:
        """What logits are divided by before the softmax.

        Args:
            trust: How far spans were compared with a baseline, 0 (not) … 1 (as far as can be): a number, or `(…)`. The
                temperature lies as far between both temperatures: a baseline that moves nothing changes nothing.
            duration: Of the spans in seconds, a number or `(…)`.
            strangeness: Of the spans, as `strangeness` has it: a number or `(…)`.
        """
        relative = self.relative_temperature or self.temperature
        between = self.temperature * (relative / self.temperature) ** np.asarray(trust, np.float64)
        return np.asarray(between * self.softness(np.asarray(duration, np.float64), strangeness), np.float64)

    def softness(self, durations: NDArray[np.float64], strangeness: Any = 1.0) -> NDArray[np.float64]:
        """What to multiply temperatures with for spans of these seconds and this strangeness, in the same shape."""
        hasty: NDArray[np.float64] = (SPAN / np.clip(durations, *SPANS)) ** self.haste
        return hasty * np.asarray(strangeness, np.float64) ** self.boldness

    def probabilities(
        self, logits: NDArray[np.float64], trust: Any = 0.0, duration: Any = SPAN, strangeness: Any = 1.0
    ) -> NDArray[np.float64]:
        """Scores `(…, labels)` for logits `(…, labels)`: softmax at the head's temperature, masked labels 0, sum 1.

        Args:
            logits: Of spans.
            trust: As in `temperature_at`.
            duration: As in `temperature_at`.
            strangeness: As in `temperature_at`.
        """
        active = np.array([label not in self.masked for label in self.labels])
        temperatures = self.temperature_at(trust, duration, strangeness)
        shifted = np.where(active, logits, -math.inf) / temperatures[..., None]
        return softmax(shifted)

    def scores(
        self, logits: NDArray[np.float64], *, trust: float = 0.0, duration: float = SPAN, strangeness: float = 1.0
    ) -> dict[str, float]:
        """Label → score for logits `(labels,)` of a span; arguments as in `probabilities`."""
        return dict(zip(self.labels, self.probabilities(logits, trust, duration, strangeness).tolist(), strict=True))

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads; weights as base64 of little-endian float32."""
        described = {
            "name": self.name or None,
            "model_sha256": self.model_sha256,
            "provenance": dict(self.provenance) or None,
            "familiarity": None if self.boldness else self._familiar(),
            "calibration": self.calibration and self.calibration.to_json(),
        }
        return self._scoring() | {name: value for name, value in described.items() if value is not None}

    def _scoring(self) -> dict[str, Any]:
        """Everything that makes its scores."""
        fields = {
            "labels": list(self.labels),
            "weight": pack(self.weight),
            "bias": pack(self.bias),
            "temperature": self.temperature,
            "masked": sorted(self.masked),
            "usual": None if self.usual is None else pack(self.usual),
            "relative_temperature": self.relative_temperature,
            "haste": self.haste or None,
            "boldness": self.boldness or None,
            "familiarity": self._familiar() if self.boldness else None,  # otherwise it makes no scores
        }
        return {name: value for name, value in fields.items() if value is not None}

    def _familiar(self) -> dict[str, Any] | None:
        return None if self.familiarity is None else self.familiarity.to_json()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Head":
        """Raises `ModelError` when a field is missing or does not fit the others."""
        try:
            labels = tuple(data["labels"])
            if not all(isinstance(label, str) and label for label in labels):
                raise TypeError("labels must be text")
            usual, relative = data.get("usual"), data.get("relative_temperature")
            model = data.get("model_sha256")
            familiarity, calibration = data.get("familiarity"), data.get("calibration")
            return cls(
                labels,
                unpack(data["weight"]).reshape(len(labels), -1),
                unpack(data["bias"]),
                float(data["temperature"]),
                frozenset(data["masked"]),
                None if usual is None else unpack(usual),
                None if relative is None else float(relative),
                float(data.get("haste", 0.0)),
                float(data.get("boldness", 0.0)),
                str(data.get("name", "")),
                None if model is None else str(model),
                dict(data.get("provenance", {})),
                None if familiarity is None else Familiarity.from_json(familiarity),
                None if calibration is None else Calibration.from_json(calibration),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"The head is damaged ({error!r}). Train it again, or get the model again.",
                f"分类头已损坏（{error!r}）。请重新训练，或重新获取模型。",
            ) from error


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores `(…, labels)` that sum to 1; `-inf` becomes 0."""
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    scores: NDArray[np.float64] = weights / weights.sum(axis=-1, keepdims=True)
    return scores


def check_head(head: Head, model: ModelInfo) -> None:
    """Raises `ModelError` when a head cannot take a model's embeddings."""
    if head.dim != model.dim:
        raise ModelError(
            f"The head takes {head.dim} values, embeddings of '{model.name}' have {model.dim}. Use the model that the head was "
            "trained for.",
            f"分类头需要 {head.dim} 维，而“{model.name}”的嵌入向量为 {model.dim} 维。请使用训练该分类头时的模型。",
        )
    if head.model_sha256 not in (None, model.sha256):
        wanted = _model_of(head)
        raise ModelError(
            f"The head '{head.name}' was trained for {wanted}, not for {model.title}. Use that model, or train the head "
            "again with this one.",
            f"分类头“{head.name}”是为 {wanted} 训练的，而非 {model.title}。请使用该模型，或用当前模型重新训练。",
        )


def _model_of(head: Head) -> str:
    """The model that a head was trained for, as far as it says."""
    sha256 = f"sha256 {str(head.model_sha256)[:12]}…"
    known = head.provenance.get("model")
    if isinstance(known, dict) and "name" in known:
        return f"{known['name']} {known.get('revision', '')} ({sha256})"
    return sha256


def head_file(path: str | Path) -> Path:
    """The file of a head that is given as a file or as the folder that it was trained into."""
    path = Path(path)
    return path / HEAD_NAME if path.is_dir() else path


def load_head(path: str | Path) -> Head:
    """The head in a JSON file with the fields of `Head.to_json`, whatever else is in it; or in `head.json` of a folder.

    Raises:
        ModelError: When there is no such file, or it holds no head.
    """
    path = head_file(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ModelError(
                "This file is far larger than any head. Choose the head.json of a trained head.",
                "该文件过大，不可能是分类头。请选择训练所得的 head.json。",
            )
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(
            f"The head '{path}' cannot be read ({error}). Give the {HEAD_NAME} of a trained head.",
            f"无法读取分类头“{path}”（{error}）。请给出训练所得的 {HEAD_NAME}。",
        ) from error
    if not isinstance(data, dict):
        raise ModelError(
            f"'{path}' holds no head: found a {type(data).__name__}, wanted an object with labels, weight and bias.",
            f"“{path}”中没有分类头：其内容为 {type(data).__name__}，应为含 labels、weight、bias 的对象。",
        )
    return Head.from_json(data)
