"""Two recordings side by side: similarity, score differences, and curves of emotion that are aligned in time."""

from .likeness import Likeness
from .page import resemblance_page
from .picture import resemblance_picture
from .record import resemblance_record
from .resemblance import Course, Resemblance, resemblance

__all__ = [
    "Course",
    "Likeness",
    "Resemblance",
    "resemblance",
    "resemblance_page",
    "resemblance_picture",
    "resemblance_record",
]
