"""The web application: every route of the API. Importing this module imports FastAPI."""

from collections.abc import Callable

import fastapi

from .. import __version__
from . import health
from .door import Door
from .request_log import RequestLog
from .service import Service

ROUTERS: tuple[Callable[[Service], fastapi.APIRouter], ...] = (health.router,)
"""What makes the routes of a service, one function for each part of the API."""


def create_app(service: Service) -> fastapi.FastAPI:
    """The API of a service, ready to be served, alone or with the page mounted behind it."""
    app = fastapi.FastAPI(title="Emotone", version=__version__, docs_url=None, redoc_url=None)
    for router in ROUTERS:
        app.include_router(router(service))
    app.add_middleware(Door, access=service.access)
    app.add_middleware(RequestLog)
    return app
