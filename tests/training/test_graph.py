"""Frames that layers are trained on, and the graph that has the layers in it: equal to their definition in numpy."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from checkpoints import write_model_folder

import emotone
from emotone.convert import Precision, convert_checkpoint
from emotone.engine import Engine
from emotone.heads import Head
from emotone.training.frames import encode_clips, keep_frames, mean_frames, pooled, session_of, stride_of
from emotone.training.graph import model_file, with_layers
from emotone.training.layers import Block, Layers
from emotone.types import Signal

WIDTH = 8


def gelu(x: np.ndarray) -> np.ndarray:
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def reference(layers: Layers, frames: np.ndarray) -> np.ndarray:
    """`(frames, width)`: what `Layers` says."""
    x = frames.astype(np.float64) @ layers.weight.T + layers.bias
    for block in layers.blocks:
        deviation = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
        inner = gelu((x - x.mean(axis=1, keepdims=True)) / deviation * block.scale + block.shift)
        inner = np.pad(inner, ((1, 1), (0, 0)))
        x = x + sum(inner[k : k + len(x)] @ block.weight[:, :, k].T for k in range(3)) + block.bias
    return gelu(x)


def random_layers(dim: int, seed: int, outlier: float = 1.0) -> Layers:
    """Exact in float16, as they are kept; one value counts `outlier` times as much as the others, and one not at all."""
    random = np.random.default_rng(seed)

    def normal(*shape: int, scale: float = 1.0) -> np.ndarray:
        return random.normal(0, scale, shape).astype(np.float16).astype(np.float32)

    sizes = np.select([np.arange(dim) == 3, np.arange(dim) == 5], [outlier, 0.0], 1.0)
    blocks = tuple(
        Block(1 + normal(WIDTH, scale=0.1), normal(WIDTH, scale=0.1), normal(WIDTH, WIDTH, 3, scale=0.3), normal(WIDTH))
        for _ in range(2)
    )
    weight = (normal(WIDTH, dim, scale=dim**-0.5) * sizes).astype(np.float32)
    return Layers(weight, normal(WIDTH), blocks)


def signals() -> list[Signal]:
    """Odd and even numbers of frames, and one that is almost nothing."""
    random = np.random.default_rng(0)
    return [random.normal(0, 0.1, size).astype(np.float32) for size in (16_000, 15_680, 24_017, 30, 720)]


def written(base: Path, ensemble: Sequence[Layers], folder: Path) -> Path:
    info = emotone.load_model(base).info
    stride = stride_of(info.frame_rate)
    size = WIDTH * len(ensemble)
    head = Head(("loud", "quiet"), np.ones((2, size), np.float32), np.zeros(2, np.float32))
    info = replace(info, name="mine", revision="1", frame_rate=info.frame_rate / stride)
    path = folder / "mine.onnx"
    path.write_bytes(model_file(with_layers(onnx.load(base), ensemble, stride), info, head))
    return path


@pytest.fixture(scope="module", params=["fp32", "int8", "bundled"])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "bundled":
        return emotone.models.find_model("emotone-small")
    folder = tmp_path_factory.mktemp("base")
    write_model_folder(folder)
    precision: Precision = request.param
    return convert_checkpoint(
        folder, folder / "model.onnx", name="tiny", revision="7", licence="MIT", precision=precision
    ).path


def test_graph_equals_its_definition(base: Path, tmp_path: Path) -> None:
    """Alone, in a padded batch, and of several nets side by side."""
    engine = Engine(base, 1)
    ensemble = [random_layers(engine.dim, seed) for seed in (0, 1)]
    path = written(base, ensemble, tmp_path)
    model = emotone.load_model(path)
    stride = stride_of(emotone.load_model(base).info.frame_rate)
    assert (model.info.name, model.info.dim, model.info.labels) == ("mine", 2 * WIDTH, ("loud", "quiet"))
    layered = Engine(path, 1)
    for frames, together, signal in zip(engine.run(signals()), layered.run(signals()), signals(), strict=True):
        groups = [frames[start : start + stride].mean(axis=0) for start in range(0, len(frames), stride)]
        expected = np.concatenate([reference(layers, np.array(groups)) for layers in ensemble], axis=1)
        (alone,) = layered.run([signal])
        assert alone.shape == together.shape == expected.shape
        scale = np.abs(expected).max()
        assert np.abs(alone - expected).max() < 1e-4 * scale
        assert np.abs(together - alone).max() < 2e-5 * scale


def test_weights_of_very_different_size(tmp_path: Path) -> None:
    """A value that hardly changes has a weight beyond float16."""
    base = emotone.models.find_model("emotone-small")
    engine = Engine(base, 1)
    layers = random_layers(engine.dim, 0, outlier=2.0**24)
    assert np.abs(layers.weight).max() > np.finfo(np.float16).max
    (found,) = Engine(written(base, [layers], tmp_path), 1).run(signals()[:1])
    (frames,) = engine.run(signals()[:1])
    stride = stride_of(emotone.load_model(base).info.frame_rate)
    expected = reference(layers, pooled(frames, stride).astype(np.float32))
    assert np.isfinite(found).all()
    assert np.abs(found - expected).max() < 2e-2 * np.abs(expected).max()


def test_the_rest_of_the_file_is_as_it_was(base: Path, tmp_path: Path) -> None:
    """Nothing of the encoder is doubled; what is familiar to the bundled head goes with it."""
    path = written(base, [random_layers(Engine(base, 1).dim, 0)], tmp_path)
    assert abs(path.stat().st_size - base.stat().st_size) < 500_000


def test_layers_behind_layers_behind_layers(base: Path, tmp_path: Path) -> None:
    first = written(base, [random_layers(Engine(base, 1).dim, 0)], tmp_path)
    layers = random_layers(WIDTH, 1)
    (tmp_path / "again").mkdir()
    second = written(first, [layers], tmp_path / "again")
    (frames,), (found,) = Engine(first, 1).run(signals()[:1]), Engine(second, 1).run(signals()[:1])
    stride = stride_of(emotone.load_model(first).info.frame_rate)
    expected = reference(layers, np.array([frames[n : n + stride].mean(axis=0) for n in range(0, len(frames), stride)]))
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("frames", [1, 2, 5, 6])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_pooled(frames: int, stride: int) -> None:
    values = np.random.default_rng(0).normal(0, 1, (frames, 3)).astype(np.float32)
    found = pooled(values, stride)
    assert found.shape == (-(-frames // stride), 3)
    for place, row in enumerate(found):
        assert row == pytest.approx(values[place * stride : (place + 1) * stride].mean(axis=0), abs=1e-3)


def test_stride() -> None:
    assert [stride_of(rate) for rate in (100.0, 50.0, 49.9, 25.0, 12.5)] == [4, 2, 2, 1, 1]


def test_frames_in_a_file(model: emotone.Recognizer, clips: list[Path], tmp_path: Path) -> None:
    """What is kept is what the model makes of a recording, as it is and in a session."""
    long = tmp_path / "long.wav"
    soundfile.write(long, np.tile(emotone.load_audio(clips[0]).samples, 30), 16_000)
    files, done = [*clips[:2], long], []
    for number in (0, 1):
        parts = encode_clips(model, files, ["a", "b", "c"], number, on_done=lambda: done.append(1))
        with (tmp_path / "frames").open("w+b") as file:
            values, counts = keep_frames(parts, model.info.dim, file)
        assert (values.dtype, values.shape) == (np.float16, (counts.sum(), model.info.dim))
        audio = emotone.load_audio(clips[1])
        session, signal = session_of("b", number), audio.samples
        if session is not None:
            signal = session.apply(signal, np.random.default_rng(int(audio.source.sha256[:8], 16)))
        expected = pooled(model.embed_frames(signal, sample_rate=16_000), stride_of(model.info.frame_rate))
        found = values[counts[0] : counts[0] + counts[1]]
        assert np.abs(found.astype(np.float32) - expected).max() <= 2e-3 * np.abs(expected).max()
        means = mean_frames(values, counts)
        assert means[1] == pytest.approx(expected.astype(np.float32).mean(axis=0), abs=1e-2)
    assert len(done) == 6
    rate = model.info.frame_rate / stride_of(model.info.frame_rate)
    assert counts[2] <= 60 * rate / 0.88 + 1
