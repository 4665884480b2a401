"""What training gives: a head, what to expect of it, and where it comes from."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .. import __version__
from ..evaluation import Evaluation, speaker_of
from ..heads import Head
from ..text import Text
from ..types import Reason
from .lesson import Lesson
from .splitting import Split


@dataclass(frozen=True, slots=True, eq=False)
class TrainedHead:
    """A head and what to expect of it.

    Attributes:
        head: Learned from all clips.
        evaluation: Of heads like it on clips that they did not learn from. Nothing about a fold was chosen or fitted by it.
        relative: The same when each voice is compared with its usual sound; `None` when too few speakers have enough clips.
        split: How clips were held out.
        judged: The first so many folds of the split were judged, each by a model that did not learn from it.
        strength: Of the head's regularisation, one of STRENGTHS.
        warnings: Why the head or the numbers may be worse than they look, the gravest first.
    """

    head: Head
    evaluation: Evaluation
    relative: Evaluation | None
    split: Split = field(repr=False)
    judged: int
    strength: float
    warnings: tuple[Reason, ...]

    @property
    def method(self) -> Text:
        """How the numbers came about, in a sentence."""
        kept = {
            "speaker": Text("each speaker is in one of them", "每位说话人只在其中一份"),
            "folder": Text("each folder is in one of them", "每个文件夹只在其中一份"),
            "file": Text("each recording stands for itself", "每个录音单独划分"),
        }[self.split.kind]
        if self.judged < self.split.folds:
            return Text(
                f"Of {self.split.folds} parts ({kept.en}), {self.judged} were judged, each by a model that had not heard it.",
                f"数据分为 {self.split.folds} 份（{kept.zh}），评判了其中 {self.judged} 份，每份都由没有听过该份的模型评判。",
            )
        return Text(
            f"Cross-validated in {self.split.folds} parts, {kept.en}: every recording was judged by a head that had not "
            "heard its part.",
            f"{self.split.folds} 折交叉验证（{kept.zh}）：每个录音都由没有听过其所在部分的分类头评判。",
        )

    @property
    def reasons(self) -> tuple[Text, ...]:
        """The warnings' sentences, with what to do."""
        return tuple(
            Text(f"{warning.text.en} {warning.advice.en}", f"{warning.text.zh}{warning.advice.zh}")
            for warning in self.warnings
        )


def provenance_of(trained: TrainedHead, lesson: Lesson, manifest: str, when: datetime) -> dict[str, Any]:
    """What a head was made of, as JSON has it: nothing in it is a path, and nothing in it changes a score."""
    result, split, model = trained.evaluation, trained.split, lesson.embedded.model
    speakers = {speaker_of(clip) for clip in lesson.embedded.clips} - {""}
    measures = {"uar": result.uar, "accuracy": result.accuracy, "macro_f1": result.macro_f1}
    return {
        "model": {"name": model.name, "revision": model.revision, "sha256": model.sha256},
        "manifest": {"name": manifest, "sha256": lesson.sha256},
        "clips": lesson.counts,
        "speakers": len(speakers),
        "seconds": round(float(lesson.embedded.durations.sum()), 1),
        "protocol": {
            "held_out": split.kind,
            "groups": split.groups,
            "folds": split.folds,
            "judged_folds": trained.judged,
            "judged": list(result.protocol.scored),
            "strength": trained.strength,
        },
        "scores": {
            **{name: round(measure.value, 4) for name, measure in measures.items()},
            "intervals": {name: [round(measure.low, 4), round(measure.high, 4)] for name, measure in measures.items()},
            "ece": round(result.calibration.ece, 4),
            "relative_uar": None if trained.relative is None else round(trained.relative.uar.value, 4),
        },
        "warnings": [warning.code for warning in trained.warnings],
        "when": when.strftime("%Y-%m-%d %H:%M:%S"),
        "emotone": __version__,
    }
