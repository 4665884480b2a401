"""The description of the API in a real browser, behind the page's rules of what may be loaded."""

import os

import pytest

if "CI" not in os.environ:
    pytest.importorskip("playwright", reason="needs a browser: pip install playwright, and apt-get install chromium")
from browser import PATIENCE
from playwright.sync_api import Page, expect

from emotone.server import Served


def test_the_api_is_described_without_other_hosts(window: Page, served: Served):
    window.goto(f"{served.url}docs")
    expect(window.locator(".opblock-summary-path").first).to_be_visible(timeout=PATIENCE)
    paths = [text.replace("\u200b", "") for text in window.locator(".opblock-summary-path").all_inner_texts()]
    assert {"/v1/predict", "/v1/timeline", "/v1/embed", "/v1/models", "/healthz"} <= set(paths)
    window.locator("#operations-recordings-predict_v1_predict_post .opblock-summary-control").click()
    expect(window.locator("#operations-recordings-predict_v1_predict_post .opblock-body")).to_contain_text("speech.wav")
