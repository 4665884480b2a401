"""The description of the API and a page that shows it. Nothing is loaded from other hosts."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import fastapi
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, HTMLResponse

from .. import __version__
from ..errors import MissingExtraError
from . import schemas

_ASSETS = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
_SUMMARY = """\
Hears a recording and says which emotion is *expressed* in it, overall and over time.

A recording is sent as the file `file` of a form, in base64 as one of `files` in JSON, or as the body itself with any other
content type. Options are words of the query, of the form or of JSON; they are those of the command line. The header `Accept`
or the option `format` chooses the format of the answer. Errors are `application/problem+json` (RFC 9457).
"""


def router(app: fastapi.FastAPI) -> fastapi.APIRouter:
    """The routes of `/openapi.json`, and of `/docs` that shows it.

    Raises:
        MissingExtraError: When the files of that page are not installed.
    """

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    folder = _assets()
    routes = fastapi.APIRouter(include_in_schema=False)

    @routes.get("/openapi.json")
    def description() -> dict[str, Any]:
        return openapi()

    @routes.get("/docs")
    def page() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title="Emotone",
            swagger_js_url="docs/swagger-ui-bundle.js",
            swagger_css_url="docs/swagger-ui.css",
            swagger_favicon_url="favicon.ico",
            swagger_ui_parameters={"validatorUrl": None},
        )

    @routes.get("/docs/{name}")
    def asset(name: str) -> FileResponse:
        if name not in _ASSETS:
            raise fastapi.HTTPException(404)
        return FileResponse(folder / name, media_type=_ASSETS[name])

    return routes


def _assets() -> Path:
    try:
        return Path(str(files("fastapi_offline") / "static"))
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("server") from error


def _described(app: fastapi.FastAPI) -> dict[str, Any]:
    found = get_openapi(title="Emotone", version=__version__, description=_SUMMARY, routes=app.routes)
    found.setdefault("components", {}).setdefault("schemas", {}).update(schemas.component_schemas())
    return found
