"""Searching a store through the API."""

import io
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from bucket import serving
from sending import json_body, upload

import emotone
from emotone import Recognizer
from emotone.batch import Worker, WorkOptions, items_of
from emotone.cli.launching import launch
from emotone.rows import rows_from
from emotone.server import Served
from emotone.store import EmbeddingStore, add_recordings, embedding_of, parse_condition


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> EmbeddingStore:
    worker = Worker(options=WorkOptions(embedding=True))
    store = EmbeddingStore(tmp_path_factory.mktemp("store"), worker.info)
    add_recordings(store, worker, items_of([str(corpus / "index.csv")]))
    return store


@pytest.fixture(scope="module")
def client(model: Recognizer, store: EmbeddingStore) -> Iterator[httpx.Client]:
    with (
        launch(model, None, port=0, page=False, store=store) as served,
        httpx.Client(base_url=served.url, timeout=60) as client,
    ):
        yield client


def test_what_is_in_the_store(client: httpx.Client, store: EmbeddingStore) -> None:
    said = client.get("/v1/store").json()
    assert (said["rows"], said["meaningful"]) == (8, False)
    assert said["columns"] == list(store.columns)


def test_a_search_gives_what_python_gives(
    client: httpx.Client, store: EmbeddingStore, model: Recognizer, corpus: Path
) -> None:
    clip = corpus / "sad_06.wav"
    asked = {"start": 0.5, "end": 2.0, "limit": 3, "where": ["emotion!=happy", "speaker=06"]}
    embedding = embedding_of(model.listen(clip), 0.5, 2.0)
    conditions = [parse_condition(text) for text in asked["where"]]
    expected = store.search(embedding, limit=3, where=conditions)
    form = client.post("/v1/store/search", files=[upload(clip)], data=asked)
    query = client.post("/v1/store/search", content=clip.read_bytes(), params=asked)
    json_ = client.post("/v1/store/search", json={**json_body([clip]), **asked})
    for answer in (form, query, json_):
        assert answer.status_code == 200, answer.text
        matches = answer.json()["matches"]
        assert [match["id"] for match in matches] == [match.id for match in expected]
        assert [match["similarity"] for match in matches] == pytest.approx([m.similarity for m in expected], abs=1e-3)
        assert {match["metadata"]["speaker"] for match in matches} == {"06"}


def test_rows_like_a_row_and_how_they_sound(client: httpx.Client, store: EmbeddingStore, corpus: Path) -> None:
    best = client.post("/v1/store/search", files=[upload(corpus / "sad_06.wav")]).json()["matches"][0]
    matches = client.get("/v1/store/similar", params={"id": best["id"], "limit": 2, "where": "label=sad"}).json()[
        "matches"
    ]
    assert [match["id"] for match in matches] == [
        match.id for match in store.similar(best["id"], limit=2, where=[parse_condition("label=sad")])
    ]
    sound = client.get("/v1/store/sound", params={"id": best["id"]})
    assert sound.headers["content-type"] == "audio/wav"
    samples, rate = soundfile.read(io.BytesIO(sound.content), dtype="float32")
    assert rate == 16_000
    np.testing.assert_allclose(samples, emotone.load_audio(corpus / "sad_06.wav").samples, atol=2 / 32768)


def test_no_path_goes_out(client: httpx.Client, corpus: Path) -> None:
    answer = client.post("/v1/store/search", files=[upload(corpus / "sad_06.wav")])
    assert str(corpus) not in answer.text
    assert str(corpus.parent) not in answer.text
    assert answer.json()["matches"][0]["file"] == "sad_06.wav"
    assert str(corpus.parent) not in client.get("/v1/store").text


def test_a_recording_that_is_gone_or_another_is_not_played(
    model: Recognizer, store: EmbeddingStore, corpus: Path, tmp_path: Path
) -> None:
    worker = Worker(options=WorkOptions(embedding=True))
    own, clip = EmbeddingStore(tmp_path / "own", worker.info), tmp_path / "clip.wav"
    clip.write_bytes((corpus / "sad_06.wav").read_bytes())
    add_recordings(own, worker, items_of([str(clip)]))
    id_ = next(own.tables(columns=["id"]))["id"][0].as_py()
    with launch(model, None, port=0, page=False, store=own) as served, httpx.Client(base_url=served.url) as client:
        assert client.get("/v1/store/sound", params={"id": id_}).status_code == 200
        clip.write_bytes((corpus / "happy_08.wav").read_bytes())
        for _ in range(2):
            answer = client.get("/v1/store/sound", params={"id": id_})
            assert (answer.status_code, answer.json()["code"]) == (404, "recording_gone")
            assert str(tmp_path) not in answer.text
            clip.unlink(missing_ok=True)


