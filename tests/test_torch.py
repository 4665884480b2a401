"""What needs torch: training layers, fine-tuning from the command line, and emotion2vec+ as a module.

torch takes gigabytes, so CI does without and this file is skipped there. After a change to `training/network.py`,
`training/finetuning.py` or `convert/trainable.py`: pip install torch, then pytest tests/test_torch.py.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from checkpoints import SMALL, write_model_folder
from convert.reference import CASES, signal
from test_cli import run

import emotone
from emotone.convert import convert_checkpoint
from emotone.engine import Engine
from emotone.errors import OptionError
from emotone.training.frames import UNKNOWN, FrameSet
from emotone.training.layers import LayerOptions

torch = pytest.importorskip("torch", reason="torch is not installed: CI does without, developers of training have it")

from emotone.convert.trainable import TrainableEncoder  # noqa: E402
from emotone.training.network import Network, _Batches, embed, standard, train_layers  # noqa: E402

SPEAKERS = 5
DIM = 12


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    write_model_folder(folder, SMALL)
    return folder


@pytest.fixture(scope="module")
def base(checkpoint: Path) -> Path:
    return convert(checkpoint, checkpoint / "model.onnx")


def convert(folder: Path, out: Path) -> Path:
    return convert_checkpoint(folder, out, name="tiny", revision="7", licence="Apache-2.0", precision="fp32").path


def frame_set(sessions: int = 6, each: int = 8, *, constant: bool = False) -> FrameSet:
    """Three labels that are told by how values move, in sessions that shift all values; label 2 is in every third session."""
    random = np.random.default_rng(0)
    shifts = random.normal(0, 3, (sessions, DIM))
    parts, truth, owners = [], [], []
    for session in range(sessions):
        for label in (0, 1, 2) if session % 3 == 0 else (0, 1):
            for _ in range(each):
                time = np.arange(random.integers(1, 40))
                wave = np.sin(2 * np.pi * time * (label + 1) / 12 + random.uniform(0, 6))[:, None]
                parts.append(shifts[session] + 2 * wave + random.normal(0, 0.3, (len(time), DIM)))
                truth.append(label)
                owners.append(session)
    values = np.concatenate(parts).astype(np.float16)
    if constant:
        values[:, 3] = 7
    counts = np.array([len(part) for part in parts])
    return FrameSet(
        values,
        counts.cumsum() - counts,
        counts,
        np.stack([part.mean(axis=0) for part in np.split(values.astype(np.float32), counts.cumsum()[:-1])]),
        np.array(truth),
        np.array(owners),
        np.zeros(len(truth), np.int64),
        (1.0,),
        3,
    )


def test_layers_learn_what_a_mean_cannot_say() -> None:
    """The mean of a sine says nothing about its rhythm; the layers' embeddings do, in sessions that they did not hear."""
    data = frame_set(30)
    heard, long = data.sessions < 20, data.counts > 10
    shares: list[float] = []
    options = LayerOptions(width=32, steps=300, seed=1)
    layers = train_layers(data.only(heard), options, on_progress=shares.append)
    assert shares == pytest.approx(np.arange(1, 301) / 300)

    def accuracy(vectors: np.ndarray) -> float:
        usual = np.stack([vectors[data.sessions == session].mean(axis=0) for session in range(30)])
        relative, known, asked = vectors - usual[data.sessions], heard & long, ~heard & long
        centres = np.stack([relative[known & (data.truth == label)].mean(axis=0) for label in (0, 1, 2)])
        guesses = np.square(relative[asked][:, None] - centres).sum(axis=2).argmin(axis=1)
        return float((guesses == data.truth[asked]).mean())

    assert accuracy(embed(layers, data)) > accuracy(data.means) + 0.2
    again = train_layers(data.only(heard), options)
    assert all(np.array_equal(one, other) for one, other in ((layers.weight, again.weight), (layers.bias, again.bias)))


def test_the_random_numbers_of_others_stay_as_they_are() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    train_layers(frame_set(2), LayerOptions(width=8, steps=1))
    assert torch.equal(torch.rand(4), expected)


