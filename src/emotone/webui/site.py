"""The page inside a web application. Importing this module imports Gradio."""

from pathlib import Path

import fastapi
import gradio as gr
import uvicorn

from .library import Library
from .page import build_page, theme
from .parts import asset, asset_path
from .security import Guard

MAX_UPLOAD = "2gb"
_PATIENCE = 1  # seconds for requests under way when the server ends; an open page keeps one open for ever


def server(library: Library, outputs: Path) -> uvicorn.Server:
    """A server of nothing but the page."""
    app = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    gr.mount_gradio_app(
        app,
        build_page(library, outputs),
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
    app.add_middleware(Guard)
    return uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=_PATIENCE))
