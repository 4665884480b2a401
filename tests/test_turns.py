"""Turns of speakers from every kind of file, and from files that are none."""

import json
from pathlib import Path

import pytest

from emotone.errors import TurnsError
from emotone.turns import MAX_BYTES, parse_turns, read_turns
from emotone.types import Turn


def turns_in(text: str, **options: str) -> tuple[Turn, ...]:
    return parse_turns(text.encode("utf-8"), "turns", **options)


def error_of(data: bytes | str, **options: str) -> str:
    """The message, after looking at both languages of it."""
    with pytest.raises(TurnsError) as caught:
        parse_turns(data.encode("utf-8") if isinstance(data, str) else data, "bad.txt", **options)
    text = caught.value.text
    assert text.en.endswith(".")
    assert text.zh.endswith("。")
    assert "bad.txt" in text.en
    assert "bad.txt" in text.zh
    return text.en


RTTM = """;; made by hand
SPKR-INFO call 1 <NA> <NA> <NA> unknown Anna <NA> <NA>
SPEAKER call 1 0.50 1.25 <NA> <NA> Anna <NA> <NA>
SPEAKER call 1 1.50 2.00 <NA> <NA> Ben 0.9
"""


def test_rttm() -> None:
    assert turns_in(RTTM) == (Turn(0.5, 1.75, "Anna"), Turn(1.5, 3.5, "Ben"))


def test_an_rttm_of_several_recordings_gives_those_of_this_one() -> None:
    two = RTTM + "SPEAKER other 1 7 1 <NA> <NA> Carl <NA> <NA>\n"
    assert turns_in(two, recording="/tmp/other.wav") == (Turn(7.0, 8.0, "Carl"),)
    message = error_of(two, recording="third.wav")
    assert "turns of 2 recordings (call, other), but none of 'third'" in message


SRT = """1
00:00:01,000 --> 00:00:02,500
ANNA: Good <i>morning</i>

2
00:00:03,000 --> 01:00:04,250 X1:100
{\\an8}- BEN: At 10:30,
we said: no.

3
00:00:05,000 --> 00:00:06,000

"""


def test_subrip() -> None:
    assert turns_in(SRT) == (
        Turn(1.0, 2.5, "ANNA", "Good morning"),
        Turn(3.0, 3604.25, "BEN", "At 10:30, we said: no."),
    )
    assert turns_in(SRT.replace("\n", "\r\n")) == turns_in(SRT)


def test_webvtt() -> None:
    text = """WEBVTT - a talk

STYLE
::cue { color: red }

NOTE nobody reads this

intro
00:01.000 --> 00:02.500 align:left
<v.loud Anna Smith>Hi &amp; <c.red>bye</c></v> <v Ben>Hello

00:00:03.000 --> 00:00:04.000
<00:00:03.200>no name here
"""
    assert turns_in(text) == (
        Turn(1.0, 2.5, "Anna Smith", "Hi & bye"),
        Turn(1.0, 2.5, "Ben", "Hello"),
        Turn(3.0, 4.0, "", "no name here"),
    )


def cues(*texts: str) -> str:
    return "\n\n".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},500\n{text}" for n, text in enumerate(texts, start=1))


def test_names_before_a_colon_count_when_most_cues_have_one() -> None:
    named = turns_in(cues("Anna: yes", "张三：你好", "He said: no", "Иван Петров: да"))
    assert [(turn.speaker, turn.text) for turn in named] == [
        ("Anna", "yes"),
        ("张三", "你好"),
        ("", "He said: no"),
        ("Иван Петров", "да"),
    ]
    seldom = turns_in(cues("Listen: it rains", "yes", "no"))
    assert [(turn.speaker, turn.text) for turn in seldom] == [("", "Listen: it rains"), ("", "yes"), ("", "no")]


def test_names_in_brackets() -> None:
    with_colon = turns_in(cues("[SPEAKER_00]: hi", "[music] la la", "well", "no", "yes"))
    assert [turn.speaker for turn in with_colon] == ["SPEAKER_00", "", "", "", ""]
    without = turns_in(cues("[Anna] hi", "[Ben] yes"))
    assert [(turn.speaker, turn.text) for turn in without] == [("Anna", "hi"), ("Ben", "yes")]


