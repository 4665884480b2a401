"""The routes that say how the server is."""

from typing import Literal

import fastapi
from pydantic import BaseModel

from ..text import Text
from . import metrics, schemas
from .problems import ProblemError
from .service import Service


class Health(BaseModel):
    """How the server is."""

    status: Literal["ok"] = "ok"


def router(service: Service) -> fastapi.APIRouter:
    """The routes that say how the server is."""
    routes = fastapi.APIRouter(tags=["server"])

    @routes.get("/healthz")
    def alive() -> Health:
        """The process answers."""
        return Health()

    @routes.get("/readyz", responses=schemas.problems(503))
    def ready() -> Health:
        """The model is loaded, and the next request will be taken."""
        if service.work.full:
            text = Text("The server has enough to do, or is closing.", "服务器繁忙或正在关闭。")
            raise ProblemError(503, "busy", text, {"Retry-After": "1"})
        return Health()

    @routes.get(
        "/metrics",
        response_class=fastapi.Response,
        responses={200: {"description": "Counters.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def counters() -> fastapi.Response:
        """What is counted, for Prometheus."""
        return fastapi.Response(service.metrics.text(), media_type=metrics.MEDIA_TYPE)

    return routes
