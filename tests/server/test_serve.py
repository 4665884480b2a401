"""`emotone serve` as a process: it answers, and ends cleanly when it is asked to."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from emotone import Recognizer
from emotone.client import Client


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
def test_the_api_alone_until_sigterm(model: Recognizer, clips: list[Path], tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "emotone", "serve", "--no-page", "--port", str(port), "--max-seconds", "3.5"]
    environment = os.environ | {"LANG": "en_US.UTF-8", "LANGUAGE": "", "LC_ALL": "en_US.UTF-8", "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment) as process:
        assert process.stderr is not None
        assert f"http://127.0.0.1:{port}/" in process.stderr.readline()
        client = Client(f"http://127.0.0.1:{port}")
        assert client.predict(clips[0])["scores"] == pytest.approx(dict(model.predict(clips[0]).scores), abs=1e-4)
        assert client.predict_many([clips[0], clips[1]])[1].error.text.en.startswith(f"'{clips[1].name}' is longer")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert "Traceback" not in process.stderr.read()
    assert list(tmp_path.iterdir()) == []
