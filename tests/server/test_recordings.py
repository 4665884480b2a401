"""What the API says of real recordings: the same as a recognizer, in every way to send them and in every format."""

import csv
import io
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from sending import json_body, upload

import emotone
from emotone import Recognizer, TimelineOptions
from emotone.cli.launching import launch
from emotone.outputs import save_baseline
from emotone.writers import FORMATS, record


def assert_same(answer: dict, expected: dict) -> None:
    """The same record, but for the time at which it was made; scores to 1e-4."""
    assert answer.keys() == expected.keys()
    for key in answer.keys() - {"timestamp", "scores", "confidence", "duration"}:
        assert answer[key] == expected[key], key
    for key in ("scores", "confidence", "duration"):
        assert answer[key] == pytest.approx(expected[key], abs=1e-4)


def expected_record(model: Recognizer, clip: Path, name: str | None = None) -> dict:
    fields = record(model.predict(clip), datetime.now())
    return fields | {"source": {"name": name or clip.name, "sha256": fields["source"]["sha256"]}}


@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_kind_of_body_gives_what_the_recognizer_says(
    http: httpx.Client, model: Recognizer, clips: list[Path], number: int
):
    clip = clips[number]
    form = http.post("/v1/predict", files=[upload(clip)])
    raw = http.post(f"/v1/predict?name={clip.name}", content=clip.read_bytes(), headers={"Content-Type": "audio/ogg"})
    json_ = http.post("/v1/predict", json=json_body([clip]))
    for answer in (form, raw, json_):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert_same(answer.json(), expected_record(model, clip))


def test_curl_without_a_content_type_is_a_raw_body(http: httpx.Client, model: Recognizer, clips: list[Path]):
    kind = {"Content-Type": "application/x-www-form-urlencoded"}  # what `curl --data-binary` says
    answer = http.post("/v1/predict", content=clips[0].read_bytes(), headers=kind)
    assert_same(answer.json(), expected_record(model, clips[0], "audio"))


def test_several_recordings_one_of_them_broken(http: httpx.Client, model: Recognizer, clips: list[Path]):
    broken = ("file", ("会议.wav", b"This is not audio at all."))
    answer = http.post("/v1/predict", files=[upload(clips[0]), broken, upload(clips[1])])
    assert answer.status_code == 200
    first, problem, last = answer.json()
    assert_same(first, {"file": clips[0].name, **expected_record(model, clips[0])})
    assert_same(last, {"file": clips[1].name, **expected_record(model, clips[1])})
    assert problem["file"] == "会议.wav"
    assert problem["problem"]["code"] == "UnsupportedAudioError"
    lines = http.post("/v1/predict?format=jsonl", files=[upload(clips[0]), broken]).text.splitlines()
    assert [json.loads(line)["file"] for line in lines] == [clips[0].name, "会议.wav"]
    table = http.post("/v1/predict?format=csv", files=[upload(clips[0]), broken])
    assert table.headers["emotone-refused"] == "1"
    assert [row["file"] for row in csv.DictReader(io.StringIO(table.text))] == [clips[0].name]
    assert http.post("/v1/predict?format=csv", files=[broken, broken]).status_code == 415


def test_a_timeline_is_that_of_the_recognizer(http: httpx.Client, model: Recognizer, four_moods: Path):
    timeline = model.timeline(four_moods, TimelineOptions(window=2, hop=0.25, min_segment=0.5))
    options = {"window": 2, "hop": 0.25, "min_segment": 0.5}
    for answer in (
        http.post("/v1/timeline", params=options, files=[upload(four_moods)]),
        http.post(
            "/v1/timeline", data={name: str(value) for name, value in options.items()}, files=[upload(four_moods)]
        ),
        http.post("/v1/timeline", json=json_body([four_moods], **options)),
    ):
        fields = answer.json()["timeline"]
        assert [(one["start"], one["end"], one["label"]) for one in fields["segments"]] == [
            (one.start, one.end, one.label) for one in timeline.segments
        ]
        ours = np.array([list(one["scores"].values()) for one in fields["windows"]])
        theirs = np.array([list(one.scores.values()) for one in timeline.windows])
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_by_its_name_and_by_its_media_type(http: httpx.Client, four_moods: Path, name: str):
    form = FORMATS[name]
    named = http.post("/v1/timeline", params={"format": name}, files=[upload(four_moods)])
    assert named.status_code == 200
    assert named.headers["content-type"].partition(";")[0] == form.media_type
    accepted = http.post(
        "/v1/timeline", headers={"Accept": f"image/png, {form.media_type}"}, files=[upload(four_moods)]
    )
    assert accepted.headers["content-type"] == named.headers["content-type"]
    if name in ("srt", "textgrid", "csv"):
        assert accepted.content == named.content


