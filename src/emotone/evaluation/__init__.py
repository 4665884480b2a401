"""How good a model is on labelled recordings: numbers, groups, calibration, robustness, and a report."""

from .baselines import check_baseline
from .evaluation import (
    Bin,
    Calibration,
    CoveragePoint,
    Evaluation,
    Group,
    LabelResult,
    Measure,
    evaluate,
    evaluation_of,
    uar_difference,
)
from .metrics import calibration_error
from .page import report_page
from .protocol import Judged, LabelChoice, Protocol, agree
from .report import PAGE_NAME, PREDICTIONS_NAME, REPORT_NAME, Report, prediction_rows, report_record
from .robustness import Robustness, TwinResult, crowd_of, evaluate_twins
from .texts import baseline as baseline_text
from .texts import group_name, points
from .units import FEW_UNITS, Units, speaker_named, speaker_of, speakers_of

__all__ = [
    "FEW_UNITS",
    "PAGE_NAME",
    "PREDICTIONS_NAME",
    "REPORT_NAME",
    "Bin",
    "Calibration",
    "CoveragePoint",
    "Evaluation",
    "Group",
    "Judged",
    "LabelChoice",
    "LabelResult",
    "Measure",
    "Protocol",
    "Report",
    "Robustness",
    "TwinResult",
    "Units",
    "agree",
    "baseline_text",
    "calibration_error",
    "check_baseline",
    "crowd_of",
    "evaluate",
    "evaluate_twins",
    "evaluation_of",
    "group_name",
    "points",
    "prediction_rows",
    "report_page",
    "report_record",
    "speaker_named",
    "speaker_of",
    "speakers_of",
    "uar_difference",
]
