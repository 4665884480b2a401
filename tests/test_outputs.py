import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile

import emotone
from emotone.audio import open_recording
from emotone.outputs import save_embedding, save_result

WHEN = datetime(2026, 1, 2, 3, 4, 5)
KEYS = [
    "emotion",
    "confidence",
    "scores",
    "granularity",
    "timestamp",
    "duration",
    "doubts",
    "model",
    "source",
    "emotone",
]


def test_the_folder_holds_audio_result_and_embedding(
    model: emotone.Recognizer, clips: list[Path], tmp_path: Path
) -> None:
    recording = open_recording(clips[0])
    result = model.predict(recording)
    folder = save_result(result, recording.blocks(), tmp_path / "outputs", embedding=result.embedding, when=WHEN)
    assert folder.path.name == "outputs_20260102_030405"
    assert [file.name for file in folder.files] == ["embedding.npy", "processed_audio.wav", "result.json"]

    samples, rate = soundfile.read(folder.path / "processed_audio.wav", dtype="float32", always_2d=True)
    assert (rate, samples.shape[1]) == (16_000, 1)
    np.testing.assert_allclose(samples[:, 0], emotone.load_audio(clips[0]).samples, atol=1 / 32768)

    data = json.loads((folder.path / "result.json").read_text(encoding="utf-8"))
    assert list(data) == KEYS
    assert (data["emotion"], data["confidence"]) == (result.label, result.confidence)
    assert list(data["scores"]) == list(emotone.LABELS)
    assert sum(data["scores"].values()) == pytest.approx(1, abs=1e-9)
    assert (data["granularity"], data["timestamp"]) == ("utterance", "2026-01-02 03:04:05")
    assert data["model"] == {"name": "emotone-small", "revision": model.info.revision, "sha256": model.info.sha256}
    assert data["source"] == {"name": clips[0].name, "sha256": result.source.sha256}
    assert data["emotone"] == emotone.__version__

    np.testing.assert_array_equal(np.load(folder.path / "embedding.npy"), result.embedding)


def test_frame_mode_has_a_timeline(model: emotone.Recognizer, four_moods: Path, tmp_path: Path) -> None:
    recording = open_recording(four_moods)
    timeline = model.timeline(recording)
    folder = save_result(timeline, recording.blocks(), tmp_path, embedding=model.embed_frames(recording))
    data = json.loads((folder.path / "result.json").read_text(encoding="utf-8"))
    assert list(data) == [*KEYS[:7], "timeline", "summary", *KEYS[7:]]
    assert data["granularity"] == "frame"
    assert [row["label"] for row in data["timeline"]["segments"]] == [s.label for s in timeline.segments]
    assert len(data["timeline"]["windows"]) == len(timeline.windows)
    assert all(sum(row["scores"].values()) == pytest.approx(1) for row in data["timeline"]["windows"])
    frames = np.load(folder.path / "embedding.npy")
    assert frames.shape == (276, model.info.dim)  # 11.01 s


def test_requests_of_one_second_never_share_a_folder(
    model: emotone.Recognizer, clips: list[Path], tmp_path: Path
) -> None:
    recording = open_recording(clips[0])
    result, audio = model.predict(recording), recording.load()
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: save_result(result, [audio.samples], tmp_path, when=WHEN).path, range(24)))
    assert len(set(folders)) == 24
    assert all(re.fullmatch(r"outputs_20260102_030405(_\d+)?", folder.name) for folder in folders)
    assert sorted(tmp_path.iterdir()) == sorted(folders)


def test_a_failure_while_writing_leaves_nothing(model: emotone.Recognizer, clips: list[Path], tmp_path: Path) -> None:
    result = model.predict(clips[0])

    def blocks_that_break() -> object:
        yield np.zeros(16_000, np.float32)
        raise emotone.AudioError("broken", "损坏")

    with pytest.raises(emotone.AudioError, match="broken"):
        save_result(result, blocks_that_break(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    model: emotone.Recognizer, clips: list[Path], tmp_path: Path
) -> None:
    script = """
import resource, signal, sys, numpy as np, emotone
from pathlib import Path
from emotone.outputs import save_result
model = emotone.load_model()
result = model.predict(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))  # writing beyond fails as on a full disk
try:
    save_result(result, [np.zeros(160_000, np.float32)], Path(sys.argv[2]))
except emotone.OutputError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, clips[0], tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"Results cannot be written to '{tmp_path}'")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_reported(model: emotone.Recognizer, clips: list[Path], tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("I am a file")
    result = model.predict(clips[0])
    with pytest.raises(emotone.OutputError, match="cannot be written"):
        save_result(result, [np.zeros(10, np.float32)], tmp_path / "outputs")


def test_loud_samples_are_clipped_not_wrapped(model: emotone.Recognizer, clips: list[Path], tmp_path: Path) -> None:
    result = model.predict(clips[0])
    folder = save_result(result, [np.array([2.0, -2.0, 1.0, -1.0, 0.5], np.float32)], tmp_path)
    samples, _ = soundfile.read(folder.path / "processed_audio.wav", dtype="int16")
    assert samples.tolist() == [32767, -32768, 32767, -32768, 16384]


def test_embeddings_replace_older_ones(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.npy"
    for value in (1, 2):
        assert save_embedding(np.full(3, value, np.float32), path) == path
    assert np.load(path).tolist() == [2, 2, 2]
    assert os.listdir(path.parent) == ["a.npy"]
