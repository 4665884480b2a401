"""The encoder under Ray Serve: a real cluster on this machine."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from emotone import DEFAULT_MODEL, OptionError, Recognizer, load_model
from emotone.errors import ModelError
from emotone.examples import examples
from emotone.replicas import _connect, replicated

ray = pytest.importorskip("ray")
CLIP = examples()[0].path


@pytest.fixture(scope="module")
def local() -> Recognizer:
    return load_model(threads=1)


@pytest.fixture(scope="module")
def elsewhere(local: Recognizer) -> Iterator[Recognizer]:
    # More processors than there are: the replicas must not wait for Ray's own tasks.
    ray.init("local", num_cpus=4, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    try:
        with replicated(local, DEFAULT_MODEL, 2) as recognizer:
            yield recognizer
    finally:
        ray.shutdown()


def actors() -> list[str]:
    return [actor["name"] for actor in ray.util.list_named_actors(all_namespaces=True) if "_Replica" in actor["name"]]


def test_a_replica_says_what_the_same_model_says_here(local: Recognizer, elsewhere: Recognizer) -> None:
    for example in examples():
        here, there = local.timeline(example.path), elsewhere.timeline(example.path)
        np.testing.assert_allclose(there.utterance.embedding, here.utterance.embedding, atol=1e-5)
        assert [segment.label for segment in there.segments] == [segment.label for segment in here.segments]
        for label, score in here.utterance.scores.items():
            assert there.utterance.scores[label] == pytest.approx(score, abs=1e-5)


def test_a_result_knows_which_replica_listened(local: Recognizer, elsewhere: Recognizer) -> None:
    assert local.listen(CLIP).replicas == ()
    (name,) = elsewhere.listen(CLIP).replicas
    assert any(name in actor for actor in actors())


def test_more_work_brings_more_replicas_and_a_lost_one_loses_nothing(elsewhere: Recognizer) -> None:
    expected = elsewhere.predict(CLIP).label
    heard: set[str] = set()
    killed = False
    deadline = time.monotonic() + 90
    with ThreadPoolExecutor(6) as pool:
        while time.monotonic() < deadline and not (killed and len(heard) > 2):
            results = [pool.submit(elsewhere.listen, CLIP) for _ in range(12)]
            if len(heard) == 2 and not killed:
                ray.kill(ray.get_actor(actors()[0], namespace="serve"))
                killed = True
            for result in results:
                listening = result.result()
                assert listening.predict().label == expected
                heard.update(listening.replicas)
    assert killed, f"Only {heard} ever answered: there were no more replicas for more work."
    assert len(heard) > 2, "The lost replica was not replaced."


def test_a_model_that_replicas_cannot_load_is_refused(elsewhere: Recognizer, local: Recognizer, tmp_path: Path) -> None:
    (tmp_path / "damaged.onnx").write_bytes(b"no model")
    with (
        pytest.raises(ModelError, match=r"damaged\.onnx.*do not start"),
        replicated(local, tmp_path / "damaged.onnx", 1),
    ):
        pass
    assert elsewhere.predict(CLIP).label == local.predict(CLIP).label


def test_impossible_wishes_are_refused(local: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="at least 1"), replicated(local, DEFAULT_MODEL, 0):
        pass
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(OptionError, match=r"127\.0\.0\.1:1"):
        _connect(ray)
