"""Embeddings of many recordings: as those of single ones, kept, and never lost."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import emotone
from emotone.cache import EmbeddingCache
from emotone.embeddings import embed_clips
from emotone.manifest import Clip, read_manifest
from emotone.types import Audio, Signal


class Halved:
    """A variant that is half as loud."""

    key = "half"

    def apply(self, audio: Audio) -> Signal:
        return audio.samples / 2


def test_rows_are_what_single_recordings_give(model: emotone.Recognizer, corpus: Path) -> None:
    clips = read_manifest(corpus)
    done: list[None] = []
    embedded = embed_clips(model, clips, on_done=lambda: done.append(None))
    assert (embedded.clips, embedded.failures, embedded.cached, len(done)) == (tuple(clips), (), 0, len(clips))
    assert embedded.embeddings.shape == (len(clips), model.info.dim)
    for row, clip in enumerate(clips):
        heard = model.listen(clip.file)
        alone = heard.predict()
        np.testing.assert_allclose(embedded.embeddings[row], alone.embedding, atol=1e-4)
        assert embedded.durations[row] == alone.duration
        assert embedded.quality[row] == tuple(reason.code for reason in heard.quality)
        assert embedded.sha256[row] == alone.source.sha256
        strangeness = model.head.strangeness(embedded.embeddings[row, None], embedded.durations[row, None])[0]
        scores = model.head.scores(
            model.head.logits(embedded.embeddings[row]), duration=alone.duration, strangeness=strangeness
        )
        assert scores == pytest.approx(alone.scores, abs=1e-4)


def test_nothing_is_encoded_twice(model: emotone.Recognizer, corpus: Path, tmp_path: Path) -> None:
    clips = read_manifest(corpus)
    first = embed_clips(model, clips[:5], cache=EmbeddingCache(model.info, tmp_path))
    second = embed_clips(model, clips, cache=EmbeddingCache(model.info, tmp_path))
    third = embed_clips(model, clips[::-1], cache=EmbeddingCache(model.info, tmp_path))
    assert (first.cached, second.cached, third.cached) == (0, 5, 8)
    np.testing.assert_array_equal(first.embeddings, second.embeddings[:5])
    np.testing.assert_array_equal(third.embeddings[::-1], second.embeddings)
    assert third.quality[::-1] == second.quality
    np.testing.assert_array_equal(third.durations[::-1], second.durations)


def test_content_counts_and_not_the_name(model: emotone.Recognizer, corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "renamed.wav"
    shutil.copy(corpus / "sad_06.wav", path)
    cache = EmbeddingCache(model.info, tmp_path)
    embed_clips(model, [Clip(corpus / "sad_06.wav", "sad", {})], cache=cache)
    assert embed_clips(model, [Clip(path, "sad", {})], cache=cache).cached == 1
    shutil.copy(corpus / "happy_06.wav", path)
    assert embed_clips(model, [Clip(path, "sad", {})], cache=cache).cached == 0


def test_variants_are_kept_apart(model: emotone.Recognizer, corpus: Path, tmp_path: Path) -> None:
    clips, cache = read_manifest(corpus)[:2], EmbeddingCache(model.info, tmp_path)
    plain = embed_clips(model, clips, cache=cache)
    halved = embed_clips(model, clips, cache=cache, variant=Halved())
    again = embed_clips(model, clips, cache=cache, variant=Halved())
    assert (halved.cached, again.cached) == (0, 2)
    np.testing.assert_array_equal(again.embeddings, halved.embeddings)
    assert np.abs(plain.embeddings - halved.embeddings).max() > 0.01


def test_bad_files_are_named_and_the_rest_goes_on(model: emotone.Recognizer, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not audio at all", encoding="utf-8")
    clips = [Clip(tmp_path / "gone.wav", "sad", {}), *read_manifest(corpus)[:1], Clip(tmp_path / "text.wav", "sad", {})]
    embedded = embed_clips(model, clips)
    assert [clip.emotion for clip in embedded.clips] == ["happy"]
    assert [failure.name for failure in embedded.failures] == [str(tmp_path / "gone.wav"), str(tmp_path / "text.wav")]
    assert isinstance(embedded.failures[0].error, emotone.AudioNotFoundError)
    assert embed_clips(model, clips[:1]).embeddings.shape == (0, model.info.dim)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a process that can be killed")
def test_a_run_that_is_killed_loses_nothing(model: emotone.Recognizer, corpus: Path, tmp_path: Path) -> None:
    for number in range(60):  # the same sound in files that differ
        data = (corpus / "sad_06.wav").read_bytes()
        (tmp_path / f"{number}.wav").write_bytes(data[:-200] + bytes([number] * 200))
    rows = [f"{number}.wav,{('sad', 'happy')[number % 2]}\n" for number in range(60)]
    (tmp_path / "list.csv").write_text("file,emotion\n" + "".join(rows), encoding="utf-8")
    environment = os.environ | {"EMOTONE_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "emotone", "evaluate", str(tmp_path / "list.csv"), "--format", "json"]
    started = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    parts: list[Path] = []
    while not parts or parts[0].stat().st_size < 5 * (model.info.dim * 4):
        assert started.poll() is None
        time.sleep(0.02)
        parts = list((tmp_path / "cache").rglob("*.bin"))
    started.kill()
    started.wait()
    clips = read_manifest(tmp_path / "list.csv")
    assert 5 <= embed_clips(model, clips, cache=EmbeddingCache(model.info, tmp_path / "cache")).cached < 60
