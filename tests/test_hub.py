"""Models from the hubs: the real clients against a hub on loopback, with everything that goes wrong on the way."""

import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from checkpoints import write_model_folder
from hub import Fault, Hub

import emotone
from emotone.errors import CheckpointError, DownloadError, MissingExtraError, ModelError
from emotone.hub import Origin, Progress, default_origin, pull, remove, verify
from emotone.labels import LABELS
from emotone.models import KNOWN_MODELS, find_model, known_model, model_names, pulled_model
from emotone.text import Text

NAME = "emotion2vec-plus-base"
HUGGING_FACE, MODEL_SCOPE = Origin(("huggingface",)), Origin(("modelscope",))
BOTH = Origin(("modelscope", "huggingface"))
MEGABYTE = 2**20


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "EMOTONE_MODELS"


def start(*arguments: object, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "emotone", "models", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload,no-any-return]


def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    process = start(*arguments, **options)
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def wait_until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def parts(models: Path) -> list[Path]:
    return sorted((models / ".pulling").rglob("*.part"))


def nothing_can_be_loaded(models: Path) -> bool:
    with pytest.raises(ModelError, match=f"emotone models pull {NAME}"):
        emotone.load_model(NAME)
    return list(models.rglob("*.onnx")) == []


# What works


@pytest.mark.parametrize("origin", [HUGGING_FACE, MODEL_SCOPE], ids=["huggingface", "modelscope"])
def test_pull_verify_predict(hub: Hub, models: Path, origin: Origin) -> None:
    made = pull(NAME, origin)
    assert made.path == models / NAME / "model.onnx" == find_model(NAME)
    assert sorted(path.name for path in made.folder.iterdir()) == [
        *("config.yaml", "configuration.json", "example", "model.json", "model.onnx", "tokens.txt")
    ]
    assert not (models / ".pulling" / NAME / "files").exists()
    record = made.record
    assert (record.name, record.hub) == (NAME, origin.hubs[0])
    assert record.files == {name: hub.sha256(path) for name, path in hub.files().items()}
    assert record.check is not None

    found = verify(NAME)
    assert found.good, found.findings
    ((truth),) = json.loads(found.truth)
    assert truth["key"] == "test"
    assert truth["labels"][0] == "生气/angry"
    recognizer = emotone.load_model(NAME)
    assert recognizer.info.labels == LABELS
    assert recognizer.info.licence == "ModelScope: Apache-2.0; Hugging Face: model-license"
    assert recognizer.info.revision == record.files["model.pt"][:12]
    heard = recognizer.predict(models / NAME / "example" / "test.wav")
    np.testing.assert_allclose(list(heard.scores.values()), truth["scores"], atol=1e-6)


def test_three_commands(hub: Hub, models: Path) -> None:
    pulled = run("pull", NAME)
    assert (pulled.returncode, pulled.stdout) == (0, f"{models / NAME / 'model.onnx'}\n")
    assert "Licence: ModelScope: Apache-2.0; Hugging Face: model-license" in pulled.stderr
    assert "Downloading model.pt" in pulled.stderr
    checked = run("verify", NAME)
    assert checked.returncode == 0
    assert json.loads(checked.stdout)[0]["key"] == "test"
    assert "✗" not in checked.stderr
    clip = models / NAME / "example" / "test.wav"
    command = [sys.executable, "-m", "emotone", "predict", str(clip), "--model", NAME, "--format", "json"]
    result = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert result["model"]["name"] == NAME
    assert list(result["scores"].values()) == pytest.approx(json.loads(checked.stdout)[0]["scores"], abs=1e-6)


def test_both_hubs_and_a_folder_give_the_same_model(hub: Hub, official: Path) -> None:
    hashes = {
        pull(NAME, origin, force=True).record.sha256 for origin in (HUGGING_FACE, MODEL_SCOPE, Origin(folder=official))
    }
    assert len(hashes) == 1


def test_a_model_that_is_here_is_not_fetched_again(hub: Hub) -> None:
    pull(NAME)
    hub.requests.clear()
    pull(NAME)
    assert hub.requests == []
    pull(NAME, force=True)
    assert len(hub.downloads("model.pt")) == 1