def test_an_embedding_is_that_of_the_clip_alone() -> None:
    """Whatever it is padded with; and values that never change do no harm."""
    data = frame_set(constant=True)
    layers = train_layers(data, LayerOptions(width=8, steps=3))
    assert np.isfinite(layers.weight).all()
    assert not layers.weight[:, 3].any()
    together = embed(layers, data)
    alone = np.concatenate([embed(layers, data.only(np.array([clip]))) for clip in range(0, len(data), 7)])
    assert np.abs(together[::7] - alone).max() < 1e-5


def test_training_goes_on_where_layers_are() -> None:
    data = frame_set()
    layers = train_layers(data, LayerOptions(width=8, steps=3))
    network = Network(DIM, 3, LayerOptions(width=8))
    network.begin_with(layers, *standard(data))
    again = network.layers(*standard(data))
    assert np.abs(embed(again, data) - embed(layers, data)).max() < 1e-5


def test_batches() -> None:
    """Rows of one session; rare labels come more often; only voices that are known, in several moods, are compared."""
    data = frame_set(9)
    data = replace(data, sessions=np.where(data.sessions == 1, UNKNOWN, data.sessions))
    batches = iter(_Batches(data, LayerOptions(batch=64, crop=20, relative=1.0), np.random.default_rng(0)))
    truth, relative = [], []
    for _, batch in zip(range(60), batches, strict=False):
        assert batch.frames.shape[1] <= 20
        assert torch.equal(batch.mask.sum(1) > 0, torch.ones(64, 1, dtype=torch.bool))
        assert not batch.frames.float()[batch.mask[:, :, 0] == 0].any()
        truth.append(batch.truth.reshape(8, 8).numpy())
        relative.append(batch.relative.numpy())
    rows, compared = np.concatenate(truth), np.concatenate(relative)
    assert 0.15 < (rows == 2).mean() < 0.22  # a seventh of the clips; a ninth if every session had its turn
    assert 0.8 < compared.mean() < 1
    several = np.array([len(set(row)) > 1 for row in rows])
    assert not compared[~several].any()


@pytest.mark.parametrize(
    "name",
    [name for name in CASES if name not in ("base", "large")],
)
def test_module_equals_the_graph(name: str, tmp_path: Path) -> None:
    """Frames within 1e-4, alone and in a padded batch, of odd lengths."""
    CASES[name].write(tmp_path)
    engine, module = Engine(convert(tmp_path, tmp_path / "model.onnx")), TrainableEncoder(tmp_path)
    signals = [signal(2.0)[:samples] for samples in (1, 399, 400, 721, 16_000, 31_999)]
    expected = [engine.run([one])[0] for one in signals]
    lengths = torch.tensor([one.size for one in signals])
    noise = torch.randn(len(signals), int(lengths.max()))  # behind the signals
    for row, one in zip(noise, signals, strict=True):
        row[: one.size] = torch.from_numpy(one)
    with torch.no_grad():
        frames, counts = module(noise, lengths)
        alone = [module(torch.from_numpy(one)[None], torch.tensor([one.size]))[0][0] for one in signals]
    assert counts.tolist() == [len(found) for found in expected]
    for found, single, wanted in zip(frames.numpy(), alone, expected, strict=True):
        assert np.abs(wanted).max() > 0.1
        assert np.abs(found[: len(wanted)] - wanted).max() < 1e-4
        assert np.abs(single.numpy() - wanted).max() < 1e-4
        assert not found[len(wanted) :].any()


def test_module_out_again(checkpoint: Path, base: Path, tmp_path: Path) -> None:
    TrainableEncoder(checkpoint).save(tmp_path / "out")
    before, after = emotone.load_model(base), emotone.load_model(convert(tmp_path / "out", tmp_path / "out.onnx"))
    assert after.info.labels == before.info.labels
    one, other = (model.predict(signal(3.3), sample_rate=16_000) for model in (before, after))
    assert np.abs(one.embedding - other.embedding).max() < 1e-4
    assert list(one.scores.values()) == pytest.approx(list(other.scores.values()), abs=1e-4)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"model.pt", "config.yaml", "tokens.txt"}


