"""The page: one function for each panel, and the wiring between them."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from ..markup import Html
from ..text import Language, language_of, system_language
from ..types import TimelineOptions
from . import controls, render, texts
from .actions import Actions
from .library import START, Library
from .shelf import Shelf

AT_ONCE = 2  # recognitions; further visitors wait
KEPT = 6 * 3600  # seconds until uploads and links to results are removed
_HOUR = 3600

Update = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """Header, footer and the choice of language."""

    header: gr.HTML
    language: gr.Radio
    footer: gr.HTML


@dataclass(frozen=True, slots=True)
class Panel:
    """The left side."""

    picker: gr.HTML
    menu: gr.HTML
    card: gr.HTML
    granularity: gr.Radio
    timeline: gr.Accordion
    window: gr.Slider
    hop: gr.Slider
    embedding: gr.Checkbox
    button: gr.Button


def build_page(library: Library, outputs: Path) -> gr.Blocks:
    """The page, ready to be served with `emotone.webui.launch`.

    Args:
        library: The models, shared by all visitors.
        outputs: Where results are saved.
    """
    language = system_language()
    blocks: gr.Blocks
    with gr.Blocks(
        title=controls.title(language), analytics_enabled=False, delete_cache=(_HOUR, KEPT), fill_width=True
    ) as blocks:
        shelf = Shelf(Path(get_upload_folder()), lambda path: blocks.upload_file_set.add(str(path)))
        actions = Actions(library, outputs, shelf)
        header, switch = _header(language)
        with gr.Row(elem_id="em-main"):
            with gr.Column(elem_id="em-left", min_width=0):
                panel = _panel(actions, language)
            with gr.Column(elem_id="em-right", min_width=0):
                result = _html(render.empty(language), "em-result", "result.js")
        footer = _html(controls.footer(language), "em-foot")
        _wire(blocks, actions, Frame(header, switch, footer), panel, result)
    return blocks


def asset(name: str) -> str:
    """The text of a file that belongs to the page."""
    return asset_path(name).read_text("utf-8")


def asset_path(name: str) -> Path:
    """Where that file is."""
    return Path(str(files(__package__))) / "assets" / name


def theme() -> gr.themes.Base:
    """Gradio's plainest theme with the fonts of the visitor's system; the rest is in `page.css`."""
    sans = [
        "system-ui",
        "-apple-system",
        "Segoe UI",
        "PingFang SC",
        "Hiragino Sans GB",
        "Microsoft YaHei",
        "Noto Sans CJK SC",
        "Noto Sans SC",
        "sans-serif",
    ]
    mono = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]
    return gr.themes.Base(font=sans, font_mono=mono, primary_hue="indigo", neutral_hue="stone")


def _html(content: Html, name: str, script: str | None = None) -> gr.HTML:
    return gr.HTML(content, elem_id=name, apply_default_css=False, js_on_load=asset(script) if script else None)


def _header(language: Language) -> tuple[gr.HTML, gr.Radio]:
    with gr.Row(elem_id="em-top"):
        header = _html(controls.header(language), "em-head", "header.js")
        switch = gr.Radio(
            [("中文", "zh"), ("English", "en")],
            value=language,
            elem_id="em-language",
            min_width=0,
            scale=0,
            label=texts.LANGUAGE.to(language),
            show_label=False,
            container=False,
        )
    return header, switch


def _panel(actions: Actions, language: Language) -> Panel:
    defaults = TimelineOptions()
    picker = _html(controls.picker((), language), "em-picker", "picker.js")
    with gr.Column(elem_id="em-models", min_width=0):
        menu = _html(actions.menu(START, language), "em-menu", "menu.js")
        card = _html(actions.card(START, language), "em-card", "card.js")
    granularity = gr.Radio(
        _granularities(language), value="utterance", label=texts.GRANULARITY.to(language), elem_id="em-granularity"
    )
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
    embedding = gr.Checkbox(False, label=texts.EXPORT_EMBEDDING.to(language), elem_id="em-embedding", container=False)
    button = gr.Button(texts.RECOGNIZE.to(language), variant="primary", size="lg", elem_id="em-recognize")
    return Panel(picker, menu, card, granularity, timeline, window, hop, embedding, button)


def _granularities(language: Language) -> list[tuple[str, str]]:
    return [(texts.UTTERANCE.to(language), "utterance"), (texts.FRAME.to(language), "frame")]


def _wire(blocks: gr.Blocks, actions: Actions, frame: Frame, panel: Panel, result: gr.HTML) -> None:
    chosen, shown, model, language = gr.State(()), gr.State(None), gr.State(START), frame.language
    translated = [
        frame.header,
        language,
        panel.picker,
        panel.menu,
        panel.card,
        panel.granularity,
        panel.timeline,
        panel.window,
        panel.hop,
        panel.embedding,
        panel.button,
        result,
        frame.footer,
    ]

    def translate(to: Language, picked: Any, used: str, outcome: Any) -> tuple[Html | Update, ...]:
        return (
            controls.header(to),
            gr.update(label=texts.LANGUAGE.to(to)),
            controls.picker(picked, to),
            actions.menu(used, to),
            actions.card(used, to),
            *_labels(to),
            render.outcome(outcome, to),
            controls.footer(to),
        )

    def greet(request: gr.Request) -> Language:
        return language_of(request.headers.get("accept-language"))

    greeted = _on(blocks.load, greet, None, language)
    _on(greeted.then, actions.card, [model, language], panel.card)
    _on(language.change, translate, [language, chosen, model, shown], translated)
    _on(panel.granularity.change, lambda value: gr.update(visible=value == "frame"), panel.granularity, panel.timeline)
    _on(panel.picker.choose, actions.choose, language, [chosen, panel.picker])
    _on(panel.picker.discard, actions.discard, [chosen, language], [chosen, panel.picker])
    for choosing in (panel.menu.choose, panel.card.choose):
        _on(choosing, actions.choose_model, language, [model, panel.card])
    _on(panel.card.look, actions.card, [model, language], panel.card)
    _on(panel.card.changed, actions.menu, [model, language], panel.menu)
    _on(panel.card.fetch, actions.fetch, [model, language], panel.card)
    _on(panel.card.cancel, actions.cancel, [model, language], panel.card)
    _on(result.open_result, actions.open_result, [shown, language], [shown, result])
    example = _on(panel.picker.example, actions.choose_example, language, [chosen, panel.picker])
    settings = [panel.granularity, panel.window, panel.hop, panel.embedding]
    for trigger in (panel.button.click, example.then):
        begun = _on(trigger, actions.begin, [chosen, language], [result, panel.button])
        done = begun.then(
            actions.recognize,
            [chosen, language, model, *settings],
            [shown, result],
            show_progress="hidden",
            api_visibility="private",
            concurrency_limit=AT_ONCE,
            concurrency_id="recognition",
        )
        _on(done.then, actions.finish, [shown, language], [result, panel.button])


def _on(listener: Callable[..., Any], action: Callable[..., Any], inputs: Any, outputs: Any) -> Any:
    """Connects an event with something that is done at once, without a place in the queue."""
    return listener(action, inputs, outputs, queue=False, show_progress="hidden", api_visibility="private")


def _labels(language: Language) -> tuple[Update, ...]:
    return (
        gr.update(choices=_granularities(language), label=texts.GRANULARITY.to(language)),
        gr.update(label=texts.TIMELINE_OPTIONS.to(language)),
        gr.update(label=texts.WINDOW.to(language), info=texts.WINDOW_INFO.to(language)),
        gr.update(label=texts.HOP.to(language), info=texts.HOP_INFO.to(language)),
        gr.update(label=texts.EXPORT_EMBEDDING.to(language)),
        gr.update(value=texts.RECOGNIZE.to(language)),
    )