def test_a_folder_of_ones_own_is_not_touched(hub: Hub, models: Path) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in hub.folder.rglob("*")}
    made = pull(NAME, Origin(folder=hub.folder))
    assert made.record.hub == "folder"
    assert verify(NAME).good
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in hub.folder.rglob("*")} == before
    assert hub.requests == []


def test_progress_tells_every_byte_in_both_languages(hub: Hub) -> None:
    seen: list[Progress] = []
    pull(NAME, HUGGING_FACE, on_progress=seen.append)
    steps = list(dict.fromkeys(progress.step for progress in seen))
    assert steps[0] == Text("Asking Hugging Face", "正在查询 Hugging Face")
    bytes_of_model = [progress.done for progress in seen if progress.step.en == "Downloading model.pt"]
    assert bytes_of_model == sorted(bytes_of_model)
    assert bytes_of_model[-1] == hub.files()["model.pt"].stat().st_size
    assert len(bytes_of_model) > 5


def test_models_are_listed_without_being_loaded(hub: Hub, models: Path) -> None:
    made = pull(NAME)
    made.path.write_bytes(bytes(made.record.size))  # no model at all, but of the right size
    rows = {row["name"]: row for row in json.loads(run("list", "--format", "json").stdout)}
    assert tuple(rows) == model_names()
    assert {name: row["state"] for name, row in rows.items()} == {
        "emotone-small": "bundled",
        "emotion2vec-plus-seed": "missing",
        NAME: "ready",
        "emotion2vec-plus-large": "missing",
    }
    assert rows[NAME]["sha256"] == made.record.sha256
    assert rows["emotion2vec-plus-large"]["download_size"] == 1_945_927_644
    made.path.write_bytes(b"less")
    table = run("list").stdout
    assert [line.split()[0] for line in table.splitlines()[1:]] == list(rows)
    assert "damaged" in table


def test_convert_makes_a_model_that_can_be_given_to_every_command(
    official: Path, tmp_path: Path, clips: list[Path]
) -> None:
    out = tmp_path / "mine.onnx"
    done = run("convert", official, "-o", out, "--precision", "int8", "--licence", "CC0-1.0")
    assert (done.returncode, done.stdout) == (0, f"{out}\n")
    assert "int8 against fp32 on speech: same label in " in done.stderr
    info = emotone.load_model(out).info
    assert (info.name, info.licence, info.labels) == ("mine", "CC0-1.0", LABELS)
    assert run("convert", tmp_path, "-o", out).returncode == 1
    assert run("convert", tmp_path / "missing", "-o", out).returncode == 2


# What breaks off


@pytest.mark.parametrize("origin", [HUGGING_FACE, MODEL_SCOPE], ids=["huggingface", "modelscope"])
def test_a_broken_connection_goes_on_where_it_stopped(hub: Hub, origin: Origin) -> None:
    hub.faults.append(Fault("drop", "model.pt", times=1, after=MEGABYTE))
    steps: list[str] = []
    pull(NAME, origin, on_progress=lambda progress: steps.append(progress.step.en))
    first, second = hub.downloads("model.pt")
    assert first.range is None
    assert second.range == f"bytes={MEGABYTE}-"
    assert second.sent == hub.files()["model.pt"].stat().st_size - MEGABYTE
    assert "The connection broke; trying again" in steps
    assert verify(NAME).good


def test_what_one_hub_began_the_other_finishes(hub: Hub, models: Path) -> None:
    hub.faults += [Fault("drop", "model.pt", times=1, after=MEGABYTE), Fault("drop", "model.pt")]
    with pytest.raises(DownloadError, match="the same command goes on from there"):
        pull(NAME, HUGGING_FACE)
    assert [part.stat().st_size for part in parts(models)] == [MEGABYTE]
    assert nothing_can_be_loaded(models)
    hub.faults.clear()
    hub.requests.clear()
    assert pull(NAME, MODEL_SCOPE).record.hub == "modelscope"
    assert [request.range for request in hub.downloads("model.pt")] == [f"bytes={MEGABYTE}-"]
    assert parts(models) == []


