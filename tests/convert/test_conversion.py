"""From a checkpoint to a model that runs: equal to the reference, to itself in a batch, and honest about int8."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from checkpoints import SMALL, TOKENS, Size, random_weights, write_checkpoint, write_model_folder
from convert.reference import CASES, DATA, signal
from numpy.typing import NDArray

from emotone import CheckpointError, OutputError, Recognizer, load_audio, load_model
from emotone.convert import Check, Conversion, Precision, convert_checkpoint
from emotone.convert.graph import alibi_slopes
from emotone.engine import Engine
from emotone.examples import examples

Weights = dict[str, NDArray[np.float32]]
HIDDEN = "d2v_model.blocks.1.mlp.fc1.weight"


def convert(folder: Path, out: Path | None = None, precision: Precision = "fp32") -> Conversion:
    return convert_checkpoint(
        folder, out or folder / "model.onnx", name="tiny", revision="7", licence="Apache-2.0", precision=precision
    )


def calm(weights: Weights, share: float = 3**-0.5) -> Weights:
    """At torch's default scale, where rounding does not grow from block to block."""
    return {
        name: values * np.float32(share) if values.ndim == 2 and name != "proj.weight" else values
        for name, values in weights.items()
    }


def write_calm(folder: Path, change: Callable[[Weights], None] = lambda weights: None) -> Path:
    write_model_folder(folder, SMALL)
    weights = calm(random_weights(SMALL))
    change(weights)
    write_checkpoint(folder / "model.pt", weights)
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    write_model_folder(folder, SMALL)
    return folder


@pytest.fixture(scope="module")
def recognizer(small: Path) -> Recognizer:
    return load_model(convert(small, small / "fp32.onnx").path)


@pytest.mark.parametrize("name", CASES)
def test_equals_the_reference(name: str, tmp_path: Path) -> None:
    """FunASR's own numbers, kept by `reference.py`: embeddings within 1e-4, scores within 1e-5."""
    case = CASES[name]
    case.write(tmp_path)
    model = load_model(convert(tmp_path).path)
    with np.load(DATA) as numbers:
        for seconds in case.kept:
            found = model.predict(signal(seconds), sample_rate=16_000)
            expected = numbers[f"{name}/{seconds:g}/embedding"]
            assert np.abs(expected).max() > 0.5  # 1e-4 of what is not next to nothing
            assert np.abs(found.embedding - expected).max() < 1e-4
            assert np.abs(np.array(list(found.scores.values())) - numbers[f"{name}/{seconds:g}/scores"]).max() < 1e-5


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_batch_gives_what_each_signal_gives_alone(precision: Precision, tmp_path: Path) -> None:
    engine = Engine(convert(write_calm(tmp_path), precision=precision).path)
    signals = [signal(seconds) for seconds in (2.0, 0.1, 3.7, 0.01, 1.0)]
    for together, alone in zip(engine.run(signals), (engine.run([one])[0] for one in signals), strict=True):
        assert together.shape == alone.shape
        assert np.abs(together - alone).max() < 1e-5