def test_two_people_in_one_cue_and_a_blank_line_in_the_text() -> None:
    assert turns_in(cues("ANNA: hi\nthere\nBEN: yes")) == (Turn(1, 1.5, "ANNA", "hi there"), Turn(1, 1.5, "BEN", "yes"))
    assert turns_in(cues("one\n\nmore words", "two")) == (Turn(1, 1.5, "", "one more words"), Turn(2, 2.5, "", "two"))


@pytest.mark.parametrize("wrapped", [False, True])
def test_json_of_whisper_and_whisperx(wrapped: bool) -> None:
    segments = [
        {"id": 0, "start": 0, "end": 1.5, "text": " Hi\nthere", "speaker": "SPEAKER_00", "words": []},
        {"start": 1.5, "end": 1.5, "text": 7},
    ]
    data = {"text": "Hi there", "segments": segments, "language": "en"} if wrapped else segments
    assert turns_in(json.dumps(data)) == (Turn(0.0, 1.5, "SPEAKER_00", "Hi there"), Turn(1.5, 1.5, "", ""))


def test_json_of_pyannote() -> None:
    nested = {"content": [{"segment": {"start": 0.5, "end": 1.5}, "track": "A", "label": "Anna"}]}
    flat = {"diarization": [{"start": 0.5, "end": 1.5, "speaker": 1}]}
    assert turns_in(json.dumps(nested)) == (Turn(0.5, 1.5, "Anna"),)
    assert turns_in(json.dumps(flat)) == (Turn(0.5, 1.5, "1"),)


def test_byte_order_marks() -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        assert parse_turns(SRT.encode(encoding), "x") == turns_in(SRT)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "begins with ''; wanted RTTM"),
        ("hello", "begins with 'hello'; wanted RTTM"),
        ("WEBVTT\n", "holds 0 turns"),
        ("[]", "holds 0 turns"),
        ("{}", "holds no list of turns"),
        ('{"segments": 3}', "holds no list of turns"),
        ("[\n{]", "line 2: this is not JSON"),
        ("[" * 100_000, "not JSON that can be read"),
        ('[{"start": 0, "end": ' + "9" * 5_000 + "}]", "not JSON that can be read"),
        ("[1]", "turn 1: found 1, wanted"),
        ('[{"start": 0, "end": 1}, {"start": 2}]', "turn 2: found"),
        ('[{"start": NaN, "end": 1}]', "turn 1: found"),
        ('[{"start": 0, "end": 1e999}]', "turn 1: found"),
        ('[{"start": true, "end": 2}]', "turn 1: found"),
        ('[{"start": "0", "end": "1"}]', "turn 1: found"),
        ('[{"start": -1, "end": 1}]', "turn 1: found"),
        ('[{"start": 2, "end": 1}]', "turn 1: found"),
        ("SPEAKER call 1 0.5 1\n", "line 1: found 'SPEAKER call 1 0.5 1', wanted SPEAKER <file>"),
        (RTTM.replace("1.50 2.00", "1.50 -2"), "line 4: found"),
        (RTTM.replace("0.50 1.25", "nan 1"), "line 3: found"),
        (RTTM + "what is this", "line 5: found 'what is this'"),
        ("SPKR-INFO call 1\n", "holds 0 turns"),
        (SRT.replace("00:00:03,000 -->", "00:00:03,000 ->"), "line 6: found '00:00:03,000 -> 01:00:04,250 X1:100'"),
        (SRT.replace("00:00:03,000", "soon"), "line 6: found 'soon --> 01:00:04,250 X1:100', wanted times"),
        (SRT.replace("00:00:02,500", "00:00:00,500"), "line 2: the cue ends at 0.5 s, before it begins at 1 s"),
        ("hello\n\n" + SRT, "line 1: found 'hello', wanted times"),
    ],
)
def test_files_that_cannot_be_read(text: str, message: str) -> None:
    assert message in error_of(text)


def test_other_encodings_and_sizes() -> None:
    assert "line 3: this is not UTF-8" in error_of("1\n00:00:01,000 --> 00:00:02,500\nä".encode("latin-1"))
    assert "is larger than 64 MB" in error_of(b"x" * (MAX_BYTES + 1))


def test_paths(tmp_path: Path) -> None:
    (tmp_path / "call.rttm").write_text(RTTM)
    assert read_turns(tmp_path / "call.rttm") == turns_in(RTTM)
    for path in (tmp_path / "none.srt", tmp_path, "\0"):
        with pytest.raises(TurnsError, match="cannot be read"):
            read_turns(path)
