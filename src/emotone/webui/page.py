"""The page: its frame, and the tabs in it."""

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from ..library import Library
from ..recording import Reading
from ..text import Language, language_of, system_language
from . import archive_tab, archive_texts, controls, live_tab, live_texts, recognize_tab, teach_tab, texts
from .parts import html, on
from .shelf import Shelf

_HOUR = 3600
KEPT = 6 * _HOUR  # seconds until uploads and links to results are removed
KEPT_WITHOUT_OUTPUTS = _HOUR
_MOST_WAITING = 64  # visitors in the queue; further ones are told that it is full


def build_page(library: Library, outputs: Path | None, reading: Reading, *, archive: bool = False) -> gr.Blocks:
    """The page, ready to be put behind an API with `emotone.webui.mounted`.

    Args:
        library: The models, shared by all visitors.
        outputs: Where results are saved; `None` keeps none, and removes what visitors bring after an hour.
        reading: Opens uploads.
        archive: Whether the API behind it has a store to search.
    """
    language = system_language()
    blocks: gr.Blocks
    kept = KEPT if outputs else KEPT_WITHOUT_OUTPUTS
    with gr.Blocks(
        title=controls.title(language), analytics_enabled=False, delete_cache=(kept // 6, kept), fill_width=True
    ) as blocks:
        shelf = Shelf(Path(get_upload_folder()), lambda path: blocks.upload_file_set.add(str(path)), reading)
        header, switch = _header(language)
        with gr.Tabs(elem_id="em-tabs", selected="recognize") as tabs:
            with gr.Tab(texts.RECOGNIZE_TAB.to(language), id="recognize", render_children=True) as first:
                panel = recognize_tab.build(library, language)
            with gr.Tab(live_texts.TAB.to(language), id="live", render_children=True) as second:
                live = live_tab.build(library, language)
            with gr.Tab(texts.TEACH_TAB.to(language), id="teach", render_children=True) as third:
                teaching = teach_tab.build(language)
            with gr.Tab(
                archive_texts.TAB.to(language), id="archive", visible=archive, render_children=archive
            ) as fourth:
                if archive:
                    archive_tab.build()
        footer = html(controls.footer(language), "em-foot")

        def translate(to: Language) -> tuple[Any, ...]:
            return (
                controls.header(to),
                gr.update(label=texts.LANGUAGE.to(to)),
                gr.update(label=texts.RECOGNIZE_TAB.to(to)),
                gr.update(label=live_texts.TAB.to(to)),
                gr.update(label=texts.TEACH_TAB.to(to)),
                gr.update(label=archive_texts.TAB.to(to)),
                controls.footer(to),
            )

        greeted = on(blocks.load, _greet, None, switch)
        on(switch.change, translate, switch, [header, switch, first, second, third, fourth, footer])
        visit = recognize_tab.wire(panel, library, outputs, shelf, switch, greeted)
        last = live_tab.wire(live, library, outputs, shelf, switch, panel, visit)
        live_tab.wire_opening(live, last, switch, panel, visit, tabs)
        workshop = teach_tab.wire(teaching, library, shelf, switch, visit.model)
        heads = [visit.heads, panel.heads]
        on(teaching.lesson.use, teach_tab.use, [workshop, visit.heads, switch], [*heads, tabs])
        recognize_tab.wire_correction(panel, visit, shelf, switch, workshop, teach_tab.parts(teaching))
    blocks.queue(max_size=_MOST_WAITING, api_open=False)  # else a direct call would pass by the queue
    return blocks


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


def _greet(request: gr.Request) -> Language:
    return language_of(request.headers.get("accept-language"))


def _header(language: Language) -> tuple[gr.HTML, gr.Radio]:
    with gr.Row(elem_id="em-top"):
        header = html(controls.header(language), "em-head", "header.js")
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