@pytest.mark.parametrize("samples", [1, 399, 400, 719, 720, 16_000, 16_319, 16_320])
def test_number_of_frames(recognizer: Recognizer, samples: int) -> None:
    """As many as the convolutions give, and one where they give none."""
    frames = recognizer.embed_frames(signal(2.0)[:samples], sample_rate=16_000)
    assert frames.shape == (max(1, (samples - 400) // 320 + 1), 64)


def test_loudness_changes_nothing(recognizer: Recognizer) -> None:
    """The reference normalises the waveform."""
    quiet, loud = (recognizer.embed(signal(2.0) * factor, sample_rate=16_000) for factor in (0.1, 0.9))
    assert np.abs(quiet - loud).max() < 1e-3


def test_manifest(recognizer: Recognizer) -> None:
    info = recognizer.info
    assert (info.name, info.revision, info.licence, info.dim, info.frame_rate) == ("tiny", "7", "Apache-2.0", 64, 50.0)
    assert info.labels == (
        "angry", "disgusted", "fearful", "happy", "neutral", "other", "sad", "surprised", "unknown",
    )  # fmt: skip


def test_masked_tokens_are_no_labels(tmp_path: Path) -> None:
    write_model_folder(tmp_path, SMALL, tokens=("unuse_0", "开心/happy", "calm", "unuse", "<unk>"))
    assert load_model(convert(tmp_path).path).info.labels == ("happy", "calm", "unknown")


def test_a_fine_tuned_checkpoint(tmp_path: Path) -> None:
    """FunASR's trainer saves the same tensors without the prefix, under another key, perhaps as float16."""
    weights = write_model_folder(tmp_path, SMALL)
    before = load_model(convert(tmp_path).path).embed(signal(1.0), sample_rate=16_000)
    plain = {name.removeprefix("d2v_model."): values.astype(np.float16) for name, values in weights.items()}
    write_checkpoint(tmp_path / "model.pt", plain, optimizer=False)
    after = load_model(convert(tmp_path).path).embed(signal(1.0), sample_rate=16_000)
    assert 0 < np.abs(before - after).max() < 0.05


def test_long_recordings_in_chunks(recognizer: Recognizer) -> None:
    """Up to 60 s in one piece; beyond, in chunks whose frames are in their places."""
    long = np.tile(load_audio(examples()[2].path).samples, 6)[: 61 * 16_000]
    chunked = recognizer.embed_frames(long, sample_rate=16_000)
    (whole,) = recognizer._engine.run([long])
    assert len(chunked) == len(whole)
    cosines = (chunked * whole).sum(axis=1) / np.linalg.norm(chunked, axis=1) / np.linalg.norm(whole, axis=1)
    assert np.median(cosines) > 0.99
    shifted = (chunked[:-25] * whole[25:]).sum(axis=1)
    assert (chunked * whole).sum(axis=1)[:-25].mean() > shifted.mean()


def test_int8(tmp_path: Path) -> None:
    folder = write_calm(tmp_path)
    whole, rounded = convert(folder, tmp_path / "fp32.onnx"), convert(folder, tmp_path / "int8.onnx", "int8")
    assert (whole.precision, whole.check) == ("fp32", None)
    assert rounded.precision == "int8"
    assert rounded.check is not None
    assert rounded.check.passed
    assert 0.9995 <= rounded.check.cosine < 1
    assert 0 < rounded.check.score_difference <= 0.05
    assert rounded.check.windows > 10
    assert b"int8" in rounded.path.read_bytes()
    assert rounded.path.stat().st_size < 0.6 * whole.path.stat().st_size
    for example in examples():
        expected, found = (load_model(model.path).embed(example.path) for model in (whole, rounded))
        assert expected @ found / np.linalg.norm(expected) / np.linalg.norm(found) > 0.999


def test_int8_is_refused_when_it_says_something_else(tmp_path: Path) -> None:
    """Strong random weights make noise of rounding."""
    write_model_folder(tmp_path, Size(depth=12))
    (tmp_path / "model.pt").unlink()
    write_checkpoint(tmp_path / "model.pt", calm(random_weights(Size(depth=12)), 1.5))
    made, whole = convert(tmp_path, precision="int8"), convert(tmp_path, tmp_path / "fp32.onnx")
    assert made.precision == "fp32"
    assert made.check is not None
    assert not made.check.passed
    assert made.path.read_bytes() == whole.path.read_bytes()


def test_loud_channels_are_shared_with_the_weights(tmp_path: Path) -> None:
    """A channel 100 times as loud as the others would leave these two bits."""

    def shout(weights: Weights) -> None:
        for index in range(2):
            weights[f"d2v_model.blocks.{index}.norm1.weight"][5] = 100
            weights[f"d2v_model.blocks.{index}.mlp.fc1.weight"][:, 5] /= 100

    made = convert(write_calm(tmp_path, shout), precision="int8")
    assert made.precision == "int8"
    assert made.check is not None
    assert made.check.cosine >= 0.9995
    assert b"fc1.factors" in made.path.read_bytes()


def test_check_floor() -> None:
    assert Check(0.9995, 0.05, 0.0, 1).passed
    assert not Check(0.9994, 0.0, 1.0, 1).passed
    assert not Check(1.0, 0.051, 1.0, 1).passed


def test_alibi_slopes() -> None:
    assert alibi_slopes(8) == [2.0**-power for power in range(1, 9)]
    assert alibi_slopes(12)[8:] == [2.0**-power for power in (0.5, 1.5, 2.5, 3.5)]


def remove(weights: Weights) -> None:
    del weights[HIDDEN]


def add(weights: Weights) -> None:
    weights["d2v_model.blocks.2.norm1.weight"] = np.ones(64, np.float32)


def reshape(weights: Weights) -> None:
    weights[HIDDEN] = weights[HIDDEN].T.copy()


def spoil(weights: Weights) -> None:
    weights[HIDDEN][3, 3] = np.nan


def behead(weights: Weights) -> None:
    del weights["proj.weight"], weights["proj.bias"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (remove, "lacks the tensor 'blocks.1.mlp.fc1.weight'"),
        (add, "has a tensor 'blocks.2.norm1.weight'"),
        (reshape, "'blocks.1.mlp.fc1.weight' has shape (64, 256)"),
        (spoil, "blocks.1.mlp.fc1.weight' has values that are not finite"),
        (behead, "without a head"),
    ],
)
def test_unfit_tensors(tmp_path: Path, change: Callable[[Weights], None], words: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        convert(write_calm(tmp_path, change))
    assert words in str(caught.value)
    assert not list(tmp_path.glob("*.onnx"))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("layer_norm_first", "true"),
        ("norm_affine", "false"),
        ("extractor_mode", "default"),
        ("use_alibi_encoder", "false"),
        ("learned_alibi", "true"),
        ("conv_pos_pre_ln", "true"),
        ("num_alibi_heads", "8"),
        ("num_heads", "0"),
        ("num_heads", "-4"),
        ("depth", "99999999999"),
        ("depth", "two"),
        ("embed_dim", "true"),
        ("mlp_ratio", "-1.0"),
        ("mlp_ratio", "[1]"),
        ("norm_eps", "small"),
        ("normalize", "1"),
        ("feature_encoder_spec", "'[(32, 10, 5)]'"),
        ("feature_encoder_spec", "'[(32, 10, 4)] + [(32, 3, 2)]'"),
        ("feature_encoder_spec", "__import__('os').abort()"),
        ("feature_encoder_spec", "'[(32, 3, 2)] * 9999999999'"),
        ("feature_encoder_spec", '"' + "(" * 900 + '"'),
        ("feature_encoder_spec", "'9 ** 9 ** 9 ** 9'"),
        ("modalities", "3"),
    ],
)
def test_unfit_settings(tmp_path: Path, setting: str, value: str) -> None:
    """Each is refused, by the name of the setting or of the tensor that does not fit it."""
    write_model_folder(tmp_path, SMALL, changes={setting: value})
    with pytest.raises(CheckpointError) as caught:
        convert(tmp_path)
    assert setting in str(caught.value) or "tensor" in str(caught.value) or "YAML" in str(caught.value)


