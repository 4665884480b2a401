"""The route that lists models."""

import fastapi
from pydantic import BaseModel, Field

from ..library import START, Choice
from . import schemas
from .service import Service


class Model(BaseModel):
    """A model."""

    name: str = Field(examples=["emotone-small"])
    default: bool = Field(description="It answers when a request names none.")
    ready: bool = Field(description="It can be named in a request now; others are fetched with `emotone models pull`.")
    size: int | None = Field(None, description="Of its file, in bytes.")
    precision: str | None = Field(None, description="`fp32` or `int8`, when that is known.")
    licence: str | None = Field(None, description="Of the weights.")


class Models(BaseModel):
    """The models of a server."""

    models: list[Model]


def router(service: Service) -> fastapi.APIRouter:
    """The route of the models."""
    routes = fastapi.APIRouter(prefix="/v1", tags=["models"])

    @routes.get("/models", responses=schemas.problems(500, 503))
    def models() -> Models:
        """The models that are known, and which of them are here."""
        return Models(models=[_model(choice) for choice in service.library.choices()])

    return routes


def _model(choice: Choice) -> Model:
    licence = choice.licence or (choice.known.licence if choice.known else None)
    return Model(
        name=choice.name,
        default=choice.id == START,
        ready=choice.ready,
        size=choice.size,
        precision=choice.precision or None,
        licence=licence,
    )
