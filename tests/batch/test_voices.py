"""Rows that are compared with their voices after the fact."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from archive import RATE, cli
from pyarrow import parquet

import emotone
from emotone.batch import RunFolder, Worker, WorkOptions, items_of, open_run, run_local, voices
from emotone.batch import export as exporting
from emotone.batch.export import export_run
from emotone.embeddings import embed_clips
from emotone.errors import ModelError, OptionError
from emotone.evaluation import evaluate
from emotone.manifest import read_manifest
from emotone.training import train_head


@pytest.fixture(scope="module")
def worker() -> Worker:
    return Worker("emotone-small", WorkOptions(embedding=True))


@pytest.fixture(scope="module")
def listed(worker: Worker, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of eight recordings of two speakers, who are named, and of noise that is said to be of one of them."""
    folder = tmp_path_factory.mktemp("runs")
    soundfile.write(folder / "noise.wav", np.random.default_rng(0).normal(0, 0.1, 2 * RATE), RATE)
    (folder / "more.csv").write_text(
        f"file,emotion,speaker,sex,language\n{folder / 'noise.wav'},angry,06,f,en\n", "utf-8"
    )
    run_local(RunFolder(folder / "run"), worker, items_of([str(corpus / "index.csv"), str(folder / "more.csv")]))
    return folder / "run"


def compared(run: Path) -> dict[str, dict[str, Any]]:
    """The rows by the names of their files."""
    path = export_run(open_run(run), run.with_suffix(".parquet"), compared=True)
    rows = parquet.read_table(path).to_pylist()
    return {Path(row["file"]).stem: row for row in rows}


def test_the_same_as_an_evaluation_by_speaker(
    model: emotone.Recognizer, corpus: Path, listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "_ROWS", 3)  # in memory at a time: voices are spread over tables
    rows = compared(listed)
    heard = embed_clips(model, read_manifest(corpus / "index.csv"))
    found = evaluate(heard, model.head, baseline="speaker")
    assert found.absolute is not None
    pairs = zip(found.judged.clips, found.judged.scores, found.absolute.judged.scores, strict=True)
    for clip, scores, absolute in pairs:
        row = rows[clip.file.stem]
        said = np.array([row[label] for label in found.protocol.offered])
        np.testing.assert_allclose(said, scores, atol=2e-4)
        assert (row["label"], row["confidence"]) == (found.protocol.offered[said.argmax()], said.max())
        assert (row["absolute"], row["speaker"]) == (found.protocol.offered[absolute.argmax()], clip.fields["speaker"])
        assert row["absolute_confidence"] == pytest.approx(absolute.max(), abs=2e-4)
        own = [other.fields["speaker"] == clip.fields["speaker"] for other in heard.clips]
        assert row["baseline_seconds"] == pytest.approx(heard.durations[own].sum())
    unheard = rows["noise"]
    assert (unheard["doubts"][0], unheard["baseline_seconds"]) == ("no_speech", 0.0)
    assert unheard["confidence"] == pytest.approx(unheard["absolute_confidence"], abs=1e-5)
    assert rows["happy_08"]["confidence"] == pytest.approx(rows["happy_08"]["absolute_confidence"])  # nothing beside it
    assert "baseline_short" in rows["happy_08"]["doubts"]
    assert rows["sad_06"]["confidence"] != pytest.approx(rows["sad_06"]["absolute_confidence"], abs=0.01)