def test_heads_that_do_not_divide(tmp_path: Path) -> None:
    write_model_folder(tmp_path, SMALL, changes={"num_heads": "5", "num_alibi_heads": "5"})
    with pytest.raises(CheckpointError, match="embed_dim 64, which num_heads 5"):
        convert(tmp_path)


def test_numbers_that_yaml_takes_for_text(tmp_path: Path) -> None:
    write_model_folder(tmp_path, SMALL, changes={"norm_eps": "1e-05"})
    assert yaml.safe_load("1e-05") == "1e-05"
    assert load_model(convert(tmp_path).path).info.dim == 64


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("config.yaml", b"\x00\xff\xfe", "cannot be read"),
        ("config.yaml", b"model_conf: [", "not YAML"),
        ("config.yaml", b"&a [*a, *a]", "wanted a section"),
        ("config.yaml", b"!!python/object/apply:os.abort []", "not YAML"),
        ("config.yaml", b"", "wanted a section"),
        ("tokens.txt", b"a\nb\n", "proj.weight"),
        ("tokens.txt", "\n".join(["开心/happy"] * len(TOKENS)).encode(), "wanted two or more that differ"),
        ("tokens.txt", "\n".join(["unuse"] * len(TOKENS)).encode(), "wanted two or more that differ"),
    ],
)
def test_unfit_files(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    write_model_folder(tmp_path, SMALL)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=words):
        convert(tmp_path)


@pytest.mark.parametrize("name", ["model.pt", "config.yaml", "tokens.txt"])
def test_missing_files(tmp_path: Path, name: str) -> None:
    write_model_folder(tmp_path, SMALL)
    (tmp_path / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        convert(tmp_path)


def test_output_that_cannot_be_written(small: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError):
        convert(small, tmp_path / "file" / "model.onnx")


def test_a_full_disk_leaves_nothing(small: Path, tmp_path: Path) -> None:
    """And the model that was there stays."""
    out = tmp_path / "model.onnx"
    out.write_bytes(b"an older one")
    code = f"""
import resource, signal
from pathlib import Path
from emotone import OutputError
from emotone.convert import convert_checkpoint
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    convert_checkpoint(Path({str(small)!r}), Path({str(out)!r}), name="tiny", revision="1", licence="none")
except OutputError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "cannot be written" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert out.read_bytes() == b"an older one"


def test_torch_is_never_imported(small: Path, tmp_path: Path) -> None:
    code = f"""
import sys, json
from pathlib import Path
sys.modules["torch"] = None
from emotone.convert import convert_checkpoint
convert_checkpoint(Path({str(small)!r}), Path({str(tmp_path / "m.onnx")!r}), name="tiny", revision="1", licence="none")
print(json.dumps(sorted(name for name, module in sys.modules.items() if module and name.split(".")[0] == "torch")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []
