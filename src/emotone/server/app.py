"""The web application: every route of the API. Importing this module imports FastAPI."""

from collections.abc import Callable

import fastapi

from . import documentation, health, live, models, problems, recordings, store
from .door import Door
from .gate import Gate
from .request_log import RequestLog
from .service import Service

ROUTERS: tuple[Callable[[Service], fastapi.APIRouter], ...] = (
    recordings.router,
    live.router,
    models.router,
    store.router,
    health.router,
)
"""What makes the routes of a service, one function for each part of the API."""


def create_app(service: Service) -> fastapi.FastAPI:
    """The API of a service, ready to be served, alone or with the page mounted behind it."""
    app = fastapi.FastAPI(title="Emotone", docs_url=None, redoc_url=None, openapi_url=None)
    routers = [*(router(service) for router in ROUTERS), documentation.router(app)]
    for router in routers:
        app.include_router(router)
    problems.install(app)
    app.add_middleware(Gate, service=service, routes=[route for router in routers for route in router.routes])
    app.add_middleware(Door, access=service.access)
    app.add_middleware(RequestLog)
    return app
