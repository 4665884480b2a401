"""Rehearses the Dockerfile without Docker: its steps run in a fresh Debian, then the container's command is tried out.

    sudo python3 deploy/rehearse.py            needs root, debootstrap and the network; about five minutes

What this proves: every instruction works from nothing, as the user that it names; the service comes up, says that it is
well, wants a key, answers a request rightly, and ends when it is told to. What it cannot prove: that Docker itself builds
the image, and that of Python's own base image; Debian's Python stands in for it.
"""

import argparse
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = "python3,python3-venv,ca-certificates"
KEY = "only-for-the-rehearsal"
PATIENCE = 90.0  # seconds until the service must be up
_CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")


class Container:
    """A folder that becomes a container's file system, and the state that instructions change.

    Args:
        root: A fresh Debian.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.user = "root"
        self.folder = "/"
        self.environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
        self.health: list[str] = []
        self.entrypoint: list[str] = []
        self.command: list[str] = []
        self.instructions: dict[str, Callable[[str], None]] = {
            "FROM": lambda rest: None,
            "RUN": lambda rest: self.run(["/bin/sh", "-c", rest]),
            "COPY": self._copy,
            "ENV": self._env,
            "USER": self._user,
            "WORKDIR": self._workdir,
            "HEALTHCHECK": self._healthcheck,
            "ENTRYPOINT": lambda rest: setattr(self, "entrypoint", json.loads(rest)),
            "CMD": lambda rest: setattr(self, "command", json.loads(rest)),
            "VOLUME": lambda rest: None,
            "EXPOSE": lambda rest: None,
            "STOPSIGNAL": lambda rest: None,
        }

    def run(self, command: list[str]) -> None:
        """Runs a command inside, to its end; an exit code other than 0 raises."""
        subprocess.run(self._inside(command), env=self.environment, check=True)

    def start(self) -> "subprocess.Popen[bytes]":
        """What `docker run` would start."""
        return subprocess.Popen(self._inside([*self.entrypoint, *self.command]), env=self.environment)

    def _inside(self, command: list[str]) -> list[str]:
        there = f'cd {shlex.quote(self.folder)} && exec "$@"'
        return ["chroot", f"--userspec={self.user}", str(self.root), "/bin/sh", "-c", there, "sh", *command]

    def _copy(self, rest: str) -> None:
        *sources, target = rest.split()
        place = self.root / target.lstrip("/")
        for source in sources:
            found = REPOSITORY / source
            if found.is_dir():
                shutil.copytree(found, place, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
            else:
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy(found, place)

    def _env(self, rest: str) -> None:
        for pair in shlex.split(rest):
            name, value = pair.split("=", 1)
            self.environment[name] = value.replace("$PATH", self.environment["PATH"])

    def _user(self, rest: str) -> None:
        self.user = f"{rest}:{rest}"
        self.environment["HOME"] = f"/home/{rest}"

    def _workdir(self, rest: str) -> None:
        self.folder = rest
        (self.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def _healthcheck(self, rest: str) -> None:
        self.health = ["/bin/sh", "-c", rest.split(" CMD ", 1)[1]]


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile: their names, and the rest with its continued lines joined."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ").splitlines()
    found = (line.partition(" ") for line in lines if line.strip())
    return [(name, rest.strip()) for name, _, rest in found]


def build(root: Path) -> Container:
    """Makes the container's file system. An instruction that is not known here raises."""
    subprocess.run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root)], check=True)
    if Path("/", _CERTIFICATES).exists():  # of a network that has its own
        shutil.copy(Path("/", _CERTIFICATES), root / _CERTIFICATES)
    container = Container(root)
    container.environment |= {
        name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.lower().endswith("_proxy")
    }
    for name, rest in instructions((REPOSITORY / "deploy" / "Dockerfile").read_text(encoding="utf-8")):
        print(f"--- {name} {rest}", flush=True)
        container.instructions[name](rest)
    return container


def try_out(container: Container) -> None:
    """Starts the service and asks it what a user would. Raises AssertionError when an answer is wrong."""
    port = _free_port()
    container.environment |= {"EMOTONE_PORT": str(port), "EMOTONE_API_KEYS": KEY}
    service = container.start()
    try:
        _wait_until_well(container, service)
        owner = Path(f"/proc/{service.pid}").stat().st_uid
        assert owner != 0, "The service runs as root."
        address = f"http://127.0.0.1:{port}"
        assert _status(f"{address}/v1/models") == 401, "It answers without a key."
        sample = REPOSITORY / "src" / "emotone" / "examples" / "english_angry.ogg"
        request = urllib.request.Request(
            f"{address}/v1/predict", sample.read_bytes(), {"Authorization": f"Bearer {KEY}"}
        )
        request.add_header("Content-Type", "application/octet-stream")
        with urllib.request.urlopen(request) as answer:
            said = json.load(answer)
        assert said["emotion"] == "angry", f"It hears {said['emotion']} in an angry voice."
        with urllib.request.urlopen(
            urllib.request.Request(address, headers={"Authorization": f"Bearer {KEY}"})
        ) as page:
            assert b"gradio" in page.read(), "There is no page."
        service.send_signal(signal.SIGTERM)
        assert service.wait(30) == 0, f"It ended with exit code {service.returncode}."
    finally:
        service.kill()
        service.wait()


def _wait_until_well(container: Container, service: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            container.run(container.health)
            return
        except subprocess.CalledProcessError:
            assert service.poll() is None, f"The service ended at once, with exit code {service.returncode}."
            assert time.monotonic() < deadline, f"The service was not well after {PATIENCE:.0f} s."
            time.sleep(1)


def _status(address: str) -> int:
    try:
        with urllib.request.urlopen(address) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def main() -> None:
    """Builds, tries out, and removes everything again."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        sys.exit("The rehearsal needs root and debootstrap (apt-get install debootstrap).")
    with tempfile.TemporaryDirectory(prefix="emotone_rehearsal_") as folder:
        container = build(Path(folder) / "root")
        try_out(container)
    print("The Dockerfile's steps work, and so does what they make.")


if __name__ == "__main__":
    main()
