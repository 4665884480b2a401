"""The tab of the archive in a real browser, on a store of real recordings."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

import emotone
from emotone.cli.launching import launch
from emotone.manifest import read_manifest
from emotone.rows import Row
from emotone.server import Served

pytest.importorskip("lancedb")


@pytest.fixture(scope="module")
def archive(model: emotone.Recognizer, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose store has the eight recordings."""
    from emotone.store import EmbeddingStore

    store = EmbeddingStore(tmp_path_factory.mktemp("archive") / "store", model.info)
    rows = []
    for clip in read_manifest(corpus):
        said = model.predict(clip.file)
        rows.append(
            Row(
                str(clip.file),
                said.source.sha256,
                0.0,
                said.duration,
                said.duration,
                said.label,
                said.confidence,
                said.scores,
                embedding=model.embed(clip.file),
                metadata={"emotion": clip.emotion, "speaker": clip.fields["speaker"]},
            )
        )
    store.add(rows)
    with launch(model, None, port=0, store=store) as served:
        yield served


@pytest.fixture
def tab(chromium, archive: Served) -> Iterator:  # type: ignore[no-untyped-def,type-arg]
    """The tab in English; at the end there was no error in the console, and no request to another host."""
    from browser import PATIENCE, open_tab, visit

    noticed: list[str] = []
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en", accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on(
        "console",
        lambda message: noticed.append(message.text) if message.type == "error" and "422" not in message.text else None,
    )
    page.on("pageerror", lambda error: noticed.append(str(error)))
    page.on(
        "request",
        lambda made: None if made.url.startswith((archive.url, "data:", "blob:")) else noticed.append(made.url),
    )
    visit(page, archive.url)
    open_tab(page, "Archive")
    yield page
    context.close()
    assert noticed == []


def test_a_stretch_finds_what_sounds_like_it(tab, corpus: Path) -> None:  # type: ignore[no-untyped-def]
    tab.locator("#em-archive input[type=file]").set_input_files(corpus / "angry_06.wav")
    wave = tab.locator(".em-archive-wave")
    wave.wait_for()
    box = wave.bounding_box()
    tab.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 20)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 20, steps=4)
    tab.mouse.up()
    start, end = (float(tab.locator(f"[data-seconds={name}]").input_value()) for name in ("start", "end"))
    length = emotone.load_audio(corpus / "angry_06.wav").duration
    assert (start, end) == pytest.approx((0.25 * length, 0.75 * length), abs=0.1)
    tab.locator("[data-search]").click()
    tab.locator(".em-archive-list li").first.wait_for()
    names = [name.inner_text() for name in tab.locator(".em-archive-what strong").all()]
    assert len(names) == 8
    assert names[0].startswith("angry_06")
    tab.locator("[data-hear]").first.click()
    tab.locator("[data-hear][data-on]").wait_for()


def test_conditions_and_more_like_this(tab, corpus: Path) -> None:  # type: ignore[no-untyped-def]
    tab.locator("#em-archive input[type=file]").set_input_files(corpus / "sad_06.wav")
    tab.locator("[data-where]").fill("speaker!=08, emotion=sad")
    tab.locator("[data-search]").click()
    tab.locator(".em-archive-list li").first.wait_for()
    assert {name.inner_text() for name in tab.locator(".em-archive-what strong").all()} == {
        "sad_06.wav",
        "sad_06_2.wav",
    }
    first = tab.locator(".em-archive-what strong").first.inner_text()
    tab.locator(".em-archive-list button.em-link").first.click()
    tab.locator("h2", has_text=f"Like {first} · 1 found").wait_for()


def test_the_map_plays_and_exports_names_without_paths(tab, archive: Served, corpus: Path) -> None:  # type: ignore[no-untyped-def]
    tab.locator("[data-map]").click()
    inner = tab.frame_locator(".em-archive-map")
    inner.locator("#points[data-paint-ms]").wait_for()
    assert inner.locator("#facts").inner_text().startswith("8 recordings")
    said = tab.request.get(f"{archive.url.rstrip('/')}/v1/store/map").text()
    assert "happy_08.wav" in said
    assert corpus.name not in said
    inner.locator("#find").fill("angry")
    inner.locator("#find").press("Enter")
    assert inner.locator("#selected").inner_text() == "3 selected"
    with tab.expect_download() as download:
        inner.locator("#export").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert {row["file"] for row in csv.DictReader(io.StringIO(text))} == {
        "angry_06.wav",
        "angry_06_2.wav",
        "angry_06_3.wav",
    }
    inner.locator("#rows .play").first.click()
    inner.locator("#pause[data-on]").wait_for()
    assert inner.locator("#unreachable").is_hidden()


def test_the_tab_speaks_chinese_and_what_was_found_stays(tab, corpus: Path) -> None:  # type: ignore[no-untyped-def]
    from browser import set_language

    tab.locator("#em-archive input[type=file]").set_input_files(corpus / "happy_08.wav")
    tab.locator("[data-search]").click()
    tab.locator(".em-archive-list li").first.wait_for()
    set_language(tab, "中文")
    tab.locator("h2", has_text="与 happy_08.wav 相似 · 找到 8 个").wait_for()
    assert tab.get_by_role("tab", name="录音库").is_visible()


def test_a_condition_that_does_not_fit_is_explained(tab, corpus: Path) -> None:  # type: ignore[no-untyped-def]
    tab.locator("#em-archive input[type=file]").set_input_files(corpus / "happy_08.wav")
    tab.locator("[data-where]").fill("colour=red")
    with tab.expect_response(lambda answer: "store/search" in answer.url) as answer:
        tab.locator("[data-search]").click()
    assert answer.value.status >= 400
    assert "colour" in tab.locator("#em-archive [role=alert]").inner_text()


def test_without_a_store_there_is_no_tab(window) -> None:  # type: ignore[no-untyped-def]
    assert window.get_by_role("tab", name="Teach").is_visible()
    assert window.get_by_role("tab", name="Archive").count() == 0
