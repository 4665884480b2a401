"""Emotion over time in a real browser: what is visible, what is played, and what the list says."""

import os
from dataclasses import dataclass
from itertools import pairwise

import pytest

if "CI" not in os.environ:
    pytest.importorskip("playwright", reason="needs a browser: pip install playwright, and apt-get install chromium")
from browser import PATIENCE, load_example, set_granularity, set_language
from playwright.sync_api import Locator, Page, expect

PLAYED = "document.querySelector('#em-result audio').currentTime"
PAUSED = "document.querySelector('#em-result audio').paused"


@dataclass
class Stage:
    """The chart of the example with four moods."""

    page: Page

    @property
    def box(self) -> Locator:
        return self.page.locator(".em-stage")

    @property
    def visible(self) -> tuple[float, float]:
        return float(self.box.get_attribute("data-from")), float(self.box.get_attribute("data-to"))

    def button(self, name: str) -> Locator:
        return self.page.locator(f"[data-zoom='{name}']")

    def settle(self, before: tuple[float, float]) -> tuple[float, float]:
        """What is visible once it has changed and stopped changing."""
        self.page.wait_for_function(
            """before => {
                const {from, to} = document.querySelector('.em-stage').dataset, now = `${from} ${to}`, last = window.lastSeen;
                window.lastSeen = now;
                return now !== before && now === last;
            }""",
            arg=f"{before[0]:.3f} {before[1]:.3f}",
            polling=100,
        )
        return self.visible


@pytest.fixture
def stage(window: Page) -> Stage:
    set_granularity(window, "frame")
    load_example(window, 2)
    expect(window.locator(".em-strip button")).not_to_have_count(0)
    return Stage(window)


def test_buttons_wheel_and_keys_zoom(stage: Stage):
    start, end = stage.visible
    assert start == 0
    expect(stage.button("out")).to_be_disabled()
    expect(stage.page.locator(".em-overview")).to_be_hidden()
    stage.button("in").click()
    first = stage.settle((start, end))
    assert first[1] - first[0] == pytest.approx(end / 2, abs=0.01)
    expect(stage.page.locator(".em-overview")).to_be_visible()

    box = stage.box.bounding_box()
    stage.page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 30)
    under = first[0] + (first[1] - first[0]) / 4
    stage.page.keyboard.down("Control")
    stage.page.mouse.wheel(0, -60)
    stage.page.keyboard.up("Control")
    second = stage.settle(first)
    assert second[1] - second[0] < first[1] - first[0]
    still = second[0] + (second[1] - second[0]) / 4
    assert still == pytest.approx(under, abs=0.02)  # what is under the mouse stays there

    for _ in range(8):
        stage.page.locator(".em-playhead").press("+")
    expect(stage.button("in")).to_be_disabled()
    assert stage.visible[1] - stage.visible[0] == pytest.approx(1, abs=0.01)
    stage.page.locator(".em-playhead").press("0")
    assert stage.settle(stage.visible) == (0, pytest.approx(end, abs=0.01))


def test_a_plain_wheel_scrolls_the_page(stage: Stage):
    before = stage.visible
    stage.box.hover(position={"x": 100, "y": 30})
    stage.page.mouse.wheel(0, 200)
    stage.page.wait_for_function("scrollY > 0")
    assert stage.visible == before


def test_dragging_pans_and_plays_nothing(stage: Stage):
    stage.button("in").click()
    before = stage.settle(stage.visible)
    box = stage.box.bounding_box()
    stage.page.mouse.move(box["x"] + 200, box["y"] + 30)
    stage.page.mouse.down()
    stage.page.mouse.move(box["x"] + 200 - box["width"] / 10, box["y"] + 30, steps=4)
    stage.page.mouse.up()
    after = stage.settle(before)
    tenth = (before[1] - before[0]) / 10
    assert after[0] - before[0] == pytest.approx(tenth, rel=0.3)
    assert stage.page.evaluate(PAUSED)
    assert stage.page.evaluate(PLAYED) == 0