def test_module_is_trained_in_its_last_blocks(checkpoint: Path, tmp_path: Path) -> None:
    """Two sounds get labels of their own; only the last block and the head move; the converted model knows them."""
    module = TrainableEncoder(checkpoint, ("high", "low"))
    before = {name: weight.detach().clone() for name, weight in module.named_parameters()}
    weights = module.unfreeze(1)
    optimizer = torch.optim.Adam(weights, lr=2e-3)
    sounds = torch.from_numpy(
        np.stack([signal(1.0), np.random.default_rng(0).normal(0, 0.1, 16_000)]).astype(np.float32)
    )
    lengths, truth = torch.tensor([16_000, 16_000]), torch.tensor([0, 1])
    losses = []
    for _ in range(40):
        loss = torch.nn.functional.cross_entropy(module.logits(sounds, lengths), truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(np.log(2))
    assert losses[-1] < 0.2
    moved = {name for name, weight in module.named_parameters() if not torch.equal(weight, before[name])}
    assert moved == {name for name, weight in module.named_parameters() if weight.requires_grad}
    assert all("blocks/1" in name or "proj/" in name for name in moved)
    module.save(tmp_path / "out")
    tuned = emotone.load_model(convert(tmp_path / "out", tmp_path / "out.onnx"))
    assert tuned.info.labels == ("high", "low")
    for sound, label in zip(sounds.numpy(), ("high", "low"), strict=True):
        assert tuned.predict(sound, sample_rate=16_000).label == label
    with torch.no_grad():
        scores = torch.softmax(module.logits(sounds, lengths), 1).numpy()
    found = [list(tuned.predict(sound, sample_rate=16_000).scores.values()) for sound in sounds.numpy()]
    assert np.abs(np.array(found) - scores).max() < 1e-4


def test_what_cannot_be_trained(checkpoint: Path) -> None:
    with pytest.raises(OptionError, match="has 3 blocks; 4 cannot be trained"):
        TrainableEncoder(checkpoint).unfreeze(4)
    for labels in (("one",), ("one", "one"), ("one", "two/three"), ("one", "")):
        with pytest.raises(OptionError, match="wanted two or more"):
            TrainableEncoder(checkpoint, labels)


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory, clips: list[Path]) -> Path:
    """Pieces of two recordings at five speeds, which stand for speakers."""
    folder = tmp_path_factory.mktemp("lesson")
    rows = ["file,emotion,speaker"]
    for word, clip in (("cheerful", clips[0]), ("发火", clips[1])):
        samples = emotone.load_audio(clip).samples
        for speaker in range(SPEAKERS):
            voice = np.interp(np.arange(0, len(samples) - 1, 1 + 0.05 * speaker), np.arange(len(samples)), samples)
            for take, start in enumerate((0, 6_400, 12_800, 16_000)):
                name = f"{word[0]}{speaker}{take}.wav"
                soundfile.write(folder / name, voice[start : start + 16_000], 16_000)
                rows.append(f"{name},{word},s{speaker}")
    (folder / "index.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


def test_finetune(base: Path, lesson: Path, tmp_path: Path) -> None:
    """From a manifest to a model that every verb takes, with what it is worth."""
    done = run("train", lesson, "-o", tmp_path / "mine", "--finetune", "--model", base, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "mine").iterdir()} == {
        "model.onnx", "report.html", "report.json", "predictions.csv",
    }  # fmt: skip
    found = json.loads(done.stdout)
    model, before = emotone.load_model(tmp_path / "mine" / "model.onnx"), emotone.load_model(base)
    info = model.info
    assert found["model"] == {"name": "mine", "revision": info.revision, "sha256": info.sha256}
    assert (info.labels, info.licence, info.dim, info.frame_rate) == (("cheerful", "发火"), "Apache-2.0", 256, 25.0)
    assert model.head.provenance["model"]["sha256"] == before.info.sha256
    assert model.head.provenance["layers"]["sessions"] == 3
    assert str(lesson.parent) not in json.dumps(dict(model.head.provenance))
    assert found["remarks"][0]["en"].startswith("Cross-validated in 5 parts")
    assert "a linear head on the unchanged model reaches UAR" in found["remarks"][1]["en"]
    assert "linear head on the unchanged model" in done.stderr
    assert found["uar"] > 0.6
    right = [model.predict(path).label[0] == path.name[0] for path in sorted(lesson.glob("*.wav"))]
    assert np.mean(right) > 0.9
    timeline = run("timeline", lesson / "c00.wav", "--model", tmp_path / "mine" / "model.onnx")
    assert timeline.returncode == 0, timeline.stderr
    assert "cheerful" in timeline.stdout.lower()
