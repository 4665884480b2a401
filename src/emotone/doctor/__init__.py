"""What is installed here, whether it works, and what to do where it does not."""

from .examination import Examination, Place, examine
from .finding import Finding, State

__all__ = ["Examination", "Finding", "Place", "State", "examine"]
