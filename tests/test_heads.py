import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotone.errors import ModelError
from emotone.heads import Head, load_head

HEAD = Head(
    ("low", "high", "never"),
    np.array([[1, 0], [0, 2], [9, 9]], np.float32),
    np.array([0.5, -0.5, 9], np.float32),
    temperature=2.0,
    masked=frozenset({"never"}),
)


def test_scores_are_a_softmax_at_the_temperature_without_masked_labels() -> None:
    logits = HEAD.logits(np.array([1.0, 3.0], np.float32))
    np.testing.assert_allclose(logits, [1.5, 5.5, 45])
    scores = HEAD.scores(logits)
    low, high = np.exp([1.5 / 2, 5.5 / 2])
    assert scores == pytest.approx({"low": low / (low + high), "high": high / (low + high), "never": 0.0})


def test_mean_of_logits_is_logits_of_the_mean() -> None:
    frames = np.random.default_rng(1).normal(size=(50, 2)).astype(np.float32)
    np.testing.assert_allclose(HEAD.logits(frames).mean(axis=0), HEAD.logits(frames.mean(axis=0)), atol=1e-5)


def test_huge_logits_do_not_overflow() -> None:
    assert HEAD.scores(np.array([1e6, -1e6, 0.0])) == pytest.approx({"low": 1, "high": 0, "never": 0})


def test_json_brings_everything_back() -> None:
    copy = Head.from_json(json.loads(json.dumps(HEAD.to_json())))
    assert (copy.labels, copy.temperature, copy.masked) == (HEAD.labels, HEAD.temperature, HEAD.masked)
    np.testing.assert_array_equal(copy.weight, HEAD.weight)
    np.testing.assert_array_equal(copy.bias, HEAD.bias)


@pytest.mark.parametrize(
    "change",
    [
        {"labels": ["one"]},
        {"weight": "AAAA"},
        {"weight": "***"},
        {"bias": None},
        {"masked": ["absent"]},
        {"temperature": "warm"},
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"bias": "AAAAPwAAAL8AAMB/"},  # the last one is NaN
    ],
)
def test_damaged_heads_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        Head.from_json(HEAD.to_json() | change)


def test_a_head_in_a_file_or_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "head.json"
    path.write_text(json.dumps(HEAD.to_json() | {"made": "today", "model": {"name": "x"}}), encoding="utf-8")
    assert load_head(path).sha256 == load_head(str(tmp_path)).sha256 == HEAD.sha256
    assert replace(HEAD, temperature=1.0).sha256 != HEAD.sha256


def test_a_name_and_an_origin_come_back_and_do_not_change_what_it_is() -> None:
    named = replace(HEAD, name="热线", model_sha256="ab" * 32, provenance={"clips": {"low": 3}, "when": "today"})
    copy = Head.from_json(json.loads(json.dumps(named.to_json())))
    assert (copy.name, copy.model_sha256, copy.provenance) == (named.name, named.model_sha256, named.provenance)
    assert copy.sha256 == HEAD.sha256
    assert set(named.to_json()) - set(HEAD.to_json()) == {"name", "model_sha256", "provenance"}


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff\xfe", b"[1]", b"{}"])
def test_files_without_a_head(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "head.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError):
        load_head(path)
