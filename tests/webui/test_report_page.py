"""The report of an evaluation in a real browser: wide and narrow, light and dark."""

from datetime import datetime
from pathlib import Path

import pytest

import emotone
from emotone.embeddings import embed_clips
from emotone.evaluation import Report, crowd_of, evaluate, evaluate_twins, report_page
from emotone.manifest import read_manifest
from emotone.text import Language
from emotone.twins import twins


@pytest.fixture(scope="module")
def report(model: emotone.Recognizer, corpus: Path) -> Report:
    embedded = embed_clips(model, read_manifest(corpus))
    result = evaluate(embedded, model.head)
    found = twins(crowd_of(embedded))[-3:]
    robustness = evaluate_twins(model, embedded, result, model.head, found=found)
    return Report("corpus", result, None, datetime(2026, 3, 1), robustness)


@pytest.mark.parametrize("width", [1200, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_is_seen(
    chromium, report: Report, tmp_path: Path, width: int, scheme: str, language: Language
) -> None:
    path = tmp_path / "report.html"
    path.write_text(report_page(report, language), encoding="utf-8")
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    noticed: list[str] = []
    page.on("console", lambda message: noticed.append(message.text))
    page.on("request", lambda made: noticed.append(made.url) if not made.url.startswith("file:") else None)
    page.goto(path.as_uri())
    assert page.title() == ("corpus 评测" if language == "zh" else "Evaluation of corpus")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator(".tile .big").first.inner_text() == f"{report.evaluation.uar.value:.1%}"
    assert page.locator(".confusion tbody tr").count() == 4
    assert page.locator("svg.chart").count() == 2
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 21, 24)"
    assert dark == (scheme == "dark")
    cut = "table => table.getBoundingClientRect().right > innerWidth"
    assert not any(table.evaluate(cut) for table in page.locator("table").all())
    assert noticed == []
    context.close()
