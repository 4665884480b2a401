"""The tab that recognises: its parts, and the wiring between them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from ..library import START, Library
from ..markup import Html
from ..text import Language
from ..types import TimelineOptions
from . import controls, menu, render, teach_tab, texts, voice_panel
from .actions import Actions
from .analysis import Outcome, Report
from .own_heads import OwnHeads
from .parts import Update, html, on, on_each, work
from .shelf import Shelf
from .talkers import Talkers, turns_panel
from .voice import Hearings, Voice
from .workshop import Workshop


@dataclass(frozen=True, slots=True)
class Panel:
    """Both sides of the tab."""

    picker: gr.HTML
    menu: gr.HTML
    card: gr.HTML
    heads: gr.HTML
    granularity: gr.Radio
    timeline: gr.Accordion
    window: gr.Slider
    hop: gr.Slider
    talking: gr.Accordion
    talkers: gr.Radio
    turns: gr.HTML
    comparing: gr.Accordion
    compare: gr.Radio
    voice: gr.HTML
    abstain: gr.Checkbox
    embedding: gr.Checkbox
    button: gr.Button
    result: gr.HTML
    exported: gr.HTML


@dataclass(frozen=True, slots=True)
class Visit:
    """What belongs to one visitor."""

    chosen: gr.State
    shown: gr.State
    model: gr.State
    voice: gr.State
    hearings: gr.State
    heads: gr.State
    turns: gr.State


def build(library: Library, language: Language) -> Panel:
    """Settings on the left, the result on the right."""
    with gr.Row(elem_classes="em-main"):
        with gr.Column(elem_classes="em-left", min_width=0):
            picker = html(controls.picker((), language), "em-picker", "upload.js", "picker.js")
            with gr.Column(elem_id="em-models", min_width=0):
                choices = library.choices()
                choice = html(menu.menu(choices, START, language), "em-menu", "menu.js")
                card = html(menu.card(choices, START, library.fetches is not None, 0, language), "em-card", "card.js")
            heads = html(menu.head_menu(OwnHeads.of(library), language), "em-heads", "upload.js", "heads.js")
            granularity = gr.Radio(
                _granularities(language),
                value="utterance",
                label=texts.GRANULARITY.to(language),
                elem_id="em-granularity",
            )
            timeline, window, hop = _timeline(language)
            talking, talkers, turns = _talkers(language)
            comparing, compare, voice = _comparison(language)
            abstain = gr.Checkbox(False, label=texts.ABSTAIN.to(language), elem_id="em-abstain", container=False)
            embedding = gr.Checkbox(
                False, label=texts.EXPORT_EMBEDDING.to(language), elem_id="em-embedding", container=False
            )
            button = gr.Button(texts.RECOGNIZE.to(language), variant="primary", size="lg", elem_id="em-recognize")
        with gr.Column(elem_classes="em-right", min_width=0):
            result = html(render.empty(language), "em-result", "chart.js", "zoom.js", "result.js")
            exported = html(render.exported(None, language), "em-exported", "exported.js")
    return Panel(
        picker,
        choice,
        card,
        heads,
        granularity,
        timeline,
        window,
        hop,
        talking,
        talkers,
        turns,
        comparing,
        compare,
        voice,
        abstain,
        embedding,
        button,
        result,
        exported,
    )


def _timeline(language: Language) -> tuple[gr.Accordion, gr.Slider, gr.Slider]:
    defaults = TimelineOptions()
    with gr.Accordion(
        texts.TIMELINE_OPTIONS.to(language), open=False, visible=False, elem_id="em-timeline"
    ) as timeline:
        window = gr.Slider(
            1.0,
            10.0,
            defaults.window,
            step=0.5,
            label=texts.WINDOW.to(language),
            info=texts.WINDOW_INFO.to(language),
            elem_id="em-window",
        )
        hop = gr.Slider(
            0.1,
            3.0,
            defaults.hop,
            step=0.1,
            label=texts.HOP.to(language),
            info=texts.HOP_INFO.to(language),
            elem_id="em-hop",
        )
    return timeline, window, hop


def _talkers(language: Language) -> tuple[gr.Accordion, gr.Radio, gr.HTML]:
    with gr.Accordion(texts.TALKERS.to(language), open=False, visible=False, elem_id="em-talking") as talking:
        talkers = gr.Radio(
            _told_apart(language), value="together", show_label=False, container=False, elem_id="em-talkers"
        )
        turns = html(turns_panel(Talkers(), language), "em-turns", "upload.js", "turns.js")
    return talking, talkers, turns


def _comparison(language: Language) -> tuple[gr.Accordion, gr.Radio, gr.HTML]:
    with gr.Accordion(texts.VOICE.to(language), open=False, elem_id="em-comparing") as comparing:
        compare = gr.Radio(
            _compared(language),
            value="voice",
            label=texts.COMPARE_WITH.to(language),
            info=texts.ITSELF_HINT.to(language),
            elem_id="em-compare",
            visible=False,
        )
        voice = html(voice_panel.voice_panel(Voice(), language), "em-voice", "upload.js", "voice.js")
    return comparing, compare, voice


def _granularities(language: Language) -> list[tuple[str, str]]:
    return [(texts.UTTERANCE.to(language), "utterance"), (texts.FRAME.to(language), "frame")]


def _told_apart(language: Language) -> list[tuple[str, str]]:
    choices = (("together", texts.TOGETHER), ("channels", texts.BY_CHANNEL), ("turns", texts.BY_TURNS))
    return [(text.to(language), name) for name, text in choices]


def _compared(language: Language) -> list[tuple[str, str]]:
    return [(texts.WITH_VOICE.to(language), "voice"), (texts.WITH_ITSELF.to(language), "itself")]


def wire(panel: Panel, library: Library, outputs: Path | None, shelf: Shelf, language: gr.Radio, greeted: Any) -> Visit:
    """Connects the parts. Returns what belongs to a visitor."""
    actions = Actions(library, outputs, shelf)
    visit = Visit(
        gr.State(()),
        gr.State(None),
        gr.State(START),
        gr.State(Voice()),
        gr.State(Hearings()),
        gr.State(OwnHeads.of(library)),
        gr.State(Talkers()),
    )
    on(greeted.then, actions.card, [visit.model, language], panel.card)
    on(panel.picker.choose, actions.choose, language, [visit.chosen, panel.picker])
    on(panel.picker.discard, actions.discard, [visit.chosen, language], [visit.chosen, panel.picker])
    on(panel.result.open_result, actions.open_result, [visit.shown, language], [visit.shown, panel.result])
    on_each(panel.result.export, actions.export, [visit.shown, language], panel.exported)
    _wire_turns(panel, actions, visit, language)
    _wire_models(panel, actions, visit, language)
    _wire_granularity(panel)
    _wire_voice(panel, actions, visit, language)
    _wire_language(panel, actions, visit, language)
    _wire_recognition(panel, actions, visit, language)
    return visit


def wire_correction(
    panel: Panel, visit: Visit, shelf: Shelf, language: gr.Radio, workshop: gr.State, shown: list[Any]
) -> None:
    """Connects "this is wrong" with the other tab, whose parts are drawn anew."""

    def correct(
        outcome: Outcome | None, workshop: Workshop, to: Language, event: gr.EventData
    ) -> tuple[Outcome | None, Html, Workshop, Html, Html, Update]:
        place = (outcome.opened or 0) if outcome else 0
        report = outcome.reports[place] if outcome else None
        if outcome and isinstance(report, Report) and workshop.learn_from(report, str(event.label), shelf):
            outcome = replace(outcome, corrected={**outcome.corrected, place: str(event.label)})
        return outcome, render.outcome(outcome, to), *teach_tab.drawn(workshop, to)

    on(panel.result.correct, correct, [visit.shown, workshop, language], [visit.shown, panel.result, workshop, *shown])


def _wire_models(panel: Panel, actions: Actions, visit: Visit, language: gr.Radio) -> None:
    known, shown = [visit.voice, visit.hearings, visit.model, language], [visit.voice, panel.voice, panel.comparing]
    for choosing in (panel.menu.choose, panel.card.choose):
        chosen = on(choosing, actions.choose_model, language, [visit.model, panel.card])
        heard = work(chosen.then, actions.hear, known, panel.voice)
        on(heard.then, actions.settle_voice, known, shown)
    on(panel.card.look, actions.card, [visit.model, language], panel.card)
    on(panel.card.changed, actions.menu, [visit.model, language], panel.menu)
    on(panel.card.fetch, actions.fetch, [visit.model, language], panel.card)
    on(panel.card.cancel, actions.cancel, [visit.model, language], panel.card)
    on(panel.heads.choose, actions.choose_head, [visit.heads, language], [visit.heads, panel.heads])
    on(panel.heads.open_head, actions.load_head, [visit.heads, language], [visit.heads, panel.heads])


def _wire_turns(panel: Panel, actions: Actions, visit: Visit, language: gr.Radio) -> None:
    shown = [visit.turns, panel.turns, panel.talkers]
    on(panel.turns.choose, actions.load_turns, [visit.chosen, language], shown)
    on(panel.turns.discard, actions.forget_turns, language, shown)


def _wire_granularity(panel: Panel) -> None:
    def show(granularity: str, compare: str) -> tuple[Update, ...]:
        frame = granularity == "frame"
        itself = frame and compare == "itself"
        timed = gr.update(visible=frame)
        return timed, timed, timed, gr.update(visible="hidden" if itself else True)

    for changed in (panel.granularity.change, panel.compare.change):
        on(
            changed,
            show,
            [panel.granularity, panel.compare],
            [panel.timeline, panel.talking, panel.compare, panel.voice],
        )


def _wire_voice(panel: Panel, actions: Actions, visit: Visit, language: gr.Radio) -> None:
    shown = [visit.voice, panel.voice, panel.comparing, visit.hearings]
    known = [visit.voice, visit.hearings, visit.model, language]
    for changed in (
        on(panel.voice.choose, actions.add_to_voice, [visit.voice, visit.hearings, language], shown),
        on(panel.voice.discard, actions.discard_from_voice, [visit.voice, language], shown[:-1]),
    ):
        heard = work(changed.then, actions.hear, known, panel.voice)
        on(heard.then, actions.settle_voice, known, shown[:-1])


def _wire_recognition(panel: Panel, actions: Actions, visit: Visit, language: gr.Radio) -> None:
    example = on(panel.picker.example, actions.choose_example, language, [visit.chosen, panel.picker])
    controls_of: list[Any] = [panel.granularity, panel.window, panel.hop, panel.embedding, panel.compare, panel.abstain]
    settings = [*controls_of, panel.talkers, visit.turns]
    known = [visit.voice, visit.hearings, visit.model, language]
    for trigger in (panel.button.click, example.then):
        begun = on(trigger, actions.begin, [visit.chosen, language], [panel.result, panel.button])
        done = work(
            begun.then, actions.recognize, [visit.chosen, *known, visit.heads, *settings], [visit.shown, panel.result]
        )
        finished = on(done.then, actions.finish, [visit.shown, language], [panel.result, panel.button])
        on(finished.then, actions.settle_voice, known, [visit.voice, panel.voice, panel.comparing])


def _wire_language(panel: Panel, actions: Actions, visit: Visit, language: gr.Radio) -> None:
    def translate(
        to: Language, picked: Any, used: str, own: OwnHeads, voice: Voice, talkers: Talkers, outcome: Any
    ) -> tuple[Html | Update, ...]:
        return (
            controls.picker(picked, to),
            actions.menu(used, to),
            actions.card(used, to),
            menu.head_menu(own, to),
            gr.update(choices=_granularities(to), label=texts.GRANULARITY.to(to)),
            gr.update(label=texts.TIMELINE_OPTIONS.to(to)),
            gr.update(label=texts.WINDOW.to(to), info=texts.WINDOW_INFO.to(to)),
            gr.update(label=texts.HOP.to(to), info=texts.HOP_INFO.to(to)),
            gr.update(label=texts.TALKERS.to(to)),
            gr.update(choices=_told_apart(to)),
            turns_panel(talkers, to),
            gr.update(label=voice_panel.heading(voice, to)),
            gr.update(choices=_compared(to), label=texts.COMPARE_WITH.to(to), info=texts.ITSELF_HINT.to(to)),
            voice_panel.voice_panel(voice, to),
            gr.update(label=texts.ABSTAIN.to(to)),
            gr.update(label=texts.EXPORT_EMBEDDING.to(to)),
            gr.update(value=texts.RECOGNIZE.to(to)),
            render.outcome(outcome, to),
            render.exported(None, to),
        )

    parts = [getattr(panel, name) for name in Panel.__slots__]
    on(
        language.change,
        translate,
        [language, visit.chosen, visit.model, visit.heads, visit.voice, visit.turns, visit.shown],
        parts,
    )
