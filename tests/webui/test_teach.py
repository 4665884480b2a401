"""The tab that teaches: from recordings to a head that is used, in a real browser; and archives that nobody should trust."""

import io
import json
import os
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

if "CI" not in os.environ:
    pytest.importorskip("playwright", reason="needs a browser: pip install playwright, and apt-get install chromium")
from browser import PATIENCE, add_material, load_example, open_tab, set_language, teach, visit, zipped
from playwright.sync_api import Page, expect

from emotone import EmotoneError, Recognizer, load_audio
from emotone.heads import load_head
from emotone.training.splitting import split_clips
from emotone.webui import archives
from emotone.webui import workshop as workshop_module
from emotone.webui.analysis import Chosen
from emotone.webui.archives import unpack
from emotone.webui.shelf import Shelf
from emotone.webui.workshop import Workshop

CLASSES = ("about to hang up", "犹豫")
SPEAKERS = ("anna", "ben", "chen")


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory, clips: list[Path]) -> Path:
    """Two classes that are easy to tell apart, with six clips of 1.2 s each, of three speakers."""
    folder = tmp_path_factory.mktemp("lesson") / "calls"
    generator = np.random.default_rng(0)
    for name, clip in zip(CLASSES, clips, strict=False):
        samples = load_audio(clip).samples
        for number in range(6):
            start = 8_000 + 2_000 * number
            part = samples[start : start + 19_200] * generator.uniform(0.5, 0.9)
            file = folder / name / SPEAKERS[number % 3] / f"clip_{number}.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(file, part, 16_000)
    return folder


def zipped_names(folder: Path) -> dict[str, bytes]:
    """Path in an archive → content."""
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*.wav"))}


def payload(name: str, data: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "application/zip", "buffer": data}


def test_from_a_zip_to_the_use_of_the_head(
    window: Page, lesson: Path, clips: list[Path], tmp_path: Path, chromium, served
):
    open_tab(window, "Teach")
    add_material(window, [payload("calls.zip", zipped(lesson))], 12)
    classes = window.locator(".em-class-name")
    assert classes.all_inner_texts() == list(CLASSES)
    expect(window.locator("#em-speakers input[value=folder]")).to_be_checked()
    expect(window.locator("#em-speakers")).to_contain_text("3 speakers: anna, ben, chen")
    window.locator("#em-head-name input").fill("Calls <b>")
    shown = teach(window)
    expect(shown.locator("h2")).to_have_text("Calls <b> is ready")
    expect(shown.locator(".em-judged")).to_contain_text("each speaker is in one of them")
    expect(shown.locator(".em-confusion tbody tr")).to_have_count(2)
    expect(shown.locator(".em-bars li")).to_have_count(2)
    with window.expect_download() as waiting:
        shown.locator("a[download='head.json']").click()
    waiting.value.save_as(tmp_path / "head.json")
    head = load_head(tmp_path / "head.json")
    assert (head.labels, head.name) == (tuple(sorted(CLASSES)), "Calls <b>")
    shown.locator("[data-use]").click()
    expect(window.locator("#em-recognize")).to_be_visible(timeout=PATIENCE)
    expect(window.locator("#em-heads option[selected]")).to_have_text("Calls <b>")
    report = load_example(window, 1)
    expect(report.locator(".em-name")).to_have_text(CLASSES[1])
    expect(report.locator(".em-hero")).to_contain_text("Emotion 😠 Angry")
    expect(report.locator(".em-bars")).to_have_count(2)
    with window.expect_download() as waiting:
        report.locator("a[download='result.json']").click()
    waiting.value.save_as(tmp_path / "result.json")
    saved = json.loads((tmp_path / "result.json").read_text("utf-8"))
    assert (saved["emotion"], saved["head"]) == (CLASSES[1], "Calls <b>")
    assert [(other["head"], other["label"]) for other in saved["heads"]] == [("emotions", "angry")]
    other = chromium.new_context(locale="en").new_page()
    visit(other, served.url)
    expect(other.locator("#em-heads option")).to_have_count(1)
    open_tab(other, "Teach")
    expect(other.locator(".em-teach-empty")).to_be_visible()
    other.context.close()