def test_voices_in_any_order(
    model: emotone.Recognizer, worker: Worker, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Voices with equally many recordings are learned together, however many at a time."""
    monkeypatch.setattr(voices, "_AT_ONCE", 4)
    clips = zip(sorted(corpus.glob("*.wav")), "dabcabce", strict=True)
    lines = [f"{path},{path.stem.split('_')[0]},{speaker}" for path, speaker in clips]
    (tmp_path / "list.csv").write_text("\n".join(["file,emotion,speaker", *lines]), "utf-8")
    run_local(RunFolder(tmp_path / "run"), worker, items_of([str(tmp_path / "list.csv")]))
    rows = compared(tmp_path / "run")
    found = evaluate(
        embed_clips(model, read_manifest(tmp_path / "list.csv")), model.head, labels="all", baseline="speaker"
    )
    for clip, scores in zip(found.judged.clips, found.judged.scores, strict=True):
        said = np.array([rows[clip.file.stem][label] for label in found.protocol.offered])
        np.testing.assert_allclose(said, scores, atol=2e-4)


def test_without_speakers_a_folder_is_a_voice(worker: Worker, listed: Path, corpus: Path, tmp_path: Path) -> None:
    for recording in corpus.glob("*.wav"):
        folder = tmp_path / "archive" / recording.stem.split("_")[1]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / recording.name).write_bytes(recording.read_bytes())
    soundfile.write(tmp_path / "archive" / "06" / "silent.wav", np.zeros(2 * RATE), RATE)
    run_local(RunFolder(tmp_path / "run"), worker, items_of([str(tmp_path / "archive")]))
    rows, named = compared(tmp_path / "run"), compared(listed)
    del named["noise"]
    silent = rows.pop("silent")  # belongs to no voice, and is compared with none
    assert (silent["baseline_seconds"], silent["doubts"][0]) == (0.0, "silent")
    assert (silent["label"], silent["confidence"]) == (silent["absolute"], pytest.approx(silent["absolute_confidence"]))
    assert rows.keys() == named.keys()
    for name, row in rows.items():
        assert (row["label"], row["doubts"]) == (named[name]["label"], named[name]["doubts"])
        assert row["confidence"] == pytest.approx(named[name]["confidence"], abs=1e-5)


def test_columns_of_the_same_name_stay(worker: Worker, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"file,absolute\n{corpus / 'happy_08.wav'},certainly", encoding="utf-8")
    run_local(RunFolder(tmp_path / "run"), worker, items_of([str(tmp_path / "list.csv")]))
    (row,) = compared(tmp_path / "run").values()
    assert (row["given_absolute"], row["absolute"]) == ("certainly", "happy")


def test_labels_of_ones_own(model: emotone.Recognizer, corpus: Path, tmp_path: Path) -> None:
    """A head may be given as its folder, and is then compared like the model's own."""
    trained = train_head(embed_clips(model, read_manifest(corpus / "index.csv")), "moods", "corpus").head
    (tmp_path / "moods").mkdir()
    (tmp_path / "moods" / "head.json").write_text(json.dumps(trained.to_json()), encoding="utf-8")
    asked = WorkOptions(embedding=True, head=str(tmp_path / "moods"))
    run_local(RunFolder(tmp_path / "run"), Worker(options=asked), items_of([str(corpus / "index.csv")]))
    same = WorkOptions(embedding=True, head=str(tmp_path / "moods" / "head.json"))
    progress = run_local(RunFolder(tmp_path / "run"), Worker(options=same), items_of([str(corpus / "index.csv")]))
    assert (progress.done, progress.skipped) == (0, 8)
    assert open_run(tmp_path / "run").run["head"]["name"] == "moods"
    row = compared(tmp_path / "run")["sad_06"]
    assert sum(row[label] for label in ("angry", "happy", "neutral", "sad")) == pytest.approx(1)
    usual = model.baseline(sorted(corpus.glob("*_06*.wav")))
    said = model.with_head(trained).predict(corpus / "sad_06.wav", baseline=usual)
    assert (row["label"], row["absolute"]) == (said.label, said.absolute and said.absolute.label)


def test_further_heads_say_what_a_run_with_them_says(
    model: emotone.Recognizer, corpus: Path, listed: Path, tmp_path: Path
) -> None:
    trained = train_head(embed_clips(model, read_manifest(corpus / "index.csv")), "moods", "corpus").head
    for name, head in (("moods", trained), ("again", replace(trained, name="", bias=trained.bias[::-1].copy()))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "head.json").write_text(json.dumps(head.to_json()), encoding="utf-8")
    asked = WorkOptions(embedding=True, head=str(tmp_path / "again"))
    run_local(RunFolder(tmp_path / "run"), Worker(options=asked), items_of([str(corpus / "index.csv")]))
    for is_compared in (False, True):
        tables = []
        for run, heads in ((listed, [tmp_path / "moods", tmp_path / "again" / "head.json"]), (tmp_path / "run", [])):
            path = export_run(open_run(run), tmp_path / "t.parquet", compared=is_compared, heads=heads)
            tables.append({Path(row["file"]).stem: row for row in parquet.read_table(path).to_pylist()})
        beside, wanted = tables
        assert list(beside["sad_06"])[-4:] == ["moods.label", "moods.confidence", "again.label", "again.confidence"]
        for name, row in wanted.items():
            assert beside[name]["again.label"] == row["label"]
            assert beside[name]["again.confidence"] == pytest.approx(row["confidence"], abs=1e-4)
            assert ("absolute" in beside[name]) is is_compared
    assert beside["sad_06"]["moods.confidence"] != pytest.approx(beside["sad_06"]["again.confidence"], abs=1e-3)


def test_heads_that_cannot_be_asked(model: emotone.Recognizer, listed: Path, tmp_path: Path) -> None:
    other = replace(model.head, name="other", model_sha256="ab" * 32)
    small = replace(other, weight=other.weight[:, :8], model_sha256=None, familiarity=None, boldness=0.0, usual=None)
    for name, head in (("other", other), ("small", small)):
        (tmp_path / f"{name}.json").write_text(json.dumps(head.to_json()), encoding="utf-8")
        with pytest.raises(ModelError, match="'other' was not trained for emotone-small"):
            export_run(open_run(listed), tmp_path / "t.csv", heads=[tmp_path / f"{name}.json"])
    with pytest.raises(OptionError, match="Two heads are called 'other'"):
        export_run(open_run(listed), tmp_path / "t.csv", heads=[tmp_path / "other.json"] * 2)
    assert not (tmp_path / "t.csv").exists()


def test_a_head_that_is_called_like_a_column(
    model: emotone.Recognizer, worker: Worker, corpus: Path, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_text(f"file,calls.label\n{corpus / 'happy_08.wav'},certainly", encoding="utf-8")
    run_local(RunFolder(tmp_path / "run"), worker, items_of([str(tmp_path / "list.csv")]))
    (tmp_path / "h.json").write_text(json.dumps(replace(model.head, name="calls").to_json()), encoding="utf-8")
    with pytest.raises(OptionError, match=r"has a column 'calls\.label' already"):
        export_run(open_run(tmp_path / "run"), tmp_path / "t.csv", heads=[tmp_path / "h.json"])


def test_what_cannot_be_compared(worker: Worker, corpus: Path, tmp_path: Path) -> None:
    clip = str(corpus / "happy_08.wav")
    run_local(RunFolder(tmp_path / "frames"), Worker(options=WorkOptions("frame", embedding=True)), items_of([clip]))
    with pytest.raises(OptionError, match="--granularity frame --baseline auto"):
        export_run(open_run(tmp_path / "frames"), tmp_path / "t.csv", compared=True)
    run_local(RunFolder(tmp_path / "bare"), Worker(), items_of([clip]))
    with pytest.raises(OptionError, match="with --embedding"):
        export_run(open_run(tmp_path / "bare"), tmp_path / "t.csv", compared=True)
    own = tmp_path / "bare" / "head.json"
    for run in ("bare", "frames"):
        with pytest.raises(OptionError, match="other heads cannot be asked"):
            export_run(open_run(tmp_path / run), tmp_path / "t.csv", heads=[own])
    asked = WorkOptions("frame", embedding=True, baseline="auto")
    run_local(RunFolder(tmp_path / "own"), Worker(options=asked), items_of([clip]))
    with pytest.raises(OptionError, match="is compared already"):
        export_run(open_run(tmp_path / "own"), tmp_path / "t.csv", compared=True)
    with pytest.raises(OptionError, match="nothing would be left"):
        WorkOptions(baseline="auto")
    run = tmp_path / "run"
    run_local(RunFolder(run), worker, items_of([clip]))
    (run / "head.json").unlink()
    with pytest.raises(ModelError, match=r"head\.json"):
        export_run(open_run(run), tmp_path / "t.csv", compared=True)
    run_local(RunFolder(run), worker, items_of([clip]))  # writes it anew
    assert export_run(open_run(run), tmp_path / "t.csv", compared=True).is_file()


def test_a_run_without_rows(worker: Worker, tmp_path: Path) -> None:
    run_local(RunFolder(tmp_path / "run"), worker, iter(()))
    assert compared(tmp_path / "run") == {}


def test_segments_are_compared_with_their_own_recording(
    four_moods: Path, tmp_path: Path, model: emotone.Recognizer
) -> None:
    soundfile.write(tmp_path / "silent.wav", np.zeros(2 * RATE), RATE)
    worker = Worker("emotone-small", WorkOptions("frame", baseline="auto"))
    run_local(RunFolder(tmp_path / "run"), worker, items_of([str(four_moods), str(tmp_path / "silent.wav")]))
    rows = parquet.read_table(export_run(open_run(tmp_path / "run"), tmp_path / "t.parquet")).to_pylist()
    (silent,) = [row for row in rows if Path(row["file"]).name == "silent.wav"]
    assert silent["label"] == "unknown"
    rows.remove(silent)
    heard = model.listen(four_moods)
    wanted = heard.timeline(baseline=heard.baseline()).segments
    assert [(row["start"], row["end"], row["label"]) for row in rows] == [(s.start, s.end, s.label) for s in wanted]
    confidences = [row["confidence"] for row in rows]
    assert confidences == pytest.approx([segment.confidence for segment in wanted], abs=1e-5)
    assert confidences != pytest.approx([segment.confidence for segment in heard.timeline().segments])


def test_commands(corpus: Path, listed: Path, tmp_path: Path) -> None:
    cli("export", listed, "-o", "t.csv", "--baseline", "auto", cwd=tmp_path)
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 9
    assert list(rows[0])[-3:] == ["absolute", "absolute_confidence", "baseline_seconds"]
    done = cli("run", corpus, "-o", "run", "--baseline", "auto", code=2, cwd=tmp_path)
    assert "emotone batch export … --baseline auto" in done.stderr
    assert not (tmp_path / "run").exists()
