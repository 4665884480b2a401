"""From an official emotion2vec+ checkpoint to an ONNX model of Emotone's contract, without torch."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ..errors import MissingExtraError
from ..text import Text

Precision: TypeAlias = Literal["fp32", "int8"]


LEAST_COSINE = 0.9995
MOST_SCORE_DIFFERENCE = 0.05


@dataclass(frozen=True, slots=True)
class Check:
    """How an int8 model compares with its fp32 original on real speech.

    Attributes:
        cosine: The smallest cosine between two embeddings of the same clip.
        score_difference: The largest difference between two scores of the same window of 2 s.
        agreement: Share of windows with the same label, 0…1.
        windows: How many there were.
    """

    cosine: float
    score_difference: float
    agreement: float
    windows: int

    @property
    def passed(self) -> bool:
        """Whether the int8 model may stand for the original."""
        return self.cosine >= LEAST_COSINE and self.score_difference <= MOST_SCORE_DIFFERENCE


@dataclass(frozen=True, slots=True)
class Conversion:
    """A model that was made from a checkpoint.

    Attributes:
        path: The ONNX file.
        precision: What it holds. `fp32` although `int8` was wanted when the check was failed.
        check: Of the int8 model; `None` when fp32 was wanted.
    """

    path: Path
    precision: Precision
    check: Check | None


def convert_checkpoint(
    folder: Path,
    out: Path,
    *,
    name: str,
    revision: str,
    licence: str,
    precision: Precision = "int8",
    on_step: Callable[[Text], None] = lambda text: None,
) -> Conversion:
    """Converts `model.pt`, `config.yaml` and `tokens.txt` in a folder to one ONNX file.

    Args:
        folder: The three files, as the hubs have them.
        out: The file to write; it appears complete or not at all.
        name: For the manifest, such as `emotion2vec-plus-large`.
        revision: For the manifest.
        licence: Of the weights.
        precision: `int8` falls back to `fp32` when the check on real speech is failed.
        on_step: Called with what is being done.

    Raises:
        CheckpointError: When the files are missing, damaged, not such a checkpoint, or try to run code.
        MissingExtraError: Without the extra `convert`.
        OutputError: When `out` cannot be written.
    """
    try:
        from .conversion import convert  # noqa: PLC0415 - its libraries may be missing
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("convert") from error
    return convert(folder, out, name, revision, licence, precision, on_step)
