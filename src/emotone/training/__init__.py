"""Heads and layers of your own: learned from labelled recordings, and judged on voices that they have not heard."""

from .calibrating import COVERAGES, CalibratedHead, CoverageResult, calibrate, fit_haste
from .lesson import Lesson, lesson_of
from .result import TrainedHead
from .splitting import Split, split_clips
from .training import STRENGTHS, train_head
from .tuned import FineTuned, check_finetuning, finetune
from .warnings import FEW_CLIPS

__all__ = [
    "COVERAGES",
    "FEW_CLIPS",
    "STRENGTHS",
    "CalibratedHead",
    "CoverageResult",
    "FineTuned",
    "Lesson",
    "Split",
    "TrainedHead",
    "calibrate",
    "check_finetuning",
    "finetune",
    "fit_haste",
    "lesson_of",
    "split_clips",
    "train_head",
]