def test_a_process_that_was_killed_is_continued_by_the_next(hub: Hub, models: Path) -> None:
    hub.faults.append(Fault("hold", "model.pt", times=1, after=MEGABYTE))
    process = start("pull", NAME)
    wait_until(lambda: [part.stat().st_size for part in parts(models)] == [MEGABYTE])
    process.kill()
    process.communicate()
    assert nothing_can_be_loaded(models)
    assert run("path", NAME).returncode == 2
    done = run("pull", NAME)
    assert done.returncode == 0, done.stderr
    assert [request.range for request in hub.downloads("model.pt")][-1] == f"bytes={MEGABYTE}-"
    assert verify(NAME).good


def test_a_process_that_is_killed_while_it_converts_leaves_nothing(hub: Hub, models: Path) -> None:
    process = start("pull", NAME, stdin=subprocess.DEVNULL)
    wait_until(lambda: (models / ".pulling" / NAME / "draft").exists())
    process.kill()
    process.communicate()
    assert not (models / NAME).exists()
    with pytest.raises(ModelError, match="not here yet"):
        find_model(NAME)
    hub.requests.clear()
    pull(NAME)
    assert hub.downloads("model.pt") == []  # it was whole
    assert verify(NAME).good
    assert [path.name for path in (models / ".pulling" / NAME).iterdir()] == ["lock"]


def test_a_full_disk_is_one_sentence_and_the_next_pull_goes_on(hub: Hub, models: Path) -> None:
    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, MEGABYTE))

    done = run("pull", NAME, preexec_fn=small_files_only)
    assert (done.returncode, done.stdout) == (1, "")
    assert "'model.pt' cannot be written" in done.stderr
    assert nothing_can_be_loaded(models)
    hub.requests.clear()
    assert run("pull", NAME).returncode == 0
    assert [request.range for request in hub.downloads("model.pt")] == [f"bytes={MEGABYTE}-"]


def test_a_disk_that_is_full_at_the_conversion_leaves_the_download(hub: Hub, models: Path) -> None:
    def no_model_file() -> None:  # the checkpoint is there by now; the fp32 model has 0.9 MB
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))

    assert run("pull", NAME).returncode == 0
    shutil.rmtree(models / NAME)
    shutil.copytree(hub.folder, models / ".pulling" / NAME / "files")
    done = run("pull", NAME, preexec_fn=no_model_file)
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be written" in done.stderr
    assert nothing_can_be_loaded(models)
    assert (models / ".pulling" / NAME / "files" / "model.pt").is_file()


