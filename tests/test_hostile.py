"""Files that are made to do harm are refused with little memory, and the process that hears recordings outlives them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile import HARMLESS, LONG, REFUSED, elsewhere

import emotone
from emotone.decoders import MEMORY_MB, Decoders

SCRIPT = """
import json, resource, sys
from pathlib import Path
from emotone.decoders import Decoders
from emotone.errors import EmotoneError

found = {}
with Decoders(idle=1) as decoders:
    for path in map(Path, sys.argv[1:]):
        recording = decoders.open(path).at_most(600)
        try:
            seconds = sum(block.size for block in recording.blocks()) / 16_000
            found[path.name] = seconds
        except EmotoneError as error:
            found[path.name] = type(error).__name__
        try:
            recording.format
        except EmotoneError:
            pass
status = Path("/proc/self/status").read_text().splitlines()
own = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))  # ru_maxrss begins with the parent's
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"found": found, "own": own // 1024, "children": children // 1024}))
"""
FILES = {**REFUSED, **{name: build for name, (build, _) in HARMLESS.items()}, **LONG}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited and measured as Linux does")


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a fresh process makes of all of them: seconds or the error of each, and memory at most, in MB."""
    folder = tmp_path_factory.mktemp("hostile")
    for name, build in FILES.items():
        (folder / name).write_bytes(build())
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *(folder / name for name in FILES)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_the_files_are_small(tmp_path: Path) -> None:
    assert all(len(build()) < 600_000 for build in FILES.values())


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, heard: dict) -> None:
    assert heard["found"][name] in (
        "UnsupportedAudioError",
        "EmptyAudioError",
        "NoAudioStreamError",
        "InvalidSamplesError",
    )


@pytest.mark.parametrize("name", HARMLESS)
def test_decoded_as_what_they_are(name: str, heard: dict) -> None:
    assert heard["found"][name] == pytest.approx(HARMLESS[name][1], abs=0.1)


@pytest.mark.parametrize("name", LONG)
def test_hours_in_a_small_file_end_at_the_limit(name: str, heard: dict) -> None:
    assert heard["found"][name] == "AudioTooLongError"


def test_memory_stays_small(heard: dict) -> None:
    assert heard["own"] < 200  # the process that serves never sees their insides
    assert heard["children"] < MEMORY_MB + 150


def test_samples_are_never_taken_from_another_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.raw"
    os.mkfifo(secret)
    with open(os.open(secret, os.O_RDWR | os.O_NONBLOCK), "r+b", buffering=0) as pipe, Decoders(idle=1) as decoders:
        pipe.write(b"\1\2" * 1_000)
        for target in (str(secret), secret.name, f"file://{secret}"):
            (tmp_path / "file.mov").write_bytes(elsewhere(target))
            for opened in (decoders.open(tmp_path / "file.mov"), emotone.audio.open_recording(tmp_path / "file.mov")):
                with pytest.raises(emotone.AudioError):
                    opened.load()
        assert len(pipe.read(2_001)) == 2_000
