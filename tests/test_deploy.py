"""What `deploy/` starts is what the command line takes; `deploy/rehearse.py` tries the whole Dockerfile, where root runs it."""

import json
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

from emotone.cli.app import app

DEPLOY = Path(__file__).parent.parent / "deploy"
sys.path.insert(0, str(DEPLOY))
from rehearse import Container, instructions  # noqa: E402


def parsed(arguments: list[str]) -> dict[str, object]:
    """The parameters of `emotone serve`; a wrong option raises."""
    assert arguments[0] == "serve"
    return app.commands["serve"].make_context("serve", arguments[1:]).params


def test_the_image_starts_a_server_that_others_reach() -> None:
    found = dict(instructions((DEPLOY / "Dockerfile").read_text(encoding="utf-8")))
    assert json.loads(found["ENTRYPOINT"]) == ["emotone"]
    assert parsed(json.loads(found["CMD"]))["host"] == "0.0.0.0"
    assert found["USER"] == "emotone"


def test_every_instruction_can_be_rehearsed() -> None:
    names = {name for name, _ in instructions((DEPLOY / "Dockerfile").read_text(encoding="utf-8"))}
    assert names <= set(Container(Path()).instructions)


def test_the_compose_file_builds_it_and_wants_a_key() -> None:
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]["emotone"]
    assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).samefile(DEPLOY / "Dockerfile")
    assert ":?" in service["environment"]["EMOTONE_API_KEYS"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_the_unit_starts_a_server_for_this_computer_only() -> None:
    unit = ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str
    unit.read(DEPLOY / "emotone.service", encoding="utf-8")
    program, *arguments = unit["Service"]["ExecStart"].split()
    assert program == "/opt/emotone/bin/emotone"
    assert parsed(arguments)["host"] == "127.0.0.1"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_knows_every_setting_of_the_unit(tmp_path: Path) -> None:
    text = (DEPLOY / "emotone.service").read_text(encoding="utf-8").replace("/opt/emotone/bin/emotone", "/bin/true")
    (tmp_path / "emotone.service").write_text(text, encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", tmp_path / "emotone.service"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Unknown" not in done.stderr
