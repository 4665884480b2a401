"""An evaluation as data: the object in `report.json`, and a row for each recording."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .. import __version__
from ..text import Text
from .evaluation import Evaluation
from .metrics import LEVEL, RESAMPLES, SEED
from .robustness import Robustness

Record = dict[str, Any]

REPORT_NAME, PAGE_NAME, PREDICTIONS_NAME = "report.json", "report.html", "predictions.csv"


@dataclass(frozen=True, slots=True)
class Report:
    """An evaluation and where it comes from.

    Attributes:
        manifest: Its name.
        evaluation: The numbers.
        head: What the head is called; `None` when it is the model's own.
        when: It was made.
        robustness: Results for twins, when they were asked for.
        remarks: What else has to be said about how these numbers came about.
    """

    manifest: str
    evaluation: Evaluation
    head: str | None
    when: datetime
    robustness: Robustness | None = None
    remarks: tuple[Text, ...] = ()


def report_record(report: Report) -> Record:
    """The content of `report.json`: shares are 0…1, durations in seconds."""
    result = report.evaluation
    protocol = result.protocol
    fields: Record = {
        **_numbers(result),
        "bootstrap": {
            "unit": result.units.kind,
            "units": result.units.count,
            "level": LEVEL,
            "resamples": RESAMPLES,
            "seed": SEED,
        },
        "clips": result.clips,
        "speakers": result.units.speakers,
        "duration": result.duration,
        "protocol": {
            "labels": protocol.choice,
            "baseline": protocol.baseline,
            "offered": list(protocol.offered),
            "scored": list(protocol.scored),
            "masked": list(protocol.masked),
            "words": dict(protocol.words),
            "left_out": dict(protocol.left_out),
        },
        "labels": [asdict(label) for label in result.labels],
        "confusion": {"labels": list(protocol.offered), "rows": [list(row) for row in result.confusion]},
        "groups": [asdict(group) for group in result.groups],
        "reliability": [asdict(found) for found in result.calibration.bins],
        "coverage": [asdict(point) for point in result.coverage],
    }
    if result.judged.draws > 1:
        fields["protocol"]["draws"] = result.judged.draws
    if result.absolute is not None:
        fields["absolute"] = _numbers(result.absolute)
    if report.robustness is not None:
        fields["twins"] = _twins(report.robustness)
    if report.remarks:
        fields["remarks"] = [{"en": remark.en, "zh": remark.zh} for remark in report.remarks]
    model = result.model
    return fields | {
        "failures": [
            {"file": failure.name, "en": failure.error.text.en, "zh": failure.error.text.zh}
            for failure in result.failures
        ],
        "manifest": report.manifest,
        "data_sha256": result.data_sha256,
        "model": {"name": model.name, "revision": model.revision, "sha256": model.sha256},
        "head": {"name": report.head, "sha256": result.head_sha256},
        "timestamp": report.when.strftime("%Y-%m-%d %H:%M:%S"),
        "emotone": __version__,
    }


def _numbers(result: Evaluation) -> Record:
    measures = {"uar": result.uar, "accuracy": result.accuracy, "macro_f1": result.macro_f1}
    return {
        **{name: measure.value for name, measure in measures.items()},
        "ece": result.calibration.ece,
        "brier": result.calibration.brier,
        "intervals": {name: [measure.low, measure.high] for name, measure in measures.items()},
    }


def prediction_rows(report: Report) -> Iterator[Record]:
    """A flat row for each scored recording: file, the manifest's emotion, label, confidence, and a column for each label.

    Where clips were drawn for baselines, it is that of the first draw.
    """
    judged, offered = report.evaluation.judged.once, report.evaluation.protocol.offered
    for clip, truth, guess, scores in zip(judged.clips, judged.truth, judged.guesses, judged.scores, strict=True):
        yield {
            "file": _shown(clip.file),
            "emotion": offered[truth],
            "label": offered[guess],
            "confidence": round(float(scores[guess]), 6),
            **{label: round(float(score), 6) for label, score in zip(offered, scores, strict=True)},
        }


def _shown(file: Path) -> str:
    return str(file).encode("utf-8", "replace").decode("utf-8")


def _twins(robustness: Robustness) -> list[Record]:
    return [asdict(twin) | {"name": twin.name.en} for twin in robustness.results]
