"""The page inside a web application. Importing this module imports Gradio."""

from pathlib import Path

import fastapi
import gradio as gr
from starlette.middleware import Middleware
from starlette.responses import FileResponse

from ..library import Library
from ..recording import Reading
from .page import build_page, theme
from .parts import asset, asset_path
from .security import Guard

MAX_UPLOAD = "2gb"


def mount(
    app: fastapi.FastAPI, library: Library, outputs: Path | None, reading: Reading, *, archive: bool = False
) -> None:
    """Puts the page behind the routes of an application."""
    app.add_api_route("/live/microphone.js", _microphone, include_in_schema=False)
    gr.mount_gradio_app(
        app,
        build_page(library, outputs, reading, archive=archive),
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
        head=f"<style>{asset('page.css', 'live.css', 'archive.css')}</style>",
        favicon_path=str(asset_path("favicon.svg")),
    )
    app.user_middleware.append(Middleware(Guard))  # behind what asks for keys


async def _microphone() -> FileResponse:
    """The script that the browser runs beside the page: it cannot be part of the page itself."""
    path = asset_path("live/microphone.js")
    return FileResponse(path, media_type="text/javascript", headers={"Cache-Control": "no-cache"})