def test_embeddings(http: httpx.Client, model: Recognizer, clips: list[Path]):
    expected, frames = model.embed(clips[0]), model.embed_frames(clips[0])
    answer = http.post("/v1/embed", files=[upload(clips[0])])
    np.testing.assert_allclose(answer.json()["embedding"], expected, atol=1e-3)
    for params, wanted in (({}, expected), ({"granularity": "frame"}, frames)):
        file = http.post("/v1/embed", params={"format": "npy", **params}, files=[upload(clips[0])])
        np.testing.assert_allclose(np.load(io.BytesIO(file.content)), wanted, atol=1e-3)
    rows = list(csv.reader(io.StringIO(http.post("/v1/embed?format=csv", files=[upload(clips[0])] * 2).text)))
    assert [len(row) for row in rows] == [1 + expected.size] * 3


def test_a_baseline_of_recordings_of_a_file_and_of_the_request(
    http: httpx.Client, model: Recognizer, clips: list[Path], tmp_path: Path
):
    voice = [clips[2], clips[1]]
    expected = model.predict(clips[1], baseline=model.baseline(voice))
    path = save_baseline(model.baseline(voice), tmp_path / "voice.npz")
    of_recordings = http.post("/v1/predict", files=[upload(clips[1]), *(upload(one, "baseline") for one in voice)])
    of_file = http.post("/v1/predict", files=[upload(clips[1]), upload(path, "baseline")])
    itself = http.post("/v1/predict?baseline=auto", files=[upload(one) for one in (clips[1], clips[2])])
    for fields in (of_recordings.json(), of_file.json(), itself.json()[0]):
        assert fields["scores"] == pytest.approx(dict(expected.scores), abs=1e-4)
        assert fields["absolute"]["label"] == expected.absolute.label
    auto = http.post("/v1/timeline", data={"baseline": "auto"}, files=[upload(clips[2])]).json()
    heard = model.listen(clips[2])
    wanted = heard.timeline(baseline=heard.baseline())
    assert [one["label"] for one in auto["timeline"]["segments"]] == [one.label for one in wanted.segments]


@pytest.fixture
def noise(model: Recognizer) -> emotone.Head:
    weight = np.eye(2, model.info.dim, dtype=np.float32)
    return emotone.Head(("calm", "loud"), weight, np.zeros(2, np.float32), name="noise")


def test_heads_of_the_request_answer_in_its_order(
    http: httpx.Client, model: Recognizer, noise: emotone.Head, clips: list[Path], tmp_path: Path
):
    path = tmp_path / "head.json"
    path.write_text(json.dumps(noise.to_json()))
    fields = http.post("/v1/predict", data={"head": "emotions"}, files=[upload(clips[0]), upload(path, "head")]).json()
    assert (fields["emotion"], fields["heads"][0]["head"]) == (model.predict(clips[0]).label, "noise")
    fields = http.post("/v1/predict", files=[upload(clips[0]), upload(path, "head")]).json()
    assert fields["head"] == "noise"
    assert fields["scores"] == pytest.approx(dict(model.with_head(noise).predict(clips[0]).scores), abs=1e-4)


def test_heads_of_the_server_answer_when_a_request_names_none(
    model: Recognizer, noise: emotone.Head, clips: list[Path], tmp_path: Path
):
    given = tmp_path / "noise" / "head.json"
    given.parent.mkdir()
    given.write_text(json.dumps(noise.to_json()))
    own = model.predict(clips[0])
    with (
        launch(model, None, port=0, page=False, heads=[given, "emotions"]) as served,
        httpx.Client(base_url=served.url, timeout=60) as http,
    ):
        usual = http.post("/v1/predict", files=[upload(clips[0])]).json()
        assert (usual["head"], usual["heads"][0]["head"], usual["heads"][0]["label"]) == (
            "noise",
            "emotions",
            own.label,
        )
        assert usual["scores"] == pytest.approx(dict(model.with_head(noise).predict(clips[0]).scores), abs=1e-4)
        asked = http.post("/v1/predict?head=emotions", files=[upload(clips[0])]).json()
        assert (asked["emotion"], asked.get("head"), asked.get("heads")) == (own.label, None, None)
        timeline = http.post("/v1/timeline", files=[upload(clips[0])]).json()
        assert set(timeline["timeline"]["segments"][0]["scores"]) == {"calm", "loud"}


