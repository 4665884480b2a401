"""Signing in with a browser."""

from pathlib import Path

from emotone import Recognizer
from emotone.cli.launching import launch
from emotone.server import Access

KEY = "correct-horse-battery-staple"


def test_a_browser_signs_in_and_works(chromium, model: Recognizer, tmp_path: Path) -> None:
    with launch(model, tmp_path, port=0, access=Access((KEY,))) as served:
        context = chromium.new_context(locale="zh-CN")
        page = context.new_page()
        page.goto(served.url)
        page.get_by_label("密钥").fill("a-wrong-key-of-somebody")
        page.get_by_role("button", name="登录").click()
        assert page.get_by_role("alert").inner_text() == "密钥不正确。"
        page.get_by_label("密钥").fill(KEY)
        page.get_by_role("button", name="登录").click()
        page.wait_for_selector("#em-tabs")
        assert page.url == served.url
        assert page.evaluate("document.cookie") == ""  # no script may read it
        page.reload()
        page.wait_for_selector("#em-tabs")
        context.close()
