"""The tab of the archive: search and map. It asks the API of its own server, which alone knows paths."""

import json

import gradio as gr

from ..labels import EMOTIONS
from ..markup import Html, tag
from ..text import Text
from . import archive_texts
from .parts import html


def build() -> gr.HTML:
    """The tab, drawn in the browser in the language that the page has there."""
    return html(_frame(), "em-archive", "archive.js")


def _frame() -> Html:
    texts = {code: {key: text.to(code) for key, text in archive_texts.SHOWN.items()} for code in ("en", "zh")}
    emotions = {one.label: {"emoji": one.emoji, "color": one.color, **_both(one.name)} for one in EMOTIONS}
    said = json.dumps({"texts": texts, "emotions": emotions}, ensure_ascii=False)
    return tag("div.em-archive", attributes={"data-said": said})


def _both(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}
