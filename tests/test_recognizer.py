from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import emotone
from emotone import Failure, OptionError, Prediction, Recognizer, TimelineOptions, load_model
from emotone.hearing import CHUNK, CONTEXT
from emotone.types import SAMPLE_RATE


def scores_of(result: Prediction | emotone.Segment) -> np.ndarray:
    return np.array([result.scores[label] for label in emotone.LABELS])


@pytest.fixture(scope="module")
def long_signal(clips: list[Path]) -> np.ndarray:
    """85 s of real speech at changing loudness: three chunks."""
    signals = [emotone.load_audio(clip).samples for clip in clips]
    return np.concatenate([signals[i % 3] * 10 ** (-(i % 4) * 8 / 20) for i in range(14)])[: 85 * SAMPLE_RATE]


def test_examples_get_the_emotion_that_the_actor_played(model: Recognizer, clips: list[Path]) -> None:
    assert [model.predict(clip).label for clip in clips[:2]] == ["happy", "angry"]


def test_prediction_holds_together(model: Recognizer, clips: list[Path]) -> None:
    result = model.predict(clips[0])
    assert tuple(result.scores) == emotone.LABELS
    assert sum(result.scores.values()) == pytest.approx(1, abs=1e-9)
    assert result.confidence == result.scores[result.label] == max(result.scores.values())
    ordered = sorted(result.scores, key=result.scores.__getitem__, reverse=True)
    assert [result.label, result.runner_up] == ordered[:2]
    assert result.scores["unknown"] == 0
    assert result.embedding.shape == (model.info.dim,)
    assert result.duration == pytest.approx(3.1, abs=0.01)
    assert result.source.name == clips[0].name
    assert result.model == model.info


def test_path_bytes_file_and_array_agree(model: Recognizer, clips: list[Path]) -> None:
    reference = model.predict(clips[0])
    samples = emotone.load_audio(clips[0]).samples
    with clips[0].open("rb") as file:
        others = [
            model.predict(str(clips[0])),
            model.predict(clips[0].read_bytes()),
            model.predict(file),
            model.predict(samples, sample_rate=SAMPLE_RATE),
            model.predict(emotone.load_audio(clips[0])),
        ]
    for other in others:
        np.testing.assert_allclose(scores_of(other), scores_of(reference), atol=1e-6)