def test_ending_a_pull_keeps_what_was_fetched(hub: Hub, models: Path) -> None:
    class EnoughError(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.done >= MEGABYTE:
            raise EnoughError

    with pytest.raises(EnoughError):
        pull(NAME, HUGGING_FACE, on_progress=stop)
    assert [part.stat().st_size for part in parts(models)] == [MEGABYTE]
    pull(NAME, HUGGING_FACE)
    assert hub.downloads("model.pt")[-1].range == f"bytes={MEGABYTE}-"


def test_two_pulls_at_once(hub: Hub, models: Path) -> None:
    fault = Fault("hold", "model.pt", times=1, after=MEGABYTE)
    hub.faults.append(fault)
    first = start("pull", NAME)
    wait_until(lambda: bool(parts(models)))
    second = run("pull", NAME)
    assert second.returncode == 1
    assert "is being fetched by another process" in second.stderr
    assert run("remove", NAME).returncode == 1
    fault.go.set()
    out, err = first.communicate(timeout=60)
    assert first.returncode == 0, err
    assert Path(out.strip()).is_file()


# What is wrong


@pytest.mark.parametrize("origin", [HUGGING_FACE, MODEL_SCOPE], ids=["huggingface", "modelscope"])
def test_wrong_bytes_are_never_used(hub: Hub, models: Path, origin: Origin) -> None:
    hub.faults.append(Fault("wrong", "model.pt", times=1))
    with pytest.raises(DownloadError, match=r"'model\.pt' from .* is not the file that it should be"):
        pull(NAME, origin)
    assert parts(models) == []
    assert nothing_can_be_loaded(models)
    assert pull(NAME, origin).record.files["model.pt"] == hub.sha256(hub.files()["model.pt"])


def test_another_file_than_the_pinned_one_is_refused_before_it_is_fetched(hub: Hub) -> None:
    for origin in (HUGGING_FACE, MODEL_SCOPE, Origin(folder=hub.folder)):
        with pytest.raises(DownloadError, match=r"wanted sha256 be501a01f26fcdc7"):
            pull("emotion2vec-plus-large", origin)
    assert hub.downloads("model.pt") == []


def test_the_first_hash_is_remembered(hub: Hub) -> None:
    first = pull(NAME, HUGGING_FACE)
    write_model_folder(hub.folder, seed=1)
    with pytest.raises(DownloadError, match=f"emotone models remove {NAME}"):
        pull(NAME, HUGGING_FACE, force=True)
    assert pulled_model(NAME) == first
    assert hub.downloads("model.pt")[1:] == []
    assert remove(NAME) > first.record.size
    assert pull(NAME, HUGGING_FACE).record.sha256 != first.record.sha256


def test_a_hub_without_the_model_is_told_and_the_other_is_asked(hub: Hub) -> None:
    hub.faults.append(Fault("status", "listing", status=404))
    steps: list[str] = []
    assert pull(NAME, BOTH, on_progress=lambda progress: steps.append(progress.step.en)).record.hub == "huggingface"
    assert any("ModelScope does not give" in step and "Asking Hugging Face instead" in step for step in steps)
    with pytest.raises(DownloadError, match=r"\(answer 404\)"):
        pull(NAME, MODEL_SCOPE, force=True)


def test_a_hub_with_another_file_is_told_and_the_other_is_asked(hub: Hub) -> None:
    hub.faults.append(Fault("wrong", "model.pt", times=1))
    steps: list[str] = []
    assert pull(NAME, BOTH, on_progress=lambda progress: steps.append(progress.step.en)).record.hub == "huggingface"
    assert any("from ModelScope is not the file that it should be" in step for step in steps)


@pytest.mark.parametrize("origin", [HUGGING_FACE, MODEL_SCOPE, "folder"], ids=["huggingface", "modelscope", "folder"])
def test_another_file_that_is_not_needed_is_left_out(hub: Hub, origin: Origin | str) -> None:
    pull(NAME, HUGGING_FACE)
    (hub.folder / "configuration.json").write_text("{}")
    made = pull(NAME, Origin(folder=hub.folder) if isinstance(origin, str) else origin, force=True)
    assert "configuration.json" not in made.record.files
    assert not (made.folder / "configuration.json").exists()
    assert verify(NAME).good


@pytest.mark.parametrize(("status", "sentence"), [(404, "does not give"), (500, "busy or out of order")])
def test_what_both_hubs_refuse_is_one_error(hub: Hub, models: Path, status: int, sentence: str) -> None:
    hub.faults.append(Fault("status", status=status))
    with pytest.raises(DownloadError, match="No hub gave the model") as caught:
        pull(NAME, BOTH)
    assert caught.value.text.en.count(sentence) == 2
    assert "ModelScope" in caught.value.text.zh
    assert "Hugging Face" in caught.value.text.zh
    assert nothing_can_be_loaded(models)


def test_a_missing_file_is_named(hub: Hub) -> None:
    (hub.folder / "tokens.txt").unlink()
    for origin in (HUGGING_FACE, MODEL_SCOPE):
        with pytest.raises(DownloadError, match=r"no 'tokens\.txt'"):
            pull(NAME, origin)
    with pytest.raises(CheckpointError, match=r"no 'tokens\.txt'"):
        pull(NAME, Origin(folder=hub.folder))


def test_files_that_are_not_needed_may_be_missing(hub: Hub) -> None:
    shutil.rmtree(hub.folder / "example")
    pull(NAME, HUGGING_FACE)
    found = verify(NAME)
    assert found.good
    assert json.loads(found.truth)[0]["key"] == "german_happy"  # a clip of the package instead


def test_without_a_network_it_is_one_sentence(hub: Hub, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for variable in ("HF_ENDPOINT", "MODELSCOPE_ENDPOINT"):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{port}")
    done = run("pull", NAME)
    assert (done.returncode, done.stdout) == (1, "")
    assert [line for line in done.stderr.splitlines() if line.startswith("error: ")] != []
    assert "The connection to Hugging Face failed" in done.stderr
    assert "The connection to ModelScope failed" in done.stderr
    assert nothing_can_be_loaded(models)


def test_offline_makes_no_connection(hub: Hub, official: Path) -> None:
    done = run("pull", NAME, "--offline")
    assert done.returncode == 1
    assert "nothing may be fetched" in done.stderr
    assert run("pull", NAME, "--offline", "--from", "modelscope").returncode == 2
    assert run("pull", NAME, "--offline", "--from", official).returncode == 0
    assert run("pull", NAME, "--offline").returncode == 0  # it is here
    assert hub.requests == []


def test_the_clients_own_offline_switch(hub: Hub) -> None:
    done = run("pull", NAME, "--from", "huggingface", env=os.environ | {"HF_HUB_OFFLINE": "1"})
    assert done.returncode == 1
    assert "HF_HUB_OFFLINE is set" in done.stderr
    assert hub.requests == []


def test_mirrors_come_from_the_environment(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("pull", NAME, "--from", "huggingface").returncode == 0
    assert {request.path for request in hub.requests} == {*hub.files()}
    hub.requests.clear()
    monkeypatch.delenv("MODELSCOPE_ENDPOINT")
    monkeypatch.setenv("MODELSCOPE_DOMAIN", hub.url)
    done = run("pull", NAME, "--from", "modelscope", "--force")
    assert (done.returncode, "Warning" in done.stderr) == (0, False)
    assert {request.path for request in hub.requests} == {"listing", *hub.files()}


def test_a_missing_library_is_told_before_anything_is_fetched(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"emotone\[convert\]"):
        pull(NAME)
    assert hub.requests == []


def test_wrong_usage(hub: Hub) -> None:
    for arguments in (["pull"], ["pull", "nope"], ["pull", "emotone-small"], ["pull", NAME, "--from", "nowhere"]):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
    assert run("remove", "emotone-small").returncode == 2
    assert run("verify", NAME).returncode == 2
    assert hub.requests == []


def test_verify_finds_what_was_changed(hub: Hub) -> None:
    made = pull(NAME)
    data = bytearray(made.path.read_bytes())
    data[-1] ^= 1  # in the last tensor
    made.path.write_bytes(data)
    (made.folder / "config.yaml").write_text("depth: 3")
    done = run("verify", NAME)
    assert done.returncode == 1
    marked = [line for line in done.stderr.splitlines() if line.startswith("✗")]
    assert [line.split()[1] for line in marked] == ["model.onnx", "config.yaml"]


def test_a_damaged_model_is_told_and_pulled_again(hub: Hub) -> None:
    made = pull(NAME)
    (made.folder / "model.json").write_text("{")
    with pytest.raises(ModelError, match=f"is damaged. Fetch it again: emotone models pull {NAME} --force"):
        find_model(NAME)
    assert pull(NAME).record.sha256 == made.record.sha256


# What is known


def test_removing(hub: Hub, models: Path) -> None:
    pull(NAME)
    done = run("remove", NAME)
    assert (done.returncode, "freed" in done.stderr) == (0, True)
    assert nothing_can_be_loaded(models)
    assert "nothing to remove" in run("remove", NAME).stderr


def test_names_and_ids_of_the_hubs_are_known() -> None:
    assert model_names() == ("emotone-small", "emotion2vec-plus-seed", NAME, "emotion2vec-plus-large")
    for known in KNOWN_MODELS:
        assert known_model(known.name) is known
        for place in known.places:
            assert known_model(place.repo) is known
    assert known_model("emotone-small") is None


def test_the_nearer_hub_is_asked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def first(language: str, zone: str) -> str:
        monkeypatch.setenv("LANGUAGE", language)
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        return default_origin().hubs[0]

    try:
        assert first("en_US", "Europe/Berlin") == "huggingface"
        assert first("zh_CN", "Europe/Berlin") == "modelscope"
        assert first("en_US", "Asia/Shanghai") == "modelscope"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_model_that_was_not_pulled_says_how_in_both_languages(hub: Hub) -> None:
    with pytest.raises(ModelError) as caught:
        emotone.load_model("emotion2vec-plus-large")
    assert "emotone models pull emotion2vec-plus-large" in caught.value.text.en
    assert "emotone models pull emotion2vec-plus-large" in caught.value.text.zh
    assert hub.requests == []
