"""Linear heads: from a mean of frames to the scores of a span."""

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ModelError


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
    """

    labels: tuple[str, ...]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    temperature: float = 1.0
    masked: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        shape = (len(self.labels), self.dim)
        if not 0 < self.temperature < math.inf:
            raise ModelError(
                f"A head has temperature {self.temperature}; wanted a positive number.",
                f"分类头的温度为 {self.temperature}；应为正数。",
            )
        if self.weight.shape != shape or self.bias.shape != shape[:1] or not self.masked < set(self.labels):
            raise ModelError(
                f"A head of {len(self.labels)} labels has weights {self.weight.shape}, biases {self.bias.shape} and "
                f"masks {sorted(self.masked)}; these must agree.",
                f"分类头有 {len(self.labels)} 个标签，但权重为 {self.weight.shape}、偏置为 {self.bias.shape}、"
                f"屏蔽标签为 {sorted(self.masked)}；它们必须一致。",
            )

    @property
    def dim(self) -> int:
        """Values in a frame."""
        return int(self.weight.shape[-1])

    def logits(self, frames: NDArray[np.float32]) -> NDArray[np.float64]:
        """Logits `(…, labels)` of frames or embeddings `(…, dim)`."""
        logits: NDArray[np.float64] = (frames @ self.weight.T + self.bias).astype(np.float64)
        return logits

    def scores(self, logits: NDArray[np.float64]) -> dict[str, float]:
        """Label → score for logits `(labels,)`: softmax at the head's temperature, masked labels 0, sum 1."""
        active = np.array([label not in self.masked for label in self.labels])
        shifted = np.where(active, logits, -math.inf) / self.temperature
        weights = np.exp(shifted - shifted.max())
        return dict(zip(self.labels, (weights / weights.sum()).tolist(), strict=True))

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads; weights as base64 of little-endian float32."""
        return {
            "labels": list(self.labels),
            "weight": _encode(self.weight),
            "bias": _encode(self.bias),
            "temperature": self.temperature,
            "masked": sorted(self.masked),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Head":
        """Raises `ModelError` when a field is missing or does not fit the others."""
        try:
            labels = tuple(data["labels"])
            return cls(
                labels,
                _decode(data["weight"]).reshape(len(labels), -1),
                _decode(data["bias"]),
                float(data["temperature"]),
                frozenset(data["masked"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"The head is damaged ({error!r}). Get the model again.", f"分类头已损坏（{error!r}）。请重新获取模型。"
            ) from error


def _encode(values: NDArray[np.float32]) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")


def _decode(text: str) -> NDArray[np.float32]:
    return np.frombuffer(base64.b64decode(text, validate=True), "<f4")
