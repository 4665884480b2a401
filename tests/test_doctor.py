"""`emotone doctor` says what is here, and notices what is wrong."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import emotone
from emotone import doctor
from emotone.doctor import computer, parts
from emotone.hub import pull

COMMAND = [sys.executable, "-m", "emotone", "doctor"]
FORMATS = ("WAV", "MP3", "M4A (AAC)", "FLAC", "OGG (Vorbis)", "OGG (Opus)", "WebM (Opus)", "AMR", "AMR-WB", "WMA")


def states(examination: doctor.Examination) -> dict[str, str]:
    return {finding.code: finding.state for finding in examination.findings}


def run(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options], capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


def test_a_good_installation(tmp_path: Path) -> None:
    done = run("--format", "json", "-o", str(tmp_path / "outputs"), LANG="en_US.UTF-8", LANGUAGE="")
    found = json.loads(done.stdout)
    assert (done.returncode, found["good"]) == (0, True), done.stdout
    by_code = {finding["code"]: finding for finding in found["findings"]}
    assert by_code["emotone"]["facts"] == {"version": emotone.__version__}
    assert all(by_code["packages"]["facts"].values())
    assert "CPU" in by_code["engine"]["facts"]["providers"]
    assert by_code["codecs"]["text"].endswith(": " + ", ".join(FORMATS))
    assert by_code["self_test"]["facts"]["label"] == "angry"
    assert by_code["model.bundled"]["facts"]["name"] == emotone.DEFAULT_MODEL
    assert by_code["folder.outputs"]["facts"]["writable"] is True
    assert not (tmp_path / "outputs").exists()  # looking changes nothing


def test_the_table_speaks_both_languages(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.write_text("in the way")
    for language, wanted, said in (("en_US.UTF-8", "self-test", "1 wrong"), ("zh_CN.UTF-8", "自检", "1 项有误")):
        done = run("-o", str(file), LANG=language, LANGUAGE="", LC_ALL="")
        assert done.returncode == 1
        assert wanted in done.stdout
        assert said in done.stderr
        assert "✗" in done.stdout
        assert "→" in done.stdout


def test_a_codec_that_does_not_decode_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.mp3").write_bytes(b"no sound")
    monkeypatch.setitem(parts._SAMPLES, "MP3", str(tmp_path / "broken.mp3"))
    monkeypatch.setitem(
        parts._SAMPLES, "FLAC", str(Path(parts.__file__).parent.parent / "examples" / "german_happy.ogg")
    )
    good, *wrong = parts.codecs()
    assert good.text.en.endswith(": " + ", ".join(name for name in FORMATS if name not in ("MP3", "FLAC")))
    assert [finding.state for finding in wrong] == ["wrong", "wrong"]
    assert wrong[0].text.en.startswith("MP3: 'broken.mp3' is not audio")
    assert "at 1000 Hz" in wrong[1].text.en


def test_a_pulled_model_that_changed_is_wrong(hub: object) -> None:
    name = "emotion2vec-plus-base"
    pulled = pull(name)
    assert [finding.state for finding in parts.models()] == ["ok", "ok"]
    data = bytearray(pulled.path.read_bytes())
    data[-1] ^= 1
    pulled.path.write_bytes(data)
    changed = parts.models()[1]
    assert (changed.state, changed.code) == ("wrong", f"model.{name}")
    assert f"emotone models pull {name} --force" in changed.advice.en
    pulled.path.write_bytes(data[:100])
    assert parts.models()[1].state == "wrong"


def test_a_taken_port_is_a_warning() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        finding = computer.port("127.0.0.1", number)
        assert finding.state == "warning"
        assert f"127.0.0.1:{number} is not free" in finding.text.en
    assert computer.port("127.0.0.1", number).state == "ok"


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "150000 100000"}, 1.5),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}, 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({}, None),
    ],
)
def test_the_time_that_a_container_gets(
    files: dict[str, str], quota: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    monkeypatch.setattr(computer, "_CGROUP", tmp_path)
    monkeypatch.setattr(computer, "usable_cores", lambda: 2)
    finding = computer.cores()
    assert finding.facts["quota"] == quota
    assert finding.state == ("ok" if quota is None else "warning")


def test_little_memory_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "memory.max").write_text("600000000")
    (tmp_path / "memory.current").write_text("100000000")
    monkeypatch.setattr(computer, "_CGROUP", tmp_path)
    finding = computer.memory()
    assert (finding.state, finding.facts) == ("warning", {"free_gb": 0.5})


def test_what_breaks_while_looking_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> doctor.Finding:
        raise ImportError("libfoo.so is missing")

    monkeypatch.setattr(parts, "engine", broken)
    found = doctor.examine(doctor.Place(port=1))
    assert not found.good
    assert states(found)["engine"] == "wrong"
    assert any("libfoo.so" in finding.text.en for finding in found.findings)
    assert states(found)["self_test"] == "ok"
