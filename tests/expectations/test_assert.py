"""`emotone assert` as a user and as continuous integration meet it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from junitparser import Error, Failure, JUnitXml
from lxml import etree
from test_cli import run
from test_evaluate import write_head

import emotone
from emotone.heads import Head


@pytest.fixture(scope="module")
def takes(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders with takes of lines: angry, sad, silent; one that is no recording, with a name for which XML has no words."""
    folder = tmp_path_factory.mktemp("takes")
    for name, source in (("one/angry.wav", "angry_06"), ("one/sad.wav", "sad_06"), ("two/angry.wav", "angry_06_3")):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes((corpus / f"{source}.wav").read_bytes())
    soundfile.write(folder / "two" / "silent.wav", np.zeros(48_000), 16_000)
    (folder / "two" / '<bad> & \x01 "file".wav').write_text("no recording")
    return folder


def test_passing(takes: Path) -> None:
    done = run("assert", takes / "one/angry.wav", takes / "two/angry.wav", "--expect", "angry", "--min", "0.6")
    assert done.returncode == 0, done.stderr
    first, second, _, header, whole, *folders = done.stdout.splitlines()
    assert first.startswith(f"passed   {takes / 'one/angry.wav'}: expected angry, at least 60%; heard angry ")
    assert second.startswith("passed   ")
    assert header.split() == ["passed", "rate", "95%", "interval"]
    assert whole.split() == ["all", "2", "/", "2", "100%", "34%", "–", "100%"]
    assert [line.split()[1:4] for line in folders] == [["1", "/", "1"]] * 2


def test_failing_doubtful_and_broken(takes: Path, tmp_path: Path) -> None:
    done = run("assert", takes, "--expect", "anger", "--junit", tmp_path / "report.xml")
    assert done.returncode == 1
    words = [line.split()[0] for line in done.stdout.splitlines()[:5]]
    assert words == ["passed", "FAILED", "ERROR", "passed", "DOUBTFUL"]
    assert "2 / 4" in done.stdout.splitlines()[7]  # what cannot be heard says nothing about a rate
    (one, two) = JUnitXml.fromfile(str(tmp_path / "report.xml"))
    assert (one.name, one.tests, one.failures, one.errors) == (str(takes / "one"), 2, 1, 0)
    assert (two.name, two.tests, two.failures, two.errors) == (str(takes / "two"), 3, 1, 1)
    passed, failed = one
    assert passed.is_passed
    assert (failed.name, failed.classname) == (str(takes / "one/sad.wav"), "emotone.angry")
    assert (type(failed.result[0]), failed.result[0].type) == (Failure, "failed")
    assert failed.result[0].message.startswith("expected angry; heard sad ")
    broken, _, silent = two
    assert broken.name.endswith('<bad> & � "file".wav')
    assert (type(broken.result[0]), broken.result[0].type) == (Error, "UnsupportedAudioError")
    assert silent.result[0].type == "doubtful"
    assert {entry.name for entry in one.properties()} == {"model", "model_sha256"}


def test_the_report_has_nothing_that_schemas_do_not_know(takes: Path, tmp_path: Path) -> None:
    run("assert", takes / "one", "--expect", "angry", "--junit", tmp_path / "report.xml")
    root = etree.parse(tmp_path / "report.xml").getroot()
    known = {  # by the schema of Jenkins' xUnit plugin, the strictest reader
        "testsuites": {"name", "time", "tests", "failures", "errors"},
        "testsuite": {"name", "tests", "failures", "errors", "skipped", "timestamp"},
        "properties": set(),
        "property": {"name", "value"},
        "testcase": {"name", "classname", "time"},
        "failure": {"type", "message"},
        "error": {"type", "message"},
        "system-out": set(),
    }
    assert all(set(element.attrib) <= known[element.tag] for element in root.iter())
    assert root.get("tests") == str(len(root.findall("testsuite/testcase"))) == "2"


def test_a_rate_may_be_enough(takes: Path) -> None:
    assert run("assert", takes / "one", "--expect", "angry", "--rate", "0.5").returncode == 0
    assert run("assert", takes / "one", "--expect", "angry", "--rate", "0.51").returncode == 1


def test_no_rate_makes_up_for_what_cannot_be_heard(takes: Path) -> None:
    done = run("assert", takes / "one/angry.wav", "missing.wav", "--expect", "angry", "--rate", "0.1")
    assert done.returncode == 1
    assert "ERROR    missing.wav: There is no file" in done.stdout


def test_a_table_says_what_each_should_express(takes: Path, tmp_path: Path) -> None:
    rows = ["file,line,target", f"{takes / 'one/angry.wav'},Go!,anger", f"{takes / 'one/sad.wav'},Oh.,sad"]
    (tmp_path / "script.csv").write_text("\n".join(rows), encoding="utf-8")
    done = run("assert", tmp_path / "script.csv", "--expect-column", "target")
    assert done.returncode == 0, done.stderr
    assert "😠 Angry  1 / 1" in done.stdout
    assert "😢 Sad    1 / 1" in done.stdout


def test_another_head(model: emotone.Recognizer, takes: Path, tmp_path: Path) -> None:
    weight = np.zeros((2, model.info.dim), np.float32)
    write_head(tmp_path, Head(("calm", "loud"), weight, np.array([0, 5], np.float32)))
    head = ("--head", tmp_path / "head.json")
    done = run("assert", takes / "one/sad.wav", "--expect", "loud", *head)
    assert (done.returncode, "heard loud 99%" in done.stdout) == (0, True), done.stderr
    done = run("assert", takes / "one/sad.wav", "--expect", "sad", *head)
    assert done.returncode == 2
    assert "Expect one of calm, loud." in done.stderr


def test_a_baseline(model: emotone.Recognizer, takes: Path) -> None:
    done = run("assert", takes / "one/angry.wav", "--expect", "angry", "--baseline", takes / "one")
    voice = model.baseline([takes / "one/angry.wav", takes / "one/sad.wav"])
    score = model.predict(takes / "one/angry.wav", baseline=voice).scores["angry"]
    assert f"{score:.0%}" in done.stdout.splitlines()[0]
    assert score != model.predict(takes / "one/angry.wav").scores["angry"]
    assert "of speech in 2 recordings" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["x.wav"], 2, "Give either --expect or --expect-column"),
        (["x.wav", "--expect", "sad", "--expect-column", "emotion"], 2, "Give either"),
        (["x.wav", "--expect", "bliss"], 2, "Expect one of angry, disgusted"),
        (["x.wav", "--expect", "sad", "--min", "60"], 2, "--min"),
        (["x.wav", "--expect", "sad", "--min", "nan"], 2, "0 to 1"),
        (["x.wav", "--expect", "sad", "--rate", "nan"], 1, ""),
        (["x.csv", "--expect-column", "emotion"], 1, "There is no manifest 'x.csv'"),
        (["--expect", "sad"], 2, "FILES|DIR"),
    ],
)
def test_what_is_wrong_is_one_sentence(arguments: list[str], code: int, message: str) -> None:
    done = run("assert", *arguments)
    assert done.returncode == code
    assert message in done.stderr


def test_chinese(takes: Path) -> None:
    done = run("assert", takes / "one", "--expect", "愤怒", language="zh_CN.UTF-8")
    assert "应为愤怒；听到悲伤" in done.stdout
    assert "95% 区间" in done.stdout
    text = run("assert", "--help", language="zh_CN.UTF-8").stdout
    assert "检查录音是否表达了预期的情绪" in text
    assert not any(word in text for word in ("Usage", "Options", "Check"))