def test_a_click_plays_from_there(stage: Stage):
    stage.button("in").click()
    first, last = stage.settle(stage.visible)
    box = stage.box.bounding_box()
    stage.page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 30)
    expect(stage.page.locator("[data-play]")).to_have_attribute("data-playing", "yes", timeout=PATIENCE)
    clicked = first + 0.25 * (last - first)
    stage.page.wait_for_function(f"{PLAYED} > {clicked}", timeout=PATIENCE)
    assert stage.page.evaluate(PLAYED) < clicked + 2
    stage.page.locator("[data-play]").click()
    assert stage.page.evaluate(PAUSED)


def test_the_playhead_is_a_slider_that_says_what_is_there(stage: Stage):
    head = stage.page.get_by_role("slider", name="Position in the recording")
    head.focus()
    for _ in range(4):
        head.press("ArrowRight")
    assert stage.page.evaluate(PLAYED) == pytest.approx(4 * 0.55, abs=0.1)
    label = stage.page.locator(".em-strip button").first.get_attribute("aria-label")
    spoken = head.get_attribute("aria-valuetext")
    assert spoken.startswith("0:02.2, ")
    assert label.split(": ")[1].split(",")[0] in spoken
    head.press("Home")
    assert head.get_attribute("aria-valuetext").endswith("no speech")


def test_what_was_looked_at_stays_when_the_language_changes(stage: Stage):
    stage.button("in").click()
    before = stage.settle(stage.visible)
    stage.page.get_by_text("Strongest first").click()
    set_language(stage.page, "中文")
    expect(stage.page.locator(".em-zooms")).to_have_attribute("aria-label", "缩放")
    assert stage.visible == before
    expect(stage.page.locator("[name=em-order][value=strength]")).to_be_checked()


def test_the_strongest_moments_come_first(stage: Stage):
    numbers = stage.page.locator(".em-segments .em-number")
    in_order = [float(text.rstrip("%")) for text in numbers.all_inner_texts()]
    assert in_order != sorted(in_order, reverse=True)
    stage.page.get_by_text("Strongest first").click()
    assert [float(text.rstrip("%")) for text in numbers.all_inner_texts()] == sorted(in_order, reverse=True)
    strongest = stage.page.locator(".em-segments button").first
    strongest.click()
    expect(strongest).to_have_attribute("data-current", "", timeout=PATIENCE)
    assert stage.page.evaluate(PLAYED) >= float(strongest.get_attribute("data-start"))


def test_areas_fill_the_chart_at_every_moment(stage: Stage):
    stage.button("in").click()
    stage.settle(stage.visible)
    corners = stage.page.evaluate("""() => [...document.querySelectorAll('.em-areas path:not(.em-pause)')].map(
        path => path.getAttribute('d').slice(1, -1).split('L').map(point => point.split(' ').map(Number)))""")
    height = stage.page.locator(".em-areas").bounding_box()["height"]
    half = len(corners[0]) // 2
    assert all(y == pytest.approx(0, abs=0.1) for _, y in corners[-1][:half])  # the top one reaches the upper edge
    assert all(y == pytest.approx(height, abs=0.1) for _, y in corners[0][half:])  # the lowest stands on the axis
    for lower, upper in pairwise(corners):
        assert lower[:half] == upper[half:][::-1]  # one begins where the other ends
    xs = [x for x, _ in corners[0][:half]]
    assert xs == sorted(xs)
    assert xs[0] <= 0
    assert xs[-1] >= stage.page.locator(".em-areas").bounding_box()["width"]


@pytest.mark.parametrize("window", [{"viewport": {"width": 390, "height": 844}, "has_touch": True}], indirect=True)
def test_two_fingers_zoom(stage: Stage):
    before = stage.visible
    stage.page.evaluate("""() => {
        const stage = document.querySelector('.em-stage'), box = stage.getBoundingClientRect();
        stage.setPointerCapture = () => {};
        const touch = (kind, pointerId, x) => stage.dispatchEvent(new PointerEvent(kind, {
            pointerId, pointerType: 'touch', isPrimary: pointerId === 11, bubbles: true,
            clientX: box.left + x, clientY: box.top + 30,
        }));
        touch('pointerdown', 11, 140); touch('pointerdown', 12, 200);
        touch('pointermove', 12, 220); touch('pointermove', 12, 260);
        touch('pointerup', 12, 260); touch('pointerup', 11, 140);
    }""")
    after = stage.settle(before)
    assert after[1] - after[0] == pytest.approx((before[1] - before[0]) / 2, rel=0.05)
