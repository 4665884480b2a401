"""Whether the server lives."""

import fastapi

from .service import Service


def router(service: Service) -> fastapi.APIRouter:
    """The routes that say how the server is."""
    routes = fastapi.APIRouter(tags=["server"])

    @routes.get("/healthz")
    def alive() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    return routes
