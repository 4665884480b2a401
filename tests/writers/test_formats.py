import json

import pytest
from talks import entry, whole

from emotone.errors import OptionError
from emotone.writers import FORMATS, Format, entry_of, format_of_file, format_of_media_type


def test_the_list_of_formats() -> None:
    assert list(FORMATS) == [
        *("json", "jsonl", "csv", "windows", "parquet", "npz", "srt", "vtt", "ass"),
        *("textgrid", "eaf", "audacity", "audformat", "emotionml"),
    ]
    assert all(form.name == name for name, form in FORMATS.items())
    endings = [form.ending.lower() for form in FORMATS.values()]
    assert len(set(endings)) == len(endings)


@pytest.mark.parametrize("form", FORMATS.values(), ids=list(FORMATS))
def test_a_format_is_known_by_its_ending_and_its_media_type(form: Format) -> None:
    assert format_of_file(f"my.talk{form.ending}") is form
    assert format_of_file(f"MY.TALK{form.ending.upper()}") is form
    found = format_of_media_type(form.media_type.upper())
    assert found is (FORMATS["csv"] if form.media_type == "text/csv" else form)


def test_an_ending_without_a_format_is_answered_with_those_that_have_one() -> None:
    with pytest.raises(OptionError, match=r"'talk\.docx'.*\.TextGrid") as caught:
        format_of_file("talk.docx")
    assert ".TextGrid" in caught.value.text.zh
    assert format_of_media_type("image/png") is None


@pytest.mark.parametrize("form", FORMATS.values(), ids=list(FORMATS))
def test_a_format_takes_what_it_says(form: Format) -> None:
    one, prediction = entry(3), entry_of("a.wav", whole(), {"file": "a.wav", **_fields()})
    form.check(1, "frame")
    assert isinstance(form.write([one], "en"), bytes)
    if form.several:
        form.check(2, "frame")
        assert form.write([one, one], "en") != form.write([one], "en")
        assert form.write([], "en") is not None
    else:
        with pytest.raises(OptionError, match=f"'{form.name}' holds one recording; here are 2.*jsonl"):
            form.check(2, "frame")
    if form.timed:
        with pytest.raises(OptionError, match=f"'{form.name}' shows emotion over time"):
            form.check(1, "utterance")
    else:
        form.check(1, "utterance")
        assert form.write([prediction], "en")


@pytest.mark.parametrize("form", [form for form in FORMATS.values() if not form.binary], ids=lambda form: form.name)
def test_text_is_utf8_with_plain_line_ends(form: Format) -> None:
    for seed in range(12):
        data = form.write([entry(seed)], "zh")
        assert data == b"" or data.decode().endswith("\n")
        assert b"\r" not in data


def test_json_is_an_object_for_one_recording_and_a_list_for_several() -> None:
    one = entry(3)
    assert json.loads(FORMATS["json"].write([one], "en")) == one.record
    assert json.loads(FORMATS["json"].write([one, one], "en")) == [one.record, one.record]
    assert [json.loads(line) for line in FORMATS["jsonl"].write([one, one], "en").splitlines()] == [one.record] * 2


def _fields() -> dict[str, object]:
    return {"emotion": "sad", "confidence": 0.6, "duration": 2.5, "scores": {"sad": 0.6, "happy": 0.4}, "doubts": []}
