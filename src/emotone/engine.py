"""Runs an ONNX model of Emotone's contract: waveforms in, frames out. Knows nothing about emotions."""

import json
import os
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import EngineError, ModelError, OptionError
from .types import Signal

# It tells its maker about every session, over the network, unless this is set before it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime as ort

INPUTS = {"waveform": "tensor(float)", "lengths": "tensor(int64)"}
OUTPUTS = {"frames": "tensor(float)", "frame_lengths": "tensor(int64)"}
METADATA_KEY = "emotone"


class Session(Protocol):
    """The part of an ONNX Runtime session that runs it."""

    def run(self, outputs: list[str], inputs: dict[str, NDArray[Any]]) -> list[Any]:
        """The named outputs."""


class Runner(Protocol):
    """What runs a model: an `Engine`, something before it, or replicas of it elsewhere."""

    @property
    def single_threaded(self) -> "Runner":
        """As `Engine.single_threaded`; itself, when it has no such difference."""
        return self

    @property
    def replicas(self) -> tuple[str, ...]:
        """Names of the replicas that did its runs so far; none when they were done here."""
        return ()

    def assigned(self) -> "Runner":
        """The same for one recording: its `replicas` are those that worked on that."""
        return self

    def run(self, signals: list[Signal]) -> list[NDArray[np.float32]]:
        """As `Engine.run`."""
        ...


def usable_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_session(path: Path, threads: int, *, device: str = "cpu", arena: bool = True) -> ort.InferenceSession:
    """An ONNX Runtime session.

    Args:
        path: An ONNX file.
        threads: Threads for one run; 0 takes one for each physical core.
        device: As in `load_model`.
        arena: Whether memory is kept for the next run. Without, it is given back: for sessions that run once or twice.

    Raises:
        ModelError: When the file is no ONNX model.
        OptionError: When ONNX Runtime does not know the device here.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = arena
    options.log_severity_level = 3  # errors reach the user as ModelError
    providers = _providers(device)
    try:
        return ort.InferenceSession(path, options, providers=providers)
    except Exception as error:  # ONNX Runtime raises classes without a common parent
        raise ModelError(
            f"'{path}' cannot be loaded as an ONNX model ({error}). Give a model made by Emotone.",
            f"无法将“{path}”作为 ONNX 模型加载（{error}）。请使用 Emotone 生成的模型。",
        ) from error


def _providers(device: str) -> list[str]:
    """ONNX Runtime's execution providers for a device; the processor does what the device cannot."""
    available = {name.removesuffix("ExecutionProvider").lower(): name for name in ort.get_available_providers()}
    if device.lower() not in available:
        known = ", ".join(sorted(available))
        raise OptionError(
            f"There is no device '{device}' here; found: {known}. For a graphics card install its build of ONNX Runtime, such "
            "as onnxruntime-gpu, in place of onnxruntime.",
            f"此处没有设备“{device}”；可用设备：{known}。使用显卡时，请安装相应版本的 ONNX Runtime（例如用 onnxruntime-gpu "
            "代替 onnxruntime）。",
        )
    return list(dict.fromkeys([available[device.lower()], available["cpu"]]))


class Engine(Runner):
    """A loaded model file: the encoder on this machine.

    Attributes:
        manifest: The JSON object that the file carries under the metadata key `emotone`.
        dim: Values in a frame.

    Args:
        path: An ONNX file with inputs `waveform` float32 `(batch, samples)` and `lengths` int64 `(batch,)`, outputs `frames`
            float32 `(batch, frames, dim)` and `frame_lengths` int64 `(batch,)`.
        threads, device: As in `open_session`.

    Raises:
        ModelError: When the file is not such a model.
    """

    def __init__(self, path: Path, threads: int = 0, device: str = "cpu") -> None:
        self._path = path
        self._threads = threads
        self._device = device
        self._session = open_session(path, threads, device=device)
        self._check_contract(path)
        self.manifest = self._read_manifest(path)
        self.dim = self._read_dim(path)

    @cached_property
    def single_threaded(self) -> "Engine":
        """The same model for many signals, one on each core: runs on one thread, which `usable_cores` may do side by side.

        They share one copy of the weights, and none waits for another in the middle of a run.
        """
        return Engine(self._path, 1) if self._device.lower() == "cpu" and self._threads != 1 else self

    def run(self, signals: list[Signal]) -> list[NDArray[np.float32]]:
        """The frames of each signal, `(frames, dim)`. Several signals run as one padded batch and change nothing."""
        lengths = np.array([signal.size for signal in signals], np.int64)
        waveform = np.zeros((len(signals), lengths.max()), np.float32)
        for row, signal in zip(waveform, signals, strict=True):
            row[: signal.size] = signal
        try:
            frames, frame_lengths = self._session.run(
                ["frames", "frame_lengths"], {"waveform": waveform, "lengths": lengths}
            )
        except Exception as error:  # as in open_session
            raise EngineError(
                f"The model cannot be run ({error}). Get it again, or give it shorter recordings.",
                f"模型无法运行（{error}）。请重新获取模型，或使用较短的录音。",
            ) from error
        return [rows[:length] for rows, length in zip(frames, frame_lengths, strict=True)]

    def _check_contract(self, path: Path) -> None:
        found_inputs = {node.name: node.type for node in self._session.get_inputs()}
        found_outputs = {node.name: node.type for node in self._session.get_outputs()}
        if found_inputs != INPUTS or found_outputs != OUTPUTS:
            raise ModelError(
                f"'{path}' takes {found_inputs} and gives {found_outputs}; wanted {INPUTS} and {OUTPUTS}.",
                f"“{path}”的输入为 {found_inputs}，输出为 {found_outputs}；需要 {INPUTS} 与 {OUTPUTS}。",
            )

    def _read_manifest(self, path: Path) -> dict[str, Any]:
        text = self._session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        if text is None:
            raise ModelError(
                f"'{path}' has no '{METADATA_KEY}' metadata. Give a model made by Emotone.",
                f"“{path}”缺少“{METADATA_KEY}”元数据。请使用 Emotone 生成的模型。",
            )
        try:
            manifest = json.loads(text)
        except ValueError:
            manifest = None
        if not isinstance(manifest, dict):
            raise ModelError(
                f"The '{METADATA_KEY}' metadata of '{path}' is damaged. Get the model again.",
                f"“{path}”的“{METADATA_KEY}”元数据已损坏。请重新获取模型。",
            )
        return manifest

    def _read_dim(self, path: Path) -> int:
        shape = next(node.shape for node in self._session.get_outputs() if node.name == "frames")
        if len(shape) != 3 or not isinstance(shape[2], int):
            raise ModelError(
                f"'{path}' gives frames of shape {shape}; wanted (batch, frames, dim) with a fixed dim.",
                f"“{path}”输出的帧形状为 {shape}；需要 (batch, frames, dim)，且 dim 固定。",
            )
        return int(shape[2])
