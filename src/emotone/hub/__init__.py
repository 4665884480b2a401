"""Models from the hubs: pulling them, removing them, verifying them."""

from .fetch import OnProgress, Progress
from .origin import Origin, default_origin
from .pull import pull, pullable_model, remove
from .verify import Finding, Verification, verify

__all__ = [
    "Finding",
    "OnProgress",
    "Origin",
    "Progress",
    "Verification",
    "default_origin",
    "pull",
    "pullable_model",
    "remove",
    "verify",
]
