"""The pytest fixture, in runs of pytest of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib

PROJECT = Path(__file__).parents[2]


def run_pytest(folder: Path, test: str, conftest: str = "") -> tuple[int, str]:
    (folder / "test_lines.py").write_text(test, encoding="utf-8")
    (folder / "conftest.py").write_text(conftest, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "pytest_emotone", "-p", "no:cacheprovider", "--rootdir", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_test_that_passes_and_one_that_fails(clips: list[Path], tmp_path: Path) -> None:
    test = f"""
def test_right(assert_emotion):
    assert assert_emotion({str(clips[0])!r}, "happy", minimum=0.5).score > 0.5

def test_wrong(assert_emotion):
    assert_emotion({str(clips[1])!r}, "sad", minimum=0.6)
"""
    code, output = run_pytest(tmp_path, test)
    assert code == 1
    assert "1 failed, 1 passed" in output
    assert f"AssertionError: {clips[1].name}: expected sad, at least 60%; heard angry" in output
    assert "angry 9" in output
    assert "raise AssertionError" not in output  # the traceback ends in the test


def test_doubt_and_unknown_labels(tmp_path: Path) -> None:
    test = """
import numpy as np
import pytest
from emotone import OptionError

def test_silence(assert_emotion):
    with pytest.raises(AssertionError, match="cannot be judged"):
        assert_emotion(np.zeros(48_000, np.float32), "neutral", sample_rate=16_000)

def test_unknown(assert_emotion):
    with pytest.raises(OptionError, match="Expect one of angry"):
        assert_emotion("line.wav", "bliss")
"""
    code, output = run_pytest(tmp_path, test)
    assert (code, "2 passed" in output) == (0, True), output


def test_another_head(clips: list[Path], tmp_path: Path) -> None:
    conftest = """
import numpy as np
import pytest
import emotone

@pytest.fixture(scope="session")
def emotone_model():
    model = emotone.load_model()
    weight = np.zeros((2, model.info.dim), np.float32)
    return model.with_head(emotone.Head(("calm", "loud"), weight, np.array([0, 5], np.float32)))
"""
    test = f"def test_loud(assert_emotion): assert_emotion({str(clips[0])!r}, 'loud')"
    code, output = run_pytest(tmp_path, test, conftest)
    assert (code, "1 passed" in output) == (0, True), output


def test_nothing_is_loaded_before_it_is_used(tmp_path: Path) -> None:
    test = """
import sys

def test_light(request):
    assert request.config.pluginmanager.has_plugin("pytest_emotone")
    assert not {"emotone", "numpy", "onnxruntime"} & set(sys.modules)
"""
    code, output = run_pytest(tmp_path, test)
    assert (code, "1 passed" in output) == (0, True), output


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the standard library reads TOML from 3.11 on")
def test_pytest_finds_it_once_installed() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["entry-points"]["pytest11"] == {"pytest_emotone": "pytest_emotone"}
    assert "src/pytest_emotone.py" in project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
