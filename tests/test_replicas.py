"""The encoder under Ray Serve: a real cluster on this machine."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from emotone import DEFAULT_MODEL, OptionError, Recognizer, load_model
from emotone.engine import Engine
from emotone.errors import AudioError, ModelError
from emotone.examples import examples
from emotone.replicas import RemoteEngine, replicated

ray = pytest.importorskip("ray")
CLIP = examples()[0].path


@pytest.fixture(scope="module")
def local() -> Recognizer:
    return load_model(threads=1)


@pytest.fixture(scope="module")
def elsewhere(local: Recognizer) -> Iterator[Recognizer]:
    # More processors than there are: the replicas must not wait for Ray's own tasks.
    ray.init(num_cpus=4, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
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


def test_errors_come_back_as_they_are(elsewhere: Recognizer) -> None:
    with pytest.raises(AudioError, match="not audio"):
        elsewhere.predict(b"no audio at all")
    engine = elsewhere._engine
    assert isinstance(engine, RemoteEngine)
    empty: list[np.ndarray] = [np.zeros(0, np.float32)]
    with pytest.raises(ModelError) as here:
        Engine(local_file(), 1).run(empty)
    with pytest.raises(ModelError) as there:
        engine.run(empty)
    assert type(there.value) is type(here.value)


def local_file():  # noqa: ANN201
    from emotone.models import find_model

    return find_model(DEFAULT_MODEL)


def test_impossible_wishes_are_refused(local: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="at least 1"), replicated(local, DEFAULT_MODEL, 0):
        pass
    assert "RAY_ADDRESS" not in os.environ
