"""Statistics of timelines and conversations, and the sentences about them: every number is worked out by hand."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import emotone
from emotone import Conversation, Reason, Recognizer, Segment, Source, Timeline, Track, summarise
from emotone.findings import RULES, findings
from emotone.labels import LABELS, NEGATIVE, is_negative
from emotone.summary import BREAK, REACTION
from emotone.text import Text

DOUBT = Reason("unclear", Text("Nearly undecided.", "难以区分。"), Text("Wait.", "请等待。"))


@pytest.fixture(scope="module")
def timeline(model: Recognizer, clips: list[Path]) -> Timeline:
    return model.timeline(clips[0])


def said(start: float, end: float, label: str, *, doubted: bool = False) -> Segment:
    return Segment(start, end, label, {label: 1.0}, (DOUBT,) if doubted else ())


def talk(timeline: Timeline, **speakers: Sequence[Segment]) -> Conversation:
    tracks = tuple(
        Track(speaker, replace(timeline, segments=tuple(segments))) for speaker, segments in speakers.items()
    )
    return Conversation(Source("call.wav", "0" * 64), 600.0, tracks)


def test_shares_are_of_the_speech_with_a_clear_result(timeline: Timeline) -> None:
    segments = [said(0, 6, "happy"), said(8, 10, "sad"), said(10, 14, "angry", doubted=True), said(20, 22, "happy")]
    summary = summarise(replace(timeline, segments=tuple(segments)))
    (speaker,) = summary.speakers
    assert (speaker.speaker, speaker.speech, speaker.left_out) == ("", 14.0, 4.0)
    assert list(speaker.shares.items()) == [("happy", 0.8), ("sad", 0.2)]
    assert speaker.negative_turns == 1
    assert summary.reactions == ()


def test_withheld_segments_are_left_out_and_overlapping_ones_counted_once(timeline: Timeline) -> None:
    withheld = emotone.withheld(said(30, 33, "sad", doubted=True))
    assert withheld.label == "unknown"
    segments = [said(0, 6, "happy"), said(2, 4, "happy"), withheld]
    (speaker,) = summarise(talk(timeline, A=segments)).speakers
    assert (speaker.speech, speaker.left_out) == (9.0, 3.0)
    assert speaker.shares == {"happy": 1.0}


def test_turning_points_are_between_sustained_labels(timeline: Timeline) -> None:
    segments = [
        said(0, 3, "neutral"),
        said(4, 6, "neutral"),  # 5 s in all
        said(6, 10, "sad"),  # not for long enough
        said(10, 16, "neutral"),
        said(16, 17, "happy", doubted=True),
        said(17, 20, "angry"),
        said(20, 21, "sad", doubted=True),  # says nothing
        said(21, 24, "angry"),
        said(24, 30, "happy"),
    ]
    (speaker,) = summarise(talk(timeline, A=segments)).speakers
    assert [(point.at, point.before, point.after) for point in speaker.turning_points] == [
        (17, "neutral", "angry"),
        (24, "angry", "happy"),
    ]


def test_negative_stretches_end_with_another_label_or_a_long_pause(timeline: Timeline) -> None:
    segments = [
        said(0, 2, "sad"),
        said(3, 5, "angry"),
        said(5, 6, "happy", doubted=True),  # says nothing, so it ends nothing
        said(6, 9, "angry"),
        said(10, 11, "happy"),
        said(12, 13, "fearful"),
        said(13 + BREAK, 21 + BREAK, "disgusted"),
    ]
    (speaker,) = summarise(talk(timeline, A=segments)).speakers
    assert speaker.negative_turns == 3
    longest = speaker.longest_negative
    assert longest is not None
    assert (longest.start, longest.end, longest.speech, longest.labels) == (13 + BREAK, 21 + BREAK, 8, ("disgusted",))
    (shorter,) = summarise(talk(timeline, A=segments[:-1])).speakers
    longest = shorter.longest_negative
    assert longest is not None
    assert (longest.start, longest.end, longest.speech, longest.labels) == (0, 9, 7, ("angry", "sad"))


def test_who_reacts_to_whom(timeline: Timeline) -> None:
    a = [
        said(0, 4, "angry"),
        said(10, 14, "neutral"),
        said(20, 24, "sad"),
        said(40, 44, "neutral"),
        said(60, 64, "sad"),
    ]
    b = [said(5, 9, "sad"), said(15, 19, "neutral"), said(23, 30, "neutral"), said(64 + REACTION + 1, 90, "sad")]
    c = [said(5.5, 6, "happy"), said(65, 70, "happy", doubted=True)]
    found = summarise(talk(timeline, A=a, B=b, C=c)).reactions
    assert [(one.to, one.speaker, one.times, one.lag, one.labels, one.left_out) for one in found] == [
        ("A", "B", 2, 0.0, {"sad": 1, "neutral": 1}, 0),  # 1 s after the first, 1 s before the end of the second
        ("A", "C", 1, 1.0, {}, 1),
        ("B", "C", 1, -3.5, {"happy": 1}, 0),
    ]


def test_nobody_reacts_to_what_stays_negative_or_to_doubted_speech(timeline: Timeline) -> None:
    a = [said(0, 4, "angry"), said(10, 14, "sad"), said(20, 24, "fearful", doubted=True)]
    b = [said(5, 6, "happy"), said(15, 16, "happy"), said(25, 26, "happy")]
    (reaction,) = summarise(talk(timeline, A=a, B=b)).reactions
    assert (reaction.to, reaction.times) == ("A", 1)


def test_negative_emotions() -> None:
    assert {label for label in LABELS if is_negative(label)} == NEGATIVE == {"angry", "disgusted", "fearful", "sad"}
    assert is_negative("Anger")
    assert is_negative("悲伤")
    assert not is_negative("hesitant")


def sentences(conversation: Conversation | Timeline) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for finding in findings(summarise(conversation)):
        assert finding.rule is RULES[finding.code]
        assert finding.text.en.endswith(".")
        assert finding.text.zh.endswith("。")
        found.setdefault(finding.code, []).append(finding.text.en)
    return found


def test_sentences_of_a_conversation(timeline: Timeline) -> None:
    a = [said(0, 6, "neutral"), said(10, 16, "angry"), said(20, 26, "sad"), said(30, 32, "happy", doubted=True)]
    b = [said(17, 19, "happy"), said(27, 29, "neutral"), said(33, 34, "surprised")]
    assert sentences(talk(timeline, **{"1": a, "Anna": b, "3": []})) == {
        "talk_time": ["Speech: speaker 1 0:20 (80%), Anna 0:05 (20%), speaker 3 0:00 (0%)."],
        "varied": [
            "Speaker 1: no emotion prevails; most often Neutral (33%), then Angry (33%).",
            "Anna: no emotion prevails; most often Happy (40%), then Neutral (40%).",
        ],
        "turning_points": ["Speaker 1: the mood changes from Neutral to Angry at 0:10, from Angry to Sad at 0:20."],
        "longest_negative": ["Speaker 1: the longest negative stretch is 0:10–0:26 (Angry, Sad), with 12 s of speech."],
        "left_out": ["Speaker 1: 2.0 s of speech (10%) gave no clear result and are left out."],
        "no_speech": ["Speaker 3: no speech was found."],
        "reaction": ["After speaker 1 turns negative, Anna answers 1.0 s later, with Happy."],
    }


def test_sentences_of_a_timeline_and_of_doubted_speech(timeline: Timeline) -> None:
    alone = replace(timeline, segments=(said(0, 3600, "sad"),))
    assert sentences(alone) == {
        "prevailing": ["The recording: mostly Sad, 100% of the speech with a clear result."],
        "longest_negative": [
            "The recording: the longest negative stretch is 0:00–1:00:00 (Sad), with 3600 s of speech."
        ],
    }
    doubted = replace(timeline, segments=(said(0, 5, "sad", doubted=True),))
    assert sentences(doubted) == {"nothing_clear": ["The recording: no segment of 0:05 of speech gave a clear result."]}


def test_a_sentence_for_many_turns_and_answers(timeline: Timeline) -> None:
    a = [said(20 * n, 20 * n + 6, ("sad", "happy")[n % 2]) for n in range(6)]
    b = [said(20 * n + 5, 20 * n + 7, "happy", doubted=n == 2) for n in range(0, 6, 2)]
    found = sentences(talk(timeline, A=a, B=b))
    assert found["turning_points"] == [
        "A: the mood changes from Sad to Happy at 0:20, from Happy to Sad at 0:40, from Sad to Happy at 1:00, and 2 more times."
    ]
    assert found["reaction"] == [
        "After A turns negative, B answers 1.0 s before the end of that (median of 3), most often with Happy (2 of 3)."
    ]
