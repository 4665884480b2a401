"""What every tab is made of: HTML with a script, and events."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import gradio as gr

from ..markup import Html

Update = dict[str, Any]
"""What Gradio is to change of a component."""

AT_ONCE = 2  # recordings or clips of visitors that are listened to; further visitors wait


def asset(*names: str) -> str:
    """The text of files that belong to the page."""
    return "".join(asset_path(name).read_text("utf-8") for name in names)


def asset_path(name: str) -> Path:
    """Where such a file is."""
    return Path(str(files(__package__))) / "assets" / name


def html(content: Html, name: str, *scripts: str) -> gr.HTML:
    """A part of the page that the server draws; scripts say what is clicked in it."""
    script = asset(*scripts) if scripts else None
    return gr.HTML(content, elem_id=name, elem_classes="em-part", apply_default_css=False, js_on_load=script)


def on(listener: Callable[..., Any], action: Callable[..., Any], inputs: Any, outputs: Any) -> Any:
    """Connects an event with something that is done at once, without a place in the queue."""
    return listener(action, inputs, outputs, queue=False, show_progress="hidden", api_visibility="private")


def on_each(listener: Callable[..., Any], action: Callable[..., Any], inputs: Any, outputs: Any) -> Any:
    """The same for clicks that may come faster than answers: none is lost."""
    return listener(
        action,
        inputs,
        outputs,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
        trigger_mode="multiple",
    )


def work(listener: Callable[..., Any], action: Callable[..., Any], inputs: Any, outputs: Any) -> Any:
    """Connects an event with something that takes time: it waits for its turn among all visitors."""
    return listener(
        action,
        inputs,
        outputs,
        show_progress="hidden",
        api_visibility="private",
        concurrency_limit=AT_ONCE,
        concurrency_id="listening",
    )
