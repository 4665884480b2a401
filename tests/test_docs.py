"""The documentation: its code runs, and both languages say the same."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from calls import two_people
from hub import Hub

import emotone
from emotone.hub import pull
from emotone.server import Served

PROJECT = Path(__file__).parent.parent
PAIRS = [("README.md", "README.zh-CN.md")] + [
    (f"docs/en/{name}", f"docs/zh/{name}")
    for name in (
        "page.md",
        "cli.md",
        "exports.md",
        "batch.md",
        "store.md",
        "scale.md",
        "python.md",
        "api.md",
        "live.md",
        "baseline.md",
        "doubt.md",
        "evaluate.md",
        "train.md",
        "compare.md",
        "map.md",
        "emotion2vec.md",
        "security.md",
        "deploy.md",
        "reliability.md",
        "calls.md",
    )
]
PAGES = [page for pair in PAIRS for page in pair]
ADDRESS = "http://127.0.0.1:7860"
LARGE, BASE = "emotion2vec-plus-large", "emotion2vec-plus-base"  # of base no hash is known: it may be any files


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (PROJECT / page).read_text(encoding="utf-8"), re.S | re.M)


@pytest.fixture
def workplace(
    tmp_path: Path, clips: list[Path], corpus: Path, official: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with the files that the documentation names, and a hub."""
    monkeypatch.chdir(tmp_path)
    for name, clip in (("speech.wav", clips[0]), ("talk.mp3", clips[2])):
        soundfile.write(name, emotone.load_audio(clip).samples, 16_000)
    _save_call()
    Path("wav.scp").write_text("one speech.wav\ntwo talk.mp3\n")
    for name in ("my_folder", "my_checkpoint"):
        shutil.copytree(official, name)
    shutil.copytree(corpus, "corpus")
    return tmp_path


def _save_call() -> None:
    """A call, and the same as a meeting with its turns."""
    call = two_people()
    call.save(Path("call.wav"))
    soundfile.write("meeting.wav", call.samples.sum(axis=1), 16_000)
    cues = [
        f"{number}\n00:00:{turn.start:06.3f} --> 00:00:{turn.end:06.3f}\nSPEAKER {turn.speaker}: words\n"
        for number, turn in enumerate(call.turns, start=1)
    ]
    Path("meeting.srt").write_text("\n".join(cues))
    Path("meeting.rttm").write_text(
        "".join(
            f"SPEAKER meeting 1 {turn.start:.3f} {turn.end - turn.start:.3f} <NA> <NA> {turn.speaker} <NA> <NA>\n"
            for turn in call.turns
        )
    )


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")])
def test_python_blocks_run(page: str, workplace: Path, request: pytest.FixtureRequest) -> None:
    code = "\n".join(blocks(page, "python"))
    if ADDRESS in code:
        code = code.replace(ADDRESS, request.getfixturevalue("api").url.rstrip("/"))
    if LARGE in code:
        pull(BASE)
    exec(code.replace(LARGE, BASE), {})


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "bash")])
def test_commands_run(page: str, workplace: Path) -> None:
    lines = [line.split("#")[0].strip() for block in blocks(page, "bash") for line in block.splitlines()]
    commands = [line.replace("bash run.sh", "emotone").replace(LARGE, BASE).strip() for line in lines if line]
    assert commands
    for command in commands:
        words = shlex.split(command)
        assert words.pop(0) == "emotone"
        if not words:  # starts the page: the browser tests do
            continue
        words = words[: words.index(">")] if ">" in words else words
        with open(words.pop() if "<" in words else "speech.wav", "rb") as stdin:
            words = [word for word in words if word != "<"]
            done = subprocess.run(
                [sys.executable, "-m", "emotone", *words], stdin=stdin, capture_output=True, check=False
            )
        assert (done.returncode, command) == (0, command), done.stderr.decode()


@pytest.mark.parametrize("page", [page for page in PAGES if any(ADDRESS in block for block in blocks(page, "sh"))])
def test_requests_are_answered(page: str, workplace: Path, api: Served) -> None:
    script = "\n".join(blocks(page, "sh")).replace("curl -s", "curl -sS --fail-with-body")
    script = script.replace(ADDRESS, api.url.rstrip("/"))
    done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"emotion": "happy"' in done.stdout


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_both_languages_have_the_same_structure(english: str, chinese: str) -> None:
    def outline(page: str) -> list[str]:
        text = (PROJECT / page).read_text(encoding="utf-8")
        code = [re.sub(r"\s*#.*", "", block) for block in re.findall(r"^```\w+\n(.*?)^```", text, re.S | re.M)]
        prose = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
        shape = [re.match(r"#+|\||-|!", line).group() for line in prose.splitlines() if re.match(r"#+ |\||- |!", line)]
        return code + shape

    assert outline(english) == outline(chinese)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (PROJECT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)\)", text)
    missing = [t for t in targets if not t.startswith("http") and not (PROJECT / page).parent.joinpath(t).exists()]
    assert missing == []
