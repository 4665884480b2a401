"""The page inside a web application. Importing this module imports Gradio."""

from pathlib import Path

import fastapi
import gradio as gr
from starlette.middleware import Middleware

from ..audio import Reading
from ..library import Library
from .page import build_page, theme
from .parts import asset, asset_path
from .security import Guard

MAX_UPLOAD = "2gb"


def mount(app: fastapi.FastAPI, library: Library, outputs: Path | None, reading: Reading) -> None:
    """Puts the page behind the routes of an application."""
    gr.mount_gradio_app(
        app,
        build_page(library, outputs, reading),
        "/",
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        max_file_size=MAX_UPLOAD,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=theme(),
        head=f"<style>{asset('page.css')}</style>",
        favicon_path=str(asset_path("favicon.svg")),
    )
    app.user_middleware.append(Middleware(Guard))  # behind what asks for keys