def test_the_map_is_that_of_the_store_as_it_is(
    model: Recognizer, store: EmbeddingStore, tmp_path: Path, corpus: Path
) -> None:
    own = EmbeddingStore(tmp_path / "own", store.model)
    kept = [row for table in store.tables() for row in rows_from(table.drop_columns("id"), store.model.labels)]
    own.add(kept)
    with launch(model, None, port=0, page=False, store=own) as served, httpx.Client(base_url=served.url) as client:

        def drawn() -> str:
            answer = client.get("/v1/store/map", timeout=60)
            assert answer.status_code == 200
            return answer.text

        before = drawn()
        assert Path(kept[0].file).name in before
        assert str(corpus) not in before
        assert drawn() == before
        changed = replace(kept[0], file="/elsewhere/renamed.wav", metadata={"emotion": "disgusted"})
        assert own.add([changed]).changed == 1
        after = drawn()
        assert "renamed.wav" in after
        assert "disgusted" in after
        assert "elsewhere" not in after


def test_recordings_in_archives_and_buckets_can_be_heard(
    model: Recognizer, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "EC2_METADATA_DISABLED"):
        monkeypatch.setenv(f"AWS_{name}", "true")
    monkeypatch.chdir(tmp_path)
    clips = [corpus / f"{name}.wav" for name in ("sad_06", "happy_08", "angry_06")]
    with zipfile.ZipFile("a.zip", "w") as shard:
        shard.write(clips[0], "in/sad.wav")
    with tarfile.open("b.tar.gz", "w:gz") as shard:
        shard.add(clips[1], "happy.wav")
    worker = Worker(options=WorkOptions(embedding=True))
    own = EmbeddingStore("own", worker.info)
    with serving({"calls/angry.wav": clips[2].read_bytes()}) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{address}")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        assert add_recordings(own, worker, items_of(["a.zip", "b.tar.gz", "s3://bucket/calls"])).added.new == 3
        monkeypatch.chdir("/")
        with launch(model, None, port=0, page=False, store=own) as served, httpx.Client(base_url=served.url) as client:
            for clip in clips:
                match = client.post("/v1/store/search", files=[upload(clip)]).json()["matches"][0]
                sound = client.get("/v1/store/sound", params={"id": match["id"]})
                assert sound.status_code == 200, (match["file"], sound.text)
                samples, _ = soundfile.read(io.BytesIO(sound.content), dtype="float32")
                np.testing.assert_allclose(samples, emotone.load_audio(clip).samples, atol=2 / 32768)
            (tmp_path / "a.zip").unlink()
            match = client.post("/v1/store/search", files=[upload(clips[0])]).json()["matches"][0]
            assert client.get("/v1/store/sound", params={"id": match["id"]}).json()["code"] == "recording_gone"


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("/v1/store/similar", {"id": "x' OR '1'='1"}, "StoreError"),
        ("/v1/store/sound", {"id": "../../etc/passwd"}, "StoreError"),
        ("/v1/store/similar", {"id": "x", "where": "no condition"}, "OptionError"),
        ("/v1/store/similar", {"id": "x", "limit": "1001"}, "invalid_options"),
        ("/v1/store/similar", {}, "invalid_options"),
    ],
)
def test_what_cannot_be_asked(client: httpx.Client, path: str, params: dict, code: str) -> None:
    answer = client.get(path, params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_clients_cannot_name_a_store(client: httpx.Client, corpus: Path) -> None:
    answer = client.post("/v1/store/search?store=/tmp", files=[upload(corpus / "sad_06.wav")])
    assert answer.status_code == 422


def test_a_server_without_a_store_says_so(http: httpx.Client, api: Served, clips: list[Path]) -> None:
    for answer in (http.get("/v1/store"), http.post("/v1/store/search", files=[upload(clips[0])])):
        assert (answer.status_code, answer.json()["code"]) == (404, "no_store")
