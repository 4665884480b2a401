"""The first message of a live stream, and what its binary messages hold."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..baseline import load_baseline
from ..decode import MAX_CHANNELS, MAX_RATE, MIN_RATE
from ..errors import InvalidSamplesError, ModelError
from ..heads import Head
from ..opus import MAX_CHANNELS as OPUS_CHANNELS
from ..opus import RATE as OPUS_RATE
from ..opus import OpusPackets
from ..recognizer import Recognizer
from ..stream import AUTO, Stream, StreamOptions
from ..types import Baseline
from .problems import invalid

_DEFAULTS = StreamOptions()
_DTYPES: dict[str, np.dtype[Any]] = {"s16": np.dtype("<i2"), "f32": np.dtype("<f4")}


class Start(BaseModel):
    """What a client says first: the words of `docs/en/live.md`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: Literal["start"]
    encoding: Literal["s16", "f32", "opus"] = "s16"
    sample_rate: int = Field(OPUS_RATE, ge=MIN_RATE, le=MAX_RATE)
    channels: int = Field(1, ge=1, le=MAX_CHANNELS)
    channel: int | None = Field(None, ge=0)
    pre_skip: int = Field(0, ge=0, le=2**16)
    window: float = _DEFAULTS.window
    hop: float = _DEFAULTS.hop
    min_segment: float = _DEFAULTS.min_segment
    abstain: bool = False
    baseline: str | None = None
    head: dict[str, Any] | Literal["emotions"] | None = None
    model: str | None = None
    result: bool = True
    name: str = Field(_DEFAULTS.name, max_length=200)

    @model_validator(mode="after")
    def _fits(self) -> "Start":
        if self.encoding == "opus":
            if self.sample_rate != OPUS_RATE or self.channels > OPUS_CHANNELS:
                raise ValueError(f"Opus has {OPUS_RATE} Hz and up to {OPUS_CHANNELS} channels")
        elif "sample_rate" not in self.model_fields_set:
            raise ValueError("sample_rate is needed")
        elif self.pre_skip:
            raise ValueError("pre_skip belongs to Opus")
        if self.channel is not None and self.channel >= self.channels:
            raise ValueError(f"channel is counted from 0, and there are {self.channels}")
        return self

    def recognizer(self, model: Recognizer, usual: Head) -> Recognizer:
        """The model with the head that is asked for; the usual one when none is. Raises `ModelError` when it does not fit."""
        if isinstance(self.head, str):
            return model
        return model.with_head(usual if self.head is None else Head.from_json(self.head))

    def stream(self, recognizer: Recognizer, folder: Path) -> Stream:
        """The stream that is asked for.

        Args:
            recognizer: Of `recognizer`.
            folder: A private one.

        Raises:
            EmotoneError: When the baseline or the options do not fit the model or each other.
        """
        options = StreamOptions(self.window, self.hop, self.min_segment, self.result, self.name)
        usual = self._usual(folder)
        return recognizer.stream(options, sample_rate=self.sample_rate, channel=self.channel, baseline=usual)

    def decoder(self) -> Callable[[bytes], NDArray[Any]]:
        """What makes samples `(samples, channels)` of a binary message. Raises `InvalidSamplesError` when it cannot."""
        if self.encoding == "opus":
            return OpusPackets(self.channels, self.pre_skip).decode
        dtype, channels = _DTYPES[self.encoding], self.channels

        def decode(frame: bytes) -> NDArray[Any]:
            step = dtype.itemsize * channels
            if len(frame) % step:
                raise InvalidSamplesError(
                    f"Found a frame of {len(frame)} bytes; wanted a multiple of {step}: {channels} × {dtype.itemsize} bytes.",
                    f"数据帧为 {len(frame)} 字节；应为 {step}（{channels} × {dtype.itemsize} 字节）的整数倍。",
                )
            return np.frombuffer(frame, dtype).reshape(-1, channels)

        return decode

    def _usual(self, folder: Path) -> Baseline | Literal["auto"] | None:
        if self.baseline is None or self.baseline == AUTO:
            return AUTO if self.baseline else None
        path = folder / f"{uuid4().hex}.npz"
        try:
            path.write_bytes(base64.b64decode(self.baseline, validate=True))
            return load_baseline(path)
        except (ValueError, ModelError) as error:  # whose text names the file, which is nobody's business
            raise ModelError(
                "That is no baseline. Send 'auto', or a file of 'emotone baseline make' in base64.",
                "这不是基线。请发送“auto”，或以 base64 编码的“emotone baseline make”文件。",
            ) from error
        finally:
            path.unlink(missing_ok=True)


def read_start(text: str) -> Start:
    """The first message.

    Raises:
        ProblemError: When a field is missing, unknown or impossible.
        ValueError, RecursionError: When the text is no JSON.
    """
    try:
        return Start.model_validate(json.loads(text))
    except ValidationError as error:
        raise invalid(error.errors()) from error
