"""What the package promises as a whole."""

import json
import os
import subprocess
import sys
from pathlib import Path

import onnxruntime
import pytest

import emotone
from emotone.errors import EmotoneError, MissingExtraError
from emotone.examples import examples
from emotone.text import Text, language_of

PACKAGE = Path(emotone.__file__).parent


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_public_names_are_listed_and_there() -> None:
    assert len(set(emotone.__all__)) == len(emotone.__all__)
    assert [name for name in emotone.__all__ if not hasattr(emotone, name)] == []


def test_import_is_light() -> None:
    loaded = python("import emotone, sys; print(*sys.modules)").split()
    heavy = {"gradio", "pandas", "torch", "scipy", "sklearn", "onnx", "rich", "click", "fastapi", "lancedb", "pyarrow"}
    assert heavy.isdisjoint(loaded)


def test_nothing_is_told_to_anybody(tmp_path: Path) -> None:
    """ONNX Runtime's own reports begin with an identifier on disk, and a database of what is to be sent."""
    code = "import emotone, sys; emotone.load_model().predict(sys.argv[1])"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_"))}
    subprocess.run(
        [sys.executable, "-c", code, examples()[0].path],
        check=True,
        env={**environment, "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONPATH": str(PACKAGE.parent)},
    )
    assert list(tmp_path.iterdir()) == []


def test_the_model_file_is_small_and_says_what_it_is() -> None:
    path = PACKAGE / "models" / "emotone-small.onnx"
    assert path.stat().st_size <= 15_000_000
    metadata = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
    manifest = json.loads(metadata["emotone"])
    assert set(manifest) == {"name", "revision", "licence", "frame_rate", "head"}
    assert manifest["licence"] == "CC-BY-NC-SA-4.0"
    assert manifest["frame_rate"] == 25
    assert manifest["head"]["labels"] == list(emotone.LABELS)
    assert manifest["head"]["masked"] == ["unknown"]


def test_examples_are_short_and_attributed() -> None:
    for example in examples():
        assert 3 <= emotone.load_audio(example.path).duration <= 12
        assert example.path.stat().st_size < 50_000
        assert "Burkhardt" in example.attribution or "CC BY-NC-SA 4.0" in example.attribution


def test_every_error_survives_a_process_border() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(emotone.EmptyAudioError("empty", "空")))
    assert type(error) is emotone.EmptyAudioError
    assert (str(error), error.text) == ("empty", Text("empty", "空"))


def test_a_missing_extra_names_its_install_line() -> None:
    error = MissingExtraError.of("ui")
    assert isinstance(error, EmotoneError)
    assert 'pip install "emotone[ui]"' in error.text.en
    assert 'pip install "emotone[ui]"' in error.text.zh


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("zh_CN.UTF-8", "zh"),
        ("zh-Hant-TW", "zh"),
        ("en_US", "en"),
        ("C.UTF-8", "en"),
        (None, "en"),
        ("Chinese (Simplified)_China", "zh"),
    ],
)
def test_language_tags(tag: str | None, language: str) -> None:
    assert language_of(tag) == language
