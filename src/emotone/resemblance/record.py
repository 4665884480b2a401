"""Two recordings side by side, as JSON."""

from typing import Any

from ..types import Prediction
from .resemblance import Resemblance


def resemblance_record(found: Resemblance) -> dict[str, Any]:
    """What `emotone compare --format json` prints."""
    alike, course = found.likeness, found.course
    early, late = (times.tolist() for times in course.times)
    return {
        "similarity": None if alike is None else alike.similarity,
        "percentile": None if alike is None else alike.percentile,
        "cosine": found.cosine,
        "a": _side(found.one),
        "b": _side(found.other),
        "differences": found.differences,
        "course": {
            "distance": course.distance,
            "labels": list(found.head.labels),
            "path": [[early[row], late[column]] for row, column in course.path],
            "a": {"times": early, "scores": course.scores[0].tolist()},
            "b": {"times": late, "scores": course.scores[1].tolist()},
        },
        "model": {"name": found.one.model.name, "revision": found.one.model.revision, "sha256": found.one.model.sha256},
    }


def _side(said: Prediction) -> dict[str, Any]:
    return {
        "source": {"name": said.source.name, "sha256": said.source.sha256},
        "duration": said.duration,
        "emotion": said.label,
        "confidence": said.confidence,
        "scores": dict(said.scores),
        "doubts": [reason.code for reason in said.doubts],
    }