def test_clips_are_labelled_by_hand_and_from_a_result(window: Page, clips: list[Path]):
    report = load_example(window, 1)
    report.locator(".em-wrong summary").click()
    report.locator("[data-own-label]").fill("  hesitant  ")
    report.locator("[data-own-label]").press("Enter")
    expect(window.locator(".em-corrected")).to_have_text("✓ Sent to Teach as “hesitant”.", timeout=PATIENCE)
    open_tab(window, "Teach")
    expect(window.locator(".em-class")).to_have_text(["🏷️hesitant1×"])
    add_material(window, clips[:1], 2)
    expect(window.locator(".em-clip-box h3")).to_contain_text("To be labelled: 1")
    window.locator("[data-new-class]").fill("confident")
    window.locator("[data-new-class]").press("Enter")
    window.locator(".em-clip").get_by_role("button", name="confident").press("Enter")
    expect(window.locator(".em-clip")).to_have_count(0, timeout=PATIENCE)
    expect(window.locator(".em-class .em-number")).to_have_text(["1", "1"])
    expect(teach(window, ".em-problem")).to_contain_text("too few different recordings")
    set_language(window, "中文")
    expect(window.locator("#em-lesson .em-problem")).to_contain_text("录音太少")
    window.locator("[data-drop-class='confident']").click()
    expect(window.locator(".em-class-name")).to_have_text(["待标注", "hesitant"], timeout=PATIENCE)


def test_a_training_can_be_cancelled(window: Page, lesson: Path):
    open_tab(window, "Teach")
    add_material(window, [payload("calls.zip", zipped(lesson))], 12)
    window.locator("#em-teach").click()
    window.locator("#em-lesson [data-cancel]").dispatch_event("click")  # it is drawn anew at every step
    expect(window.locator("#em-teach")).to_be_enabled(timeout=PATIENCE)
    expect(window.locator(".em-learning")).to_have_count(0)
    expect(window.locator(".em-taught")).to_have_count(0)
    expect(window.locator(".em-cancelled")).to_have_text("Cancelled; nothing was changed.")
    expect(window.locator(".em-class .em-number")).to_have_text(["6", "6"])


def test_a_lesson_that_fails_leaves_the_last_head_as_it_is(window: Page, lesson: Path):
    open_tab(window, "Teach")
    window.locator("#em-teach").click()
    expect(window.locator("#em-lesson .em-problem")).to_contain_text("No recording has a label yet")
    broken = {**zipped_names(lesson), f"{CLASSES[0]}/anna/bad one!.ogg": b"no sound"}
    add_material(window, [payload("calls.zip", archive(broken))], 13)
    teach(window)
    expect(window.locator(".em-taught .em-failure")).to_contain_text("'bad one!.ogg'")
    window.locator(f"[data-drop-class='{CLASSES[0]}']").click()
    expect(window.locator(".em-class .em-number")).to_have_text(["7", "6"], timeout=PATIENCE)
    expect(teach(window, ".em-problem")).to_contain_text("There is one class")
    expect(window.locator(".em-taught h2")).to_contain_text("is ready")
    expect(window.locator(".em-taught-files a")).to_have_count(2)


