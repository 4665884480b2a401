"""The page behind an API. Importing this module does not import Gradio."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import MissingExtraError
from ..library import Library
from ..recording import Reading

if TYPE_CHECKING:
    import fastapi


def prepare() -> None:
    """Imports Gradio, which takes seconds.

    Raises:
        MissingExtraError: When it is not installed.
    """
    _silence_gradio()
    try:
        from . import site  # noqa: F401, PLC0415 - takes seconds and may be missing
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("ui") from error


@contextmanager
def mounted(
    app: "fastapi.FastAPI",
    library: Library,
    outputs: Path | None,
    folder: Path,
    reading: Reading,
    *,
    archive: bool = False,
) -> Iterator[None]:
    """The page answers wherever the application has no route of its own, until the end of the context.

    Args:
        app: The application.
        library: The models, shared by all visitors.
        outputs: Where results are saved; `None` keeps none.
        folder: For uploads; all that is in Gradio's folder is handed out, so it is not the temporary folder of everybody.
        reading: Opens uploads.
        archive: Whether the application has a store to search.

    Raises:
        MissingExtraError: As in `prepare`.
    """
    prepare()
    from . import site  # noqa: PLC0415 - see prepare

    with _uploads_in(folder / "page"):
        site.mount(app, library, outputs, reading, archive=archive)
        yield


@contextmanager
def _uploads_in(folder: Path) -> Iterator[None]:
    """Tells Gradio where uploads go, unless the user has set a place."""
    if os.environ.get("GRADIO_TEMP_DIR"):
        yield
        return
    folder.mkdir(exist_ok=True)
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("GRADIO_TEMP_DIR", None)


def _silence_gradio() -> None:
    """Switches off what calls Gradio's makers. Read when Gradio is imported."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
