"""Heads and layers of your own: learned from labelled recordings, and judged on voices that they have not heard."""

from .lesson import Lesson, lesson_of
from .result import TrainedHead
from .splitting import Split, split_clips
from .training import STRENGTHS, train_head
from .tuned import FineTuned, check_finetuning, finetune
from .warnings import FEW_CLIPS

__all__ = [
    "FEW_CLIPS",
    "STRENGTHS",
    "FineTuned",
    "Lesson",
    "Split",
    "TrainedHead",
    "check_finetuning",
    "finetune",
    "lesson_of",
    "split_clips",
    "train_head",
]