def test_what_a_visitor_brought_goes_with_the_visitor(
    chromium, served, clips: list[Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GRADIO_IS_E2E_TEST", "1")  # a visit ends a second after its page was closed, not an hour
    before = set(served.service.folder.rglob("00001/*"))
    visitor = chromium.new_context(locale="en").new_page()
    visit(visitor, served.url)
    open_tab(visitor, "Teach")
    add_material(visitor, clips[:1], 1)
    (brought,) = set(served.service.folder.rglob("00001/*")) - before
    visitor.context.close()
    deadline = time.monotonic() + PATIENCE / 1000
    while brought.exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not brought.exists()


@pytest.mark.parametrize("window", [{"viewport": {"width": 390, "height": 844}, "locale": "zh-CN"}], indirect=True)
def test_bad_archives_are_one_sentence_on_a_phone(window: Page, clips: list[Path]):
    open_tab(window, "教学")
    window.locator("#em-material input[type=file]").set_input_files(
        [payload("notes.zip", b"no archive"), payload("empty.zip", archive({"notes.txt": b"text"}))]
    )
    problems = window.locator("#em-material .em-voice-problems li")
    expect(problems).to_have_count(2, timeout=PATIENCE)
    expect(problems.nth(0)).to_contain_text("notes.zip 无法解压该压缩包")
    expect(problems.nth(1)).to_contain_text("压缩包中没有录音")
    add_material(window, [payload("a.zip", archive({"x/a.ogg": clips[0].read_bytes()}))], 1)
    assert window.evaluate("document.documentElement.scrollWidth") <= 390


def archive(content: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, value in content.items():
            opened.writestr(name, value)
    return data.getvalue()


def unpacked(data: bytes, folder: Path) -> dict[str, bytes]:
    """Path in the archive → content."""
    (folder / "in.zip").write_bytes(data)
    places = (folder / f"{number}.bin" for number in range(100))
    return {"/".join(one.path): one.file.read_bytes() for one in unpack(folder / "in.zip", lambda name: next(places))}


def test_paths_of_an_archive_lead_nowhere(tmp_path: Path):
    names = (
        "../../evil/a.wav",
        "/etc/b.wav",
        "C:\\x\\c.wav",
        "__MACOSX/d.wav",
        "x/.hidden.wav",
        "x/readme.txt",
        "x/e.wav",
    )
    found = unpacked(archive({name: name.encode() for name in names}), tmp_path)
    assert found == {
        "evil/a.wav": b"../../evil/a.wav",
        "etc/b.wav": b"/etc/b.wav",
        "C:/x/c.wav": b"C:\\x\\c.wav",
        "x/e.wav": b"x/e.wav",
    }


def test_names_written_by_windows_in_china_are_read(tmp_path: Path):
    data = archive({"AAAA/a.wav": b"1"}).replace(b"AAAA/a.wav", "犹豫".encode("gbk") + b"/a.wav")
    assert list(unpacked(data, tmp_path)) == ["犹豫/a.wav"]


@pytest.mark.parametrize(
    ("limit", "value", "sentence"),
    [
        ("MOST_BYTES", 999_999, "would take"),
        ("MOST_CLIPS", 1, "recordings in the archive"),
        ("MOST_ENTRIES", 1, "entries"),
    ],
)
def test_an_archive_that_is_too_much_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, sentence: str
):
    monkeypatch.setattr(archives, limit, value)
    bomb = archive({"a/a.wav": bytes(500_000), "b/b.wav": bytes(500_000)})
    assert len(bomb) < 3_000
    with pytest.raises(EmotoneError, match=sentence):
        unpacked(bomb, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["in.zip"]


def test_an_entry_that_is_longer_than_it_says_is_refused(tmp_path: Path):
    data = bytearray(archive({"a/a.wav": bytes(100_000)}))
    for place in (22, data.rindex(b"PK\x01\x02") + 24):  # the size, in the entry and in the directory
        data[place : place + 4] = struct.pack("<I", 100)
    with pytest.raises(EmotoneError, match="cannot be unpacked"):
        unpacked(bytes(data), tmp_path)
    assert max(file.stat().st_size for file in tmp_path.iterdir()) < 2_000


def test_a_password_is_one_sentence(tmp_path: Path):
    data = bytearray(archive({"a/a.wav": b"x"}))
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(EmotoneError, match="password"):
        unpacked(bytes(data), tmp_path)


def brought(tmp_path: Path, *drops: dict[str, bytes]) -> Workshop:
    """What a visitor has after some archives, one after the other."""
    shelf, workshop = Shelf(tmp_path, lambda path: None), Workshop()
    for number, content in enumerate(drops):
        file = tmp_path / f"{number}.zip"
        file.write_bytes(archive(content))
        workshop.add([Chosen(file.name, file)], shelf)
    return workshop


def test_classes_that_come_one_after_the_other_keep_their_speakers(tmp_path: Path):
    workshop = brought(tmp_path, {"angry/03/a.wav": b"1", "angry/08/b.wav": b"2"}, {"生气/03/c.wav": b"3"})
    assert (workshop.classes, workshop.problems, workshop.speakers) == (["angry", "生气"], (), "folder")
    assert workshop.found_speakers("folder") == ["03", "08"]
    corpora = brought(tmp_path, {"one/angry/a.wav": b"1", "one/sad/b.wav": b"2"}, {"two/angry/c.wav": b"3"})
    assert corpora.counts() == {"angry": 2, "sad": 1}
    assert [problem.text.en[:41] for problem in corpora.problems] == ["The folders in “two” were added to the cl"]
    unclear = brought(tmp_path, {"slow/anna/a.wav": b"1", "slow/ben/b.wav": b"2"}, {"fast/anna/c.wav": b"3"})
    assert unclear.classes == ["anna", "ben"]
    assert "If “fast” is a class itself" in unclear.problems[0].text.en


def test_what_is_too_much_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workshop_module, "MOST_CLASSES", 2)
    monkeypatch.setattr(workshop_module, "MOST_CLIPS", 3)
    full = brought(tmp_path, {"a/1.wav": b"1", "a/2.wav": b"2", "b/1.wav": b"3"})
    assert (full.problems, full.counts()) == ((), {"a": 2, "b": 1})
    more = brought(tmp_path, {"a/1.wav": b"1", "b/1.wav": b"3", "c/1.wav": b"4", "c/2.wav": b"4", "d/1.wav": b"5"})
    (problem,) = more.problems
    assert problem.text.en.startswith("There are more than 2 classes; these were left out: c, d.")
    (problem,) = brought(tmp_path, {f"a/{number}.wav": b"1" for number in range(4)}).problems
    assert problem.text.en.startswith("There are more than 3 recordings")
    assert len(list(more.folder.rglob("*.wav"))) == 2


def test_long_names_of_classes_stay_apart(tmp_path: Path):
    names = ["same " * 14 + end for end in "AB"]
    assert brought(tmp_path, {f"{name}/1.wav": name.encode() for name in names}).classes == names


def test_beginnings_that_are_all_different_are_no_speakers(tmp_path: Path):
    different = brought(tmp_path, {f"a/x{number}_1.wav": b"1" for number in range(4)})
    different.speakers = "name"
    assert different.found_speakers("name") == []
    assert [clip.fields for clip in different.clips()] == [{}] * 4
    nameless = brought(tmp_path, {f"a/{name}.wav": b"1" for name in ("_a", "_b", "x_1", "y_1", "  ")})
    assert nameless.found_speakers("name") == []
    assert sorted(sample.file.name for sample in nameless.samples.values())[-1] == "y_1.wav"
    assert "_.wav" in [sample.file.name for sample in nameless.samples.values()]
    alike = brought(tmp_path, {f"a/x{number // 2}_{number}.wav": b"1" for number in range(4)})
    assert alike.found_speakers("name") == ["x0", "x1"]


def test_the_place_of_a_clip_is_no_speaker(tmp_path: Path):
    clips = brought(tmp_path, {f"{name}/{number}.wav": b"1" for name in "ab" for number in range(10)}).clips()
    split = split_clips(clips, np.array([int(clip.emotion == "b") for clip in clips]), 2)
    assert (split.kind, split.groups) == ("file", 20)


def test_a_workshop_takes_what_it_knows_and_leaves_nothing_behind(model: Recognizer, clips: list[Path], tmp_path: Path):
    shelf = Shelf(tmp_path, lambda path: None)
    sound = clips[0].read_bytes()
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    good.write_bytes(archive({"data/a/anna/1.ogg": sound, "data/b/ben/1.ogg": sound, "data/b/../../x/2.ogg": sound}))
    bad.write_bytes(archive({"a/1.ogg": sound})[:-200])
    private = tmp_path.parent / "private.wav"
    private.write_bytes(b"secret")
    workshop = Workshop()
    workshop.add([Chosen("good.zip", good), Chosen("bad.zip", bad), Chosen("p.wav", private)], shelf)
    assert workshop.classes == ["a", "b"]
    assert workshop.found_speakers("folder") == ["anna", "ben", "x"]
    assert [problem.name for problem in workshop.problems] == ["bad.zip", "p.wav"]
    folder = workshop.folder
    assert folder is not None
    assert sorted(sample.file for sample in workshop.samples.values()) == sorted(folder.glob("*/*"))
    assert all(json.dumps(clip.fields) for clip in workshop.clips())
    workshop.remove(1)
    assert len(list(folder.iterdir())) == 2
    workshop.close()
    assert not folder.exists()
