"""Shared by all tests: the bundled model, loaded once, the clips of the package, and a hub on loopback."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from checkpoints import write_model_folder
from hub import Hub, serving

import emotone
from emotone.cli.launching import launch
from emotone.examples import examples
from emotone.server import Served


@pytest.fixture(scope="session", autouse=True)
def no_pulled_models(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Models that this user has pulled are not seen."""
    os.environ["EMOTONE_MODELS"] = str(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session", autouse=True)
def no_cache_of_this_user(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Embeddings are kept for this run of the tests only."""
    os.environ["EMOTONE_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def model() -> emotone.Recognizer:
    return emotone.load_model()


@pytest.fixture(scope="session")
def api(model: emotone.Recognizer) -> Iterator[Served]:
    """The API of a real server on loopback, without the page."""
    with launch(model, None, port=0, page=False) as served:
        yield served


@pytest.fixture(scope="session")
def clips() -> list[Path]:
    """Three real recordings: 3 s and 4 s of one emotion, 11 s of four."""
    return [example.path for example in examples()]


@pytest.fixture(scope="session")
def four_moods(clips: list[Path]) -> Path:
    return clips[-1]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory, clips: list[Path], four_moods: Path) -> Path:
    """A folder with eight real recordings of two speakers, of four emotions, and their `index.csv`."""
    folder = tmp_path_factory.mktemp("corpus")
    german, english, moods = (emotone.load_audio(clip).samples for clip in (clips[0], clips[1], four_moods))
    second = 16_000
    recordings = {
        "happy_08": german,
        "angry_06": english,
        "neutral_06": moods[: 2 * second + second // 2],
        "happy_06": moods[2 * second + second // 2 : 5 * second + second // 4],
        "sad_06": moods[5 * second + second // 4 : 8 * second],
        "angry_06_2": moods[8 * second :],
        "angry_06_3": english[second:],
        "sad_06_2": moods[5 * second + second // 2 : 8 * second],
    }
    rows = ["file,emotion,speaker,sex,language"]
    for name, samples in recordings.items():
        soundfile.write(folder / f"{name}.wav", samples, second)
        emotion, speaker = name.split("_")[:2]
        rows.append(f"{name}.wav,{emotion},{speaker},f,{'de' if speaker == '08' else 'en'}")
    (folder / "index.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def official(tmp_path_factory: pytest.TempPathFactory, clips: list[Path]) -> Path:
    """A small model with random weights, in the layout of the official ones: 2.4 MB."""
    folder = tmp_path_factory.mktemp("official")
    write_model_folder(folder)
    (folder / "example").mkdir()
    soundfile.write(folder / "example" / "test.wav", emotone.load_audio(clips[0]).samples, 16_000)
    return folder


@pytest.fixture
def hub(official: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that has the small model under every name; models are pulled from it into an empty folder."""
    shutil.copytree(official, tmp_path / "hub")
    with serving(tmp_path / "hub") as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", served.url)
        for variable in ("HF_HOME", "MODELSCOPE_HOME", "MODELSCOPE_CACHE", "EMOTONE_MODELS"):
            monkeypatch.setenv(variable, str(tmp_path / variable))
        for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("LANG", "en_US.UTF-8")
        yield served
