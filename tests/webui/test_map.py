"""The map in a real browser: what is drawn, chosen, exported and heard."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

import emotone
from emotone.atlas import Atlas, AtlasOptions, Column, make_atlas, map_page
from emotone.cluster import Clusters, Suggestion
from emotone.labels import LABELS
from emotone.manifest import read_manifest
from emotone.rows import Row, schema_of, table_of

GROUPS = ("angry", "happy", "sad")
MIDDLES = np.array([[-0.6, -0.5], [0.6, -0.4], [0.0, 0.6]])
SQUARE = [(1, 1), (-1, 1), (-1, -1), (1, -1)]  # begins far from the buttons


def drawn_atlas(count: int, *, files: list[str] | None = None, segments: bool = False) -> Atlas:
    """Points in three groups around `MIDDLES`; every tenth is doubted, every fiftieth is strange."""
    random = np.random.default_rng(1)
    group = np.arange(count) % 3
    places = (MIDDLES[group] + random.uniform(-0.2, 0.2, (count, 2))).astype(np.float32)
    labels = [GROUPS[number] for number in group]
    columns = (
        Column("label", labels),
        Column("emotion", labels),
        Column("speaker", [f'the "{row % 7}", or' if row % 5 else None for row in range(count)]),
        Column("age", [], random.uniform(20, 60, count).astype(np.float32)),
        Column("unknown", [], np.zeros(count, np.float32), scored=True),
    )
    start = np.arange(count, dtype=np.float32) if segments else np.zeros(count, np.float32)
    return Atlas(
        files or [f"/nowhere/speech {row}.wav" for row in range(count)],
        start,
        start + 2,
        not segments,
        places,
        columns,
        "emotion",
        Clusters("kmeans", group.astype(np.int64), 0.5, 1.0),
        (0, 1, 2),
        tuple(Suggestion(row, "fearful", 0.8) for row in range(0, count, 10)),
        tuple(range(0, count, 50)),
    )


@pytest.fixture
def opened(chromium, tmp_path: Path) -> Iterator:  # type: ignore[no-untyped-def,type-arg]
    """Opens a map in a window; at the end there was no error, and no request but for files of this computer."""
    noticed: list[str] = []
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en", accept_downloads=True)
    page = context.new_page()
    page.on("pageerror", lambda error: noticed.append(str(error)))
    page.on("request", lambda made: noticed.append(made.url) if not made.url.startswith(("file:", "blob:")) else None)

    def open_map(atlas: Atlas, language="en", audio: str | None = None):  # type: ignore[no-untyped-def]
        path = tmp_path / "map.html"
        path.write_text(map_page(atlas, "calls </script>", language, audio=audio), encoding="utf-8")
        page.goto(path.as_uri())
        page.wait_for_function("document.getElementById('points').dataset.paintMs")
        return page

    yield open_map
    context.close()
    assert noticed == []


def screen(page, rows: list[int]) -> list[tuple[float, float]]:  # type: ignore[no-untyped-def]
    box = page.locator("#points").bounding_box()
    found = page.evaluate("rows => rows.map(row => document.getElementById('points').whereIs(row))", rows)
    return [(box["x"] + x, box["y"] + y) for x, y in found]


def lasso(page, line: list[tuple[float, float]]) -> None:  # type: ignore[no-untyped-def]
    page.mouse.move(*line[0])
    page.mouse.down()
    for point in [*line[1:], line[0]]:
        page.mouse.move(*point, steps=4)
    page.mouse.up()


def around(page, rows: list[int], margin: float = 8) -> list[tuple[float, float]]:  # type: ignore[no-untyped-def]
    points = np.array(screen(page, rows))
    middle, reach = (points.max(0) + points.min(0)) / 2, (points.max(0) - points.min(0)) / 2 + margin
    return [tuple(middle + reach * corner) for corner in SQUARE]


def exported(page, button: str = "#export") -> list[dict[str, str]]:  # type: ignore[no-untyped-def]
    with page.expect_download() as download:
        page.locator(button).click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def colored_pixels(page) -> int:  # type: ignore[no-untyped-def]
    """Pixels that are not of the ground."""
    return page.evaluate(
        "() => { const c = document.getElementById('points'), d = new Uint32Array(c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data.buffer); let n = 0; for (const p of d) if (p !== d[0]) n++; return n; }"
    )


def test_the_lasso_takes_what_is_inside(opened) -> None:  # type: ignore[no-untyped-def]
    page = opened(drawn_atlas(300))
    page.locator("#lasso").click()
    happy = list(range(1, 300, 3))
    lasso(page, around(page, happy))
    assert page.locator("#selected").inner_text() == "100 selected"
    rows = exported(page)
    assert {row["file"] for row in rows} == {f"/nowhere/speech {row}.wav" for row in happy}
    assert {row["emotion"] for row in rows} == {"happy"}
    assert rows[0]["speaker"] == 'the "1", or'
    assert {row["suggested"] for row in rows} == {"", "fearful"}
    assert list(rows[0]) == ["file", "emotion", "suggested", "heard", "cluster", "speaker", "age"]
    page.locator("#points").press("Escape")
    assert page.locator("#selected").inner_text() == "0 selected"


def test_an_export_is_a_manifest(opened, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    page = opened(drawn_atlas(60))
    page.locator("#doubted").click()
    with page.expect_download() as download:
        page.locator("#export").click()
    download.value.save_as(tmp_path / "selection.csv")
    clips = read_manifest(tmp_path / "selection.csv")
    assert [clip.file for clip in clips] == [Path(f"/nowhere/speech {row}.wav") for row in range(0, 60, 10)]
    assert [clip.emotion for clip in clips] == [GROUPS[row % 3] for row in range(0, 60, 10)]
    assert {clip.fields["suggested"] for clip in clips} == {"fearful"}


def test_segments_are_exported_as_their_recordings_and_with_their_times(opened) -> None:  # type: ignore[no-untyped-def]
    files = ["/nowhere/one.wav"] * 6 + ["/nowhere/two.wav"] * 3
    page = opened(drawn_atlas(9, files=files, segments=True))
    assert page.locator("#facts").inner_text().startswith("9 segments of 2 recordings")
    page.locator("#lasso").click()
    lasso(page, around(page, list(range(9))))
    assert [row["file"] for row in exported(page)] == ["/nowhere/one.wav", "/nowhere/two.wav"]
    times = exported(page, "#export-times")
    assert [(row["file"], row["start"], row["end"]) for row in times[-2:]] == [
        ("/nowhere/two.wav", "7.000", "9.000"),
        ("/nowhere/two.wav", "8.000", "10.000"),
    ]


def test_names_that_are_equal_are_different_recordings(opened) -> None:  # type: ignore[no-untyped-def]
    files = ["/anna/1.wav", "/anna/1.wav", "/bo/1.wav", "/bo/2.wav", "/bo/1.wav", "/bo/1.wav"]
    atlas = replace(drawn_atlas(6, files=files, segments=True), ids=[f"id {row}" for row in range(6)])
    page = opened(atlas, audio="sound?id=")
    assert page.locator("#facts").inner_text().startswith("6 segments of 3 recordings")
    page.locator("#lasso").click()
    lasso(page, around(page, list(range(6))))
    assert [(row["file"], row["id"]) for row in exported(page)] == [
        ("1.wav", "id 0"),
        ("1.wav", "id 2"),
        ("2.wav", "id 3"),
    ]
    assert [row["id"] for row in exported(page, "#export-times")] == list(atlas.ids)
    assert "anna" not in page.content()


def test_shift_draws_and_the_legend_restricts(opened) -> None:  # type: ignore[no-untyped-def]
    page = opened(drawn_atlas(300))
    everything = around(page, list(range(300)))
    before = colored_pixels(page)
    page.locator("#legend button").nth(2).click()
    assert [button.get_attribute("aria-pressed") for button in page.locator("#legend button").all()] == [
        "false",
        "false",
        "true",
    ]
    page.keyboard.down("Shift")
    lasso(page, everything)
    page.keyboard.up("Shift")
    assert page.locator("#selected").inner_text() == "100 selected"
    assert {row["emotion"] for row in exported(page)} == {"sad"}
    page.locator("#legend button").nth(2).click()
    page.locator("#clear").click()
    page.wait_for_timeout(200)
    assert colored_pixels(page) == before


def test_what_is_odd_is_one_click_away(opened) -> None:  # type: ignore[no-untyped-def]
    page = opened(drawn_atlas(300))
    assert page.locator("#doubted b").inner_text() == "30"
    assert page.locator("#strange b").inner_text() == "6"
    page.locator("#strange").click()
    assert page.locator("#rows li").count() == 6
    page.locator("#doubted").click()
    assert page.locator("#selected").inner_text() == "30 selected"
    assert "→ fearful (80%)" in page.locator("#rows small").first.inner_text()
    page.locator("#doubted").click()
    assert page.locator("#selected").inner_text() == "0 selected"


def test_a_hundred_thousand_points(opened) -> None:  # type: ignore[no-untyped-def]
    page = opened(drawn_atlas(100_000))
    assert page.locator("#facts").inner_text().startswith("100,000 recordings")
    assert colored_pixels(page) > 50_000
    before = page.locator("#points").evaluate("canvas => canvas.toDataURL()")
    page.locator("#points").press("+")
    page.wait_for_function("before => document.getElementById('points').toDataURL() !== before", arg=before)
    page.locator("#points").press("0")
    page.wait_for_function("before => document.getElementById('points').toDataURL() === before", arg=before)
    page.locator("#lasso").click()
    lasso(page, around(page, [0, 3, 6, 9, 12, *range(0, 3000, 3)]))
    count = int(page.locator("#selected").inner_text().split()[0].replace(",", ""))
    assert 33_000 < count <= 33_334
    assert page.locator("#rows li").count() == 200
    assert page.locator("#more").inner_text() == f"and {count - 200:,} more"


def test_hovering_tells_and_clicking_plays(opened, clips: list[Path]) -> None:  # type: ignore[no-untyped-def]
    files = [clips[0].as_posix(), "s3://archive/two.wav", "/nowhere/three.wav"]
    page = opened(drawn_atlas(3, files=files))
    heard, remote, lost = screen(page, [0, 1, 2])
    page.mouse.move(*heard)
    assert page.locator("#tip strong").inner_text() == clips[0].name
    assert "😠 Angry" in page.locator("#tip").inner_text()
    page.mouse.click(*heard)
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0.1")
    assert page.locator("#unreachable").is_hidden()
    page.locator("#pause").click()
    assert page.evaluate("document.querySelector('audio').paused")
    for place, path in ((remote, files[1]), (lost, files[2])):
        page.mouse.click(*place)
        page.locator("#unreachable code").wait_for()
        page.wait_for_function("path => document.querySelector('#unreachable code').textContent === path", arg=path)


@pytest.mark.parametrize("width", [1280, 360])
def test_languages_and_colours(opened, width: int) -> None:  # type: ignore[no-untyped-def]
    page = opened(drawn_atlas(30), "zh")
    page.set_viewport_size({"width": width, "height": 800})
    assert page.title() == "calls </script> 的地图"
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    page.locator("#language").click()
    assert page.title() == page.locator("h1").inner_text() == "Map of calls </script>"
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != ground
    page.locator("#color").select_option("age")
    assert page.locator("#legend .scale").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_map_of_real_recordings(model: emotone.Recognizer, corpus: Path, tmp_path: Path) -> None:
    rows = []
    for clip in read_manifest(corpus):
        heard = model.predict(clip.file)
        vector = model.embed(clip.file)
        rows.append(
            Row(
                clip.file.name,
                heard.source.sha256,
                0.0,
                heard.duration,
                heard.duration,
                heard.label,
                heard.confidence,
                heard.scores,
                embedding=vector,
                metadata={"emotion": clip.emotion, **clip.fields},
            )
        )
    names = list(dict.fromkeys(name for row in rows for name in row.metadata))
    table = table_of([*rows, Row("x.wav", "0", 0, 1, 1, "sad", 1.0, {})], schema_of(LABELS, names, dim=model.info.dim))
    parquet.write_table(table, tmp_path / "rows.parquet")
    atlas = make_atlas(parquet.read_table(tmp_path / "rows.parquet"), AtlasOptions(folder=corpus))
    assert (len(atlas), atlas.dropped, atlas.named, atlas.whole) == (8, 1, "emotion", True)
    assert list(atlas.files) == [clip.file.as_posix() for clip in read_manifest(corpus)]
    assert [column.name for column in atlas.columns][:5] == ["label", "emotion", "speaker", "sex", "language"]
    assert np.isfinite(atlas.places).all()
    assert "happy_08.wav" in map_page(atlas, "corpus", "en")
