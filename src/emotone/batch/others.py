"""Further heads, asked about the rows of a run when all is heard: rows keep embeddings, and that is all that a head needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..baseline import Comparison
from ..errors import ModelError, OptionError
from ..heads import Head
from ..interview import named_heads, read_head
from ..rows import Schema, Table, arrow
from .run import RunFolder
from .voices import Voices, row_scores


def read_others(folder: RunFolder, given: Iterable[str | Path], schema: Schema) -> dict[str, Head]:
    """Heads by their names.

    Args:
        folder: The run that they are asked about.
        given: Their files, or the folders that they were trained into.
        schema: The columns of its rows.

    Raises:
        ModelError: When a head cannot be read, or was made for another model than that of the run.
        OptionError: When two have the same name, or that of a column; when the run is one of segments, or kept no embeddings.
    """
    heads = named_heads(map(read_head, given))
    if heads and (folder.run["options"]["granularity"] == "frame" or not folder.run["options"]["embedding"]):
        raise OptionError(
            f"The run in '{folder.path}' has no embeddings of whole recordings, so other heads cannot be asked about it. Run it "
            "in another folder, with --embedding and without --granularity frame.",
            f"“{folder.path}”中的批处理没有整个录音的嵌入向量，无法使用其他分类头。请在另一个文件夹中使用 --embedding 重新运行，"
            "且不使用 --granularity frame。",
        )
    model = folder.run["model"]
    for name, head in heads.items():
        if head.dim != folder.run["dim"] or head.model_sha256 not in (None, model["sha256"]):
            raise ModelError(
                f"The head '{name}' was not trained for {model['name']} {model['revision']}, which made this run. Train it again "
                "with that model.",
                f"分类头“{name}”不是为生成该批处理的 {model['name']} {model['revision']} 训练的。请用该模型重新训练。",
            )
    taken = {column for name in heads for column in _columns(name)} & set(schema.names)
    if taken:
        raise OptionError(
            f"The run has a column '{min(taken)}' already. Call the head otherwise: 'name' in its head.json.",
            f"该批处理已有名为“{min(taken)}”的列。请更改分类头的名称：其 head.json 中的“name”。",
        )
    return heads


@dataclass(frozen=True, slots=True, eq=False)
class Others:
    """Heads that are asked beside the one that made the rows.

    Attributes:
        heads: By name.
        voices: What each compares recordings with, by its name; none when nothing is compared.
    """

    heads: Mapping[str, Head]
    voices: Mapping[str, Voices]

    def schema(self, schema: Schema) -> Schema:
        """These columns, and two for each head: its label and its confidence."""
        pa = arrow("batch")
        kinds = (pa.string(), pa.float64())
        added = [
            pa.field(column, kind) for name in self.heads for column, kind in zip(_columns(name), kinds, strict=True)
        ]
        return pa.schema([*schema, *added])

    def asked(self, table: Table) -> Table:
        """The rows with what each head says of them."""
        for name, head in self.heads.items():
            scores = self._scores(name, head, table)
            labels = [head.labels[place] for place in scores.argmax(axis=1)]
            for column, values in zip(_columns(name), (labels, scores.max(axis=1)), strict=True):
                table = table.append_column(column, arrow("batch").array(values))
        return table

    def _scores(self, name: str, head: Head, table: Table) -> NDArray[np.float64]:
        if name in self.voices:
            return self.voices[name].scores(table)
        return row_scores(head, table, Comparison.none(head))


def _columns(name: str) -> tuple[str, str]:
    return f"{name}.label", f"{name}.confidence"
