"""The tab that listens to the microphone: its parts, what happens when something is saved, and the wiring."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from ..errors import EmotoneError
from ..heads import check_head
from ..library import START, Library
from ..markup import Html
from ..text import Language
from . import controls, live_view, render
from .actions import uploaded
from .analysis import Chosen, Outcome, Problem, Report, Settings, analyse
from .own_heads import OwnHeads
from .parts import Update, html, on, work
from .recognize_tab import Panel, Visit
from .shelf import Shelf


@dataclass(frozen=True, slots=True)
class LivePanel:
    """What the tab is made of."""

    frame: gr.HTML
    saved: gr.HTML


def build(library: Library, language: Language) -> LivePanel:
    """The stage, and below it what was saved."""
    scripts = ("live/curve.js", "live/stream.js", "live/live.js")
    head = OwnHeads.of(library).head
    frame = html(live_view.frame(_labels(library), head, language), "em-live", *scripts)
    saved = html(live_view.saved(None, language), "em-live-saved", "live/saved.js")
    return LivePanel(frame, saved)


def wire(
    panel: LivePanel,
    library: Library,
    outputs: Path | None,
    shelf: Shelf,
    language: gr.Radio,
    recognize: Panel,
    visit: Visit,
) -> gr.State:
    """Connects the parts; the labels are those of the other tab. Returns what was saved last."""
    last, used = gr.State(None), gr.State(OwnHeads())

    def begin(own: OwnHeads) -> tuple[OwnHeads, None, Html]:
        return own, None, Html()

    def save(to: Language, own: OwnHeads, event: gr.EventData) -> Iterator[tuple[Report | Problem | Update, Html]]:
        """Analyses a recording as the other tab does, so that what is saved is what it would say."""
        settings = Settings("frame", embedding=True, own=bool(event.adapt), head=own.head)
        try:
            recognizer = library.recognizer(str(event.model))
            if own.head is not None:
                check_head(own.head, recognizer.info)
        except EmotoneError as error:
            problem = Problem("", error.text)
            yield problem, live_view.saved(problem, to)
            return
        for chosen in uploaded(event)[:1]:
            for stage in analyse(recognizer, chosen, settings, outputs, shelf):
                if isinstance(stage, tuple):
                    yield gr.skip(), live_view.saving(stage, to)
                else:
                    yield stage, live_view.saved(stage, to)

    def show(to: Language, own: OwnHeads) -> Html:
        return live_view.frame(_labels(library), own.head, to)

    def translate(to: Language, own: OwnHeads, result: Report | Problem | None) -> tuple[Html, Html]:
        return show(to, own), live_view.saved(result, to)

    on(panel.frame.begin, begin, visit.heads, [used, last, panel.saved])
    work(panel.frame.save, save, [language, used], [last, panel.saved])
    on(recognize.heads.change, show, [language, visit.heads], panel.frame)
    on(language.change, translate, [language, visit.heads, last], [panel.frame, panel.saved])
    return last


def wire_opening(
    panel: LivePanel, last: gr.State, language: gr.Radio, recognize: Panel, visit: Visit, tabs: gr.Tabs
) -> None:
    """Connects "open in Recognize" with the other tab: it shows the result, and has the recording chosen."""

    def open_saved(result: Report | Problem | None, to: Language) -> tuple[Any, ...]:
        if not isinstance(result, Report):
            return (gr.skip(),) * 7
        outcome, chosen = Outcome((result,)), (Chosen(result.name, result.path),)
        return (
            chosen,
            controls.picker(chosen, to),
            outcome,
            render.outcome(outcome, to),
            gr.update(value="frame"),
            gr.update(value="itself" if result.own else "voice"),
            gr.update(selected="recognize"),
        )

    parts = [
        visit.chosen,
        recognize.picker,
        visit.shown,
        recognize.result,
        recognize.granularity,
        recognize.compare,
        tabs,
    ]
    on(panel.saved.open_saved, open_saved, [last, language], parts)


def _labels(library: Library) -> tuple[str, ...]:
    return library.recognizer(START).info.labels