def test_embedding_is_the_mean_of_the_frames(model: Recognizer, clips: list[Path]) -> None:
    frames = model.embed_frames(clips[0])
    embedding = model.embed(clips[0])
    assert frames.shape == (round(3.1 * model.info.frame_rate), model.info.dim)
    assert frames.dtype == embedding.dtype == np.float32
    np.testing.assert_allclose(embedding, frames.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(embedding, model.predict(clips[0]).embedding, atol=1e-6)


def test_predict_many_keeps_order_and_reports_failures(model: Recognizer, clips: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_text("no audio")
    results = model.predict_many([clips[1], broken, tmp_path / "missing.mp3", clips[0]])
    assert [type(result) for result in results] == [Prediction, Failure, Failure, Prediction]
    assert [results[1].name, results[2].name] == ["broken.wav", "missing.mp3"]
    assert isinstance(results[1].error, emotone.UnsupportedAudioError)
    assert isinstance(results[2].error, emotone.AudioNotFoundError)
    for result, clip in ((results[0], clips[1]), (results[3], clips[0])):
        np.testing.assert_allclose(scores_of(result), scores_of(model.predict(clip)), atol=1e-6)


def test_predict_many_compares_all_with_one_voice(model: Recognizer, clips: list[Path]) -> None:
    voice = model.baseline(clips[2:])
    for result, clip in zip(model.predict_many(clips[:2], baseline=voice), clips[:2], strict=True):
        said = model.predict(clip, baseline=voice)
        assert isinstance(result, Prediction)
        assert said.absolute is not None
        assert result.baseline is voice
        assert result.absolute is not None
        np.testing.assert_allclose(scores_of(result), scores_of(said), atol=1e-5)
        assert result.absolute.scores == pytest.approx(said.absolute.scores, abs=1e-5)
        assert result.scores != pytest.approx(result.absolute.scores, abs=1e-3)
    others = replace(voice, model=replace(voice.model, sha256="0" * 64))
    with pytest.raises(emotone.ModelError, match="Make it again"):
        model.predict_many(clips[:2], baseline=others)


def test_a_recognizer_for_many_says_the_same(model: Recognizer, clips: list[Path]) -> None:
    single = model.for_many()
    assert single.info == model.info
    assert single.for_many()._engine is single._engine
    for clip in clips:
        expected, found = model.predict(clip), single.predict(clip)
        assert np.abs(expected.embedding - found.embedding).max() < 1e-4
        assert found.scores == pytest.approx(expected.scores, abs=1e-5)


@pytest.mark.parametrize("provider", onnxruntime.get_available_providers())
def test_any_device_of_onnx_runtime_can_be_asked_for(model: Recognizer, clips: list[Path], provider: str) -> None:
    """What a device cannot do, the processor does."""
    device = provider.removesuffix("ExecutionProvider")
    found = load_model(device=device.lower()).predict(clips[0])
    assert found.scores == pytest.approx(model.predict(clips[0]).scores, abs=1e-3)
    assert load_model(device=device)._engine._session.get_providers()[0] == provider


def test_a_device_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(OptionError, match=r"no device 'abacus' here; found: .*cpu"):
        load_model(device="abacus")


def test_the_environment_may_choose_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTONE_DEVICE", "abacus")
    with pytest.raises(OptionError, match="abacus"):
        load_model()
    assert load_model(device="cpu").info.name == "emotone-small"


def test_batched_equals_single(model: Recognizer, clips: list[Path]) -> None:
    signals = [emotone.load_audio(clip).samples for clip in clips]
    signals += [signals[0][:1], signals[1][:700], signals[2][: 4 * SAMPLE_RATE], signals[2][: 4 * SAMPLE_RATE + 320]]
    together = model._engine.run(signals)
    for signal, frames in zip(signals, together, strict=True):
        alone = model._engine.run([signal])[0]
        assert frames.shape == alone.shape
        ours, theirs = (model.head.scores(model.head.logits(f).mean(axis=0)) for f in (frames, alone))
        assert max(abs(ours[label] - theirs[label]) for label in ours) < 1e-4


def test_padding_may_hold_anything(model: Recognizer, clips: list[Path]) -> None:
    signal = emotone.load_audio(clips[0]).samples
    padded = np.full((1, signal.size * 2), np.nan, np.float32)
    padded[0, : signal.size] = signal
    inputs = {"waveform": padded, "lengths": np.array([signal.size])}
    frames, lengths = model._engine._session.run(["frames", "frame_lengths"], inputs)
    alone = model._engine.run([signal])[0]
    assert lengths[0] == len(alone)
    np.testing.assert_allclose(frames[0, : lengths[0]], alone, atol=1e-3)
    assert not frames[0, lengths[0] :].any()


def test_one_sample_is_scored(model: Recognizer) -> None:
    result = model.predict(np.zeros(1, np.float32), sample_rate=SAMPLE_RATE)
    assert sum(result.scores.values()) == pytest.approx(1)


def test_seams_of_chunks_do_not_show(model: Recognizer, long_signal: np.ndarray) -> None:
    in_chunks = model.embed_frames(long_signal, sample_rate=SAMPLE_RATE)
    at_once = model._engine.run([long_signal])[0]
    assert long_signal.size > 2 * CHUNK * SAMPLE_RATE
    assert CONTEXT < CHUNK / 2
    assert in_chunks.shape == at_once.shape
    for start in range(0, len(at_once) - 150, 25):  # windows of 3 s
        ours, theirs = (
            np.array(list(model.head.scores(model.head.logits(frames[start : start + 150]).mean(axis=0)).values()))
            for frames in (in_chunks, at_once)
        )
        assert np.abs(ours - theirs).max() < 0.02


def test_gain_changes_little(model: Recognizer, clips: list[Path]) -> None:
    samples = emotone.load_audio(clips[0]).samples
    half = model.predict(samples / 2, sample_rate=SAMPLE_RATE)
    assert half.label == model.predict(clips[0]).label


def test_timeline_finds_the_four_moods(model: Recognizer, four_moods: Path) -> None:
    timeline = model.timeline(four_moods, TimelineOptions(window=2.0))
    assert [segment.label for segment in timeline.segments] == ["neutral", "happy", "sad", "angry"]


def test_a_timeline_is_no_reason_to_advise_a_timeline(model: Recognizer, four_moods: Path) -> None:
    heard = model.listen(four_moods)
    alone, with_timeline = (
        {reason.code for reason in result.doubts} for result in (heard.predict(), heard.timeline().utterance)
    )
    assert alone - with_timeline == {"mixed", "length_advice"}
    assert with_timeline <= alone


def test_timeline_with_one_window_equals_the_utterance(model: Recognizer, four_moods: Path) -> None:
    whole = model.predict(four_moods)
    timeline = model.timeline(four_moods, TimelineOptions(window=whole.duration))
    assert len(timeline.windows) == 1
    assert (timeline.windows[0].start, timeline.windows[0].end) == (0, whole.duration)
    np.testing.assert_allclose(scores_of(timeline.windows[0]), scores_of(whole), atol=1e-9)
    np.testing.assert_allclose(scores_of(timeline.utterance), scores_of(whole), atol=1e-9)
    assert {segment.label for segment in timeline.segments} == {whole.label}


@pytest.mark.parametrize(("window", "hop"), [(3.0, 0.5), (1.0, 0.1), (2.5, 2.5), (60.0, 1.0)])
def test_timeline_invariants(model: Recognizer, four_moods: Path, window: float, hop: float) -> None:
    timeline = model.timeline(four_moods, TimelineOptions(window, hop))
    duration = timeline.utterance.duration
    assert timeline.windows[0].start == 0
    assert timeline.windows[-1].end == pytest.approx(duration)
    for row in (*timeline.windows, *timeline.segments):
        assert 0 <= row.start < row.end <= duration + 1e-9
        assert sum(row.scores.values()) == pytest.approx(1)
        assert row.confidence == max(row.scores.values())
    covered = sum(segment.duration for segment in timeline.segments)
    assert covered == pytest.approx(sum(region.end - region.start for region in timeline.regions))
    assert all(a.end <= b.start + 1e-9 for a, b in zip(timeline.segments, timeline.segments[1:], strict=False))


@pytest.mark.parametrize(
    "options", [TimelineOptions(hop=0), TimelineOptions(window=0.1), TimelineOptions(min_segment=-1)]
)
def test_impossible_options_are_refused(model: Recognizer, four_moods: Path, options: TimelineOptions) -> None:
    with pytest.raises(emotone.OptionError, match="wanted 0 < hop"):
        model.timeline(four_moods, options)


def test_stereo_channels_can_be_chosen(model: Recognizer, clips: list[Path]) -> None:
    happy, angry = (emotone.load_audio(clip).samples[: 3 * SAMPLE_RATE] for clip in clips[:2])
    stereo = np.stack([happy, angry], axis=1)
    assert model.predict(stereo, sample_rate=SAMPLE_RATE, channel=0).label == "happy"
    assert model.predict(stereo, sample_rate=SAMPLE_RATE, channel=1).label == "angry"


def test_unknown_model_is_answered_with_the_known_names() -> None:
    with pytest.raises(emotone.ModelError, match="Known names: emotone-small"):
        emotone.load_model("emotone-gigantic")


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(emotone.ModelError, match="cannot be loaded as an ONNX model"):
        emotone.load_model(path)


def test_a_model_of_another_contract_is_refused() -> None:
    silero = Path(emotone.__file__).parent / "models" / "silero_vad.onnx"
    with pytest.raises(emotone.ModelError, match="wanted"):
        emotone.load_model(silero)


def damaged_model(tmp_path: Path, manifest: str) -> Path:
    """The bundled model with another manifest: the bytes of the old one, overwritten."""
    data = emotone.models.find_model("emotone-small").read_bytes()
    start = data.index(b'{"name": "emotone-small"')
    path = tmp_path / "damaged.onnx"
    path.write_bytes(data[:start] + manifest.encode().ljust(60) + data[start + 60 :])
    return path


@pytest.mark.parametrize("manifest", ["[1, 2]", '{"name": "x", "frame_rate": 0, "head": {}}', "{broken", "nothing"])
def test_a_damaged_manifest_is_one_sentence(tmp_path: Path, manifest: str) -> None:
    with pytest.raises(emotone.ModelError, match="damaged"):
        emotone.load_model(damaged_model(tmp_path, manifest))


def test_a_name_that_is_too_long_is_no_model() -> None:
    with pytest.raises(emotone.ModelError, match="There is no model"):
        emotone.load_model("x" * 5000)


def test_runner_up_is_another_label_even_among_equals(model: Recognizer, clips: list[Path]) -> None:
    from dataclasses import replace

    tied = replace(model.predict(clips[0]), label="sad", scores={"sad": 0.5, "happy": 0.5, "angry": 0.0})
    assert tied.runner_up == "happy"


def test_an_open_recording_has_its_channel(model: Recognizer, clips: list[Path]) -> None:
    from emotone.audio import open_recording

    with pytest.raises(emotone.OptionError, match="open_recording"):
        model.predict(open_recording(clips[0]), channel=1)