def test_a_head_of_another_model_keeps_the_server_from_starting(model: Recognizer, noise: emotone.Head, tmp_path: Path):
    path = tmp_path / "head.json"
    path.write_text(json.dumps(replace(noise, model_sha256="0" * 64).to_json()))
    with (
        pytest.raises(emotone.ModelError, match="was trained for"),
        launch(model, None, port=0, page=False, heads=[path]),
    ):
        pass


def test_one_channel_and_no_label_in_doubt(http: httpx.Client, model: Recognizer, clips: list[Path], tmp_path: Path):
    left, right = (emotone.load_audio(clip).samples[:48_000] for clip in clips[:2])
    both = tmp_path / "both.wav"
    soundfile.write(both, np.stack([left, right], axis=1), 16_000)
    for channel in (0, 1):
        fields = http.post("/v1/predict", params={"channel": channel}, files=[upload(both)]).json()
        assert fields["scores"] == pytest.approx(dict(model.predict(both, channel=channel).scores), abs=1e-4)
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(32_000), 16_000)
    fields = http.post("/v1/predict?abstain=true", files=[upload(silence)]).json()
    assert (fields["emotion"], fields["withheld"]) == ("unknown", "silent")


def test_the_models(http: httpx.Client, clips: list[Path]):
    models = http.get("/v1/models").json()["models"]
    assert (models[0]["name"], models[0]["default"], models[0]["ready"]) == ("emotone-small", True, True)
    assert {one["name"] for one in models if not one["ready"]} >= {"emotion2vec-plus-large"}
    named = http.post("/v1/predict?model=emotone-small", files=[upload(clips[0])])
    assert named.json()["model"]["name"] == "emotone-small"
    for name in ("emotion2vec-plus-large", "/etc/hostname", "nothing"):
        refused = http.post("/v1/predict", params={"model": name}, files=[upload(clips[0])])
        assert (refused.status_code, refused.json()["code"]) == (422, "ModelError")


@pytest.fixture
def call(clips: list[Path], tmp_path: Path) -> Path:
    """A call: on one channel somebody speaks first, on the other one somebody else afterwards."""
    first, second = (emotone.load_audio(clip).samples for clip in clips[:2])
    silence = np.zeros_like
    channels = [np.concatenate([first, silence(second)]), np.concatenate([silence(first), second])]
    soundfile.write(tmp_path / "call.wav", np.stack(channels, axis=1), 16_000)
    return tmp_path / "call.wav"


def test_channels_are_speakers(http: httpx.Client, model: Recognizer, call: Path):
    wanted = model.conversation(call)
    fields = http.post("/v1/timeline?channels=split", files=[upload(call)]).json()
    assert [track["speaker"] for track in fields["tracks"]] == ["1", "2"]
    for track, expected in zip(fields["tracks"], wanted.tracks, strict=True):
        assert track["scores"] == pytest.approx(dict(expected.timeline.utterance.scores), abs=1e-4)
    assert fields["source"]["name"] == "call.wav"
    assert fields["summary"]["findings"]
    grid = http.post("/v1/timeline?channels=split&format=textgrid", files=[upload(call)]).text
    assert "emotion@1" in grid


def test_turns_are_speakers(http: httpx.Client, model: Recognizer, four_moods: Path):
    turns = [{"start": 0, "end": 5, "speaker": "Anna", "text": "Hello."}, {"start": 5, "end": 11, "speaker": "Bo"}]
    file = ("turns", ("turns.json", json.dumps(turns).encode()))
    fields = http.post("/v1/timeline", files=[upload(four_moods), file]).json()
    assert [track["speaker"] for track in fields["tracks"]] == ["Anna", "Bo"]
    assert fields["tracks"][0]["timeline"]["segments"][0]["text"] == "Hello."
    refused = http.post("/v1/timeline?channels=split", files=[upload(four_moods), file])
    assert (refused.status_code, refused.json()["code"]) == (422, "OptionError")
    broken = http.post("/v1/timeline", files=[upload(four_moods), ("turns", ("turns.rttm", b"SPEAKER"))])
    assert (broken.status_code, broken.json()["code"]) == (422, "TurnsError")
    mono = http.post("/v1/timeline?channels=split", files=[upload(four_moods)])
    assert (mono.status_code, mono.json()["code"]) == (422, "ChannelError")
