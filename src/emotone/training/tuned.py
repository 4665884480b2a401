"""What `--finetune` gives: a model with layers of its own, and whether they pay."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from ..embeddings import EmbeddedClips
from ..errors import MissingExtraError
from ..evaluation import Measure
from ..recognizer import Recognizer
from ..text import Text
from .result import TrainedHead

EXTRA = "train"

Stage: TypeAlias = Callable[[Text, int], AbstractContextManager[Callable[[], None]]]
"""Given a title and a number of steps, something to enter that gives what is called after each step, from any thread."""


@dataclass(frozen=True, slots=True, eq=False)
class FineTuned:
    """A model with layers of its own.

    Attributes:
        model: The ONNX file.
        trained: Its head and what to expect of the two together.
        plain: A linear head on the model as it was, judged on the same clips.
        gain: UAR of the first minus UAR of the second, -1…1, with the interval of drawing speakers (or clips) for both alike.
    """

    model: bytes = field(repr=False)
    trained: TrainedHead
    plain: TrainedHead
    gain: Measure

    @property
    def comparison(self) -> Text:
        """Whether the layers pay, in words."""
        before, gain = self.plain.evaluation.uar.value, self.gain
        points = f"{100 * gain.value:+.1f} ({100 * gain.low:+.1f} – {100 * gain.high:+.1f})"
        found = Text(
            f"On the same recordings, a linear head on the unchanged model reaches UAR {before:.1%}; with the trained layers it "
            f"is {points} points.",
            f"在相同录音上，未改动模型加线性分类头的 UAR 为 {before:.1%}；加上训练的层后变化 {points} 个百分点。",
        )
        if gain.low > 0:
            advice = Text(" Fine-tuning pays.", "微调有益。")
        else:
            advice = Text(
                " That fine-tuning pays is not certain: without it, training takes seconds and the head is a small file.",
                "尚不能确定微调有益：不微调时训练只需数秒，分类头也只是一个小文件。",
            )
        return Text(found.en + advice.en, found.zh + advice.zh)


@contextmanager
def _silently(title: Text, steps: int) -> Iterator[Callable[[], None]]:
    yield lambda: None


def check_finetuning() -> None:
    """Raises `MissingExtraError` where `finetune` would."""
    try:
        from . import finetuning  # noqa: F401, PLC0415 - its libraries may be missing
    except ModuleNotFoundError as error:
        raise MissingExtraError.of(EXTRA) from error


def finetune(
    embedded: EmbeddedClips,
    recognizer: Recognizer,
    base: Path,
    name: str,
    manifest: str,
    *,
    when: datetime | None = None,
    stage: Stage = _silently,
) -> FineTuned:
    """Trains layers behind a model's encoder and a head behind these: minutes for hundreds of clips.

    The frames of all clips, as recorded and in two made-up sessions, lie in the cache folder meanwhile: 50 to 250 KB for
    each second of recordings.

    Args:
        embedded: The clips, as in `train_head`.
        recognizer: The model, which embedded them.
        base: Its file.
        name: What to call the model.
        manifest: What to call the list of clips.
        when: The time of training; `None` is now.
        stage: Is told what is done, and how far it is.

    Raises:
        AudioError: When a recording has become unreadable.
        ManifestError: As in `train_head`.
        MissingExtraError: Without the extra `train`.
        OutputError: When frames cannot be kept.
    """
    check_finetuning()
    from .finetuning import run  # noqa: PLC0415 - as above

    return run(embedded, recognizer, base, name, manifest, when or datetime.now(), stage)
