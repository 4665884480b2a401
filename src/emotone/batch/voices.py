"""Rows of a run compared with how their voices usually sound: after the fact, as a baseline is a straight map of the logits."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..baseline import Comparison, compare, comparison_doubts
from ..doubts import MARGIN, place_of
from ..errors import ModelError, OptionError
from ..evaluation import speaker_named
from ..heads import HEAD_NAME, Head, load_head
from ..rows import COLUMNS, Schema, Table, arrow, embeddings_of
from .run import RunFolder

ABSOLUTE, ABSOLUTE_CONFIDENCE, BASELINE_SECONDS = "absolute", "absolute_confidence", "baseline_seconds"
"""The last columns of a compared table: what is said without a baseline, and how long the voice's recordings are."""

_ADDED = (ABSOLUTE, ABSOLUTE_CONFIDENCE, BASELINE_SECONDS)
_AT_ONCE = 4096  # recordings, or all of one voice: as many as keep the memory small
_NO_SPEECH = frozenset({"silent", "no_speech"})


@dataclass(frozen=True, slots=True, eq=False)
class Voices:
    """The voices of a run: recordings of one speaker (of one corpus), or of one folder where no speaker is named.

    Attributes:
        head: What made the scores.
        places: Where each is, by name, in what follows. Behind all of them is one for what nobody speaks in.
        comparisons: `(voices + 1,)`: how to compare with each.
        seconds: float64 `(voices + 1,)`: of the recordings that each was learned from.
        doubts: Codes of the reasons to doubt a comparison with each.
    """

    head: Head
    places: dict[str, int] = field(repr=False)
    comparisons: Comparison = field(repr=False)
    seconds: NDArray[np.float64] = field(repr=False)
    doubts: list[tuple[str, ...]] = field(repr=False)

    def compared(self, table: Table) -> Table:
        """The rows of some recordings, each compared with its voice; those without speech stay as they are."""
        head, codes, places = self.head, table["doubts"].to_pylist(), self._places(table)
        scores = self._scores(table, places)
        first, second = np.sort(scores, axis=1)[:, :-3:-1].T
        unclear = (first - second < MARGIN).tolist()
        usual = [self.doubts[place] for place in places]
        return _fitted(
            table,
            {
                **{label: scores[:, place] for place, label in enumerate(head.labels) if label not in COLUMNS},
                "label": [head.labels[place] for place in scores.argmax(axis=1)],
                "confidence": first,
                "doubts": list(map(_doubts, codes, unclear, usual)),
                ABSOLUTE: table["label"],
                ABSOLUTE_CONFIDENCE: table["confidence"],
                BASELINE_SECONDS: self.seconds[places],
            },
        )

    def scores(self, table: Table) -> NDArray[np.float64]:
        """Those of each row, `(rows, labels)`, compared with its voice."""
        return self._scores(table, self._places(table))

    def _scores(self, table: Table, places: NDArray[np.int64]) -> NDArray[np.float64]:
        parts = [
            row_scores(self.head, table.slice(start, _AT_ONCE), self.comparisons.at(places[start : start + _AT_ONCE]))
            for start in range(0, len(places), _AT_ONCE)
        ]
        return np.concatenate([np.zeros((0, len(self.head.labels))), *parts])

    def _places(self, table: Table) -> NDArray[np.int64]:
        spoken = map(_NO_SPEECH.isdisjoint, table["doubts"].to_pylist())
        places = [self.places[name] if said else -1 for name, said in zip(_names(table), spoken, strict=True)]
        return np.array(places, np.int64)


def row_scores(head: Head, table: Table, comparison: Comparison) -> NDArray[np.float64]:
    """What a head says of each row, `(rows, labels)`."""
    embeddings, seconds = embeddings_of(table), table["duration"].to_numpy()
    logits, strange = comparison.applied(head.logits(embeddings)), head.strangeness(embeddings, seconds)
    return head.probabilities(logits, comparison.trust, seconds, strange)


def voices_of(folder: RunFolder, tables: Iterable[Table], head: Head | None = None) -> Voices:
    """How the voices of a run usually sound: each recording with speech is one stretch, as in `emotone evaluate`.

    Some 100 bytes for each row are in memory meanwhile, and from then on 1 kB for each voice, with nine labels.

    Args:
        folder: The run.
        tables: All of its rows.
        head: What compares them; `None`: the one that made them.

    Raises:
        OptionError: When the run is one of segments, or kept no embeddings.
        ModelError: When its head cannot be read.
    """
    _check(folder)
    head = head or _own_head(folder)
    numbers: dict[str, int] = {}
    voices, logits, seconds = [np.zeros(0, np.int64)], [np.zeros((0, len(head.labels)), np.float32)], [np.zeros(0)]
    for table in tables:
        spoken = table.filter(arrow("batch").array(map(_NO_SPEECH.isdisjoint, table["doubts"].to_pylist())))
        voices.append(np.array([numbers.setdefault(name, len(numbers)) for name in _names(spoken)], np.int64))
        logits.append(head.logits(embeddings_of(spoken)).astype(np.float32))
        seconds.append(spoken["duration"].to_numpy())
    voice, said, lengths = np.concatenate(voices), np.concatenate(logits), np.concatenate(seconds)
    found, totals, order = [], [np.zeros(0)], [np.zeros(0, np.int64)]
    doubts: list[tuple[str, ...]] = []
    for alike, rows in _alike(voice):
        found.append(compare(head, said[rows].astype(np.float64), lengths[rows]))
        totals.append(lengths[rows].sum(axis=1))
        doubts += map(_reasons, lengths[rows], found[-1].variety.tolist())
        order.append(alike)
    places = np.argsort(np.concatenate(order)).tolist()
    return Voices(
        head,
        {name: places[number] for name, number in numbers.items()},
        Comparison.joined([*found, Comparison.none(head)]),
        np.append(np.concatenate(totals), 0.0),
        [*doubts, ()],
    )


def _own_head(folder: RunFolder) -> Head:
    head = load_head(folder.path)
    if head.labels != folder.labels:
        raise ModelError(
            f"'{folder.path / HEAD_NAME}' is not the head of this run. Delete it, and run the batch again: it is written anew.",
            f"“{folder.path / HEAD_NAME}”不是该批处理的分类头。请将其删除，然后重新运行该批处理，即可重新生成。",
        )
    return head


def _alike(voice: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Voices that have equally many recordings, some at a time: their numbers, and the rows of each `(voices, recordings)`.

    Args:
        voice: `(rows,)`: the number of each row's voice.
    """
    sizes = np.bincount(voice)
    rows = np.split(voice.argsort(kind="stable"), sizes.cumsum()[:-1])
    for size in np.unique(sizes).tolist():
        alike = np.flatnonzero(sizes == size)
        step = max(_AT_ONCE // size, 1)
        for start in range(0, len(alike), step):
            some = alike[start : start + step]
            yield some, np.stack([rows[number] for number in some])


def _reasons(seconds: NDArray[np.float64], variety: float) -> tuple[str, ...]:
    return tuple(reason.code for reason in comparison_doubts(seconds, variety))


def compared_schema(schema: Schema) -> Schema:
    """The columns of `Voices.compared`, for rows with these columns."""
    pa = arrow("batch")
    added = zip(_ADDED, (pa.string(), pa.float64(), pa.float64()), strict=True)
    return pa.schema([*(kind.with_name(_given(kind.name)) for kind in schema), *added])


def _check(folder: RunFolder) -> None:
    options = folder.run["options"]
    if options.get("baseline"):
        raise OptionError(
            f"The run in '{folder.path}' is compared already: each recording with itself. Export it without --baseline.",
            f"“{folder.path}”中的结果已与各录音自身比较。请不使用 --baseline 导出。",
        )
    if options["granularity"] == "frame":
        raise OptionError(
            f"The run in '{folder.path}' is one of segments, which were cut without a baseline. Run it in another folder with "
            "--granularity frame --baseline auto: each recording is then compared with itself.",
            f"“{folder.path}”中的结果是片段，切分时未使用基线。请在另一个文件夹中使用 --granularity frame --baseline auto "
            "重新运行：每个录音将与自身比较。",
        )
    if not options["embedding"]:
        raise OptionError(
            f"The run in '{folder.path}' kept no embeddings, so nothing can be compared. Run it in another folder, with "
            "--embedding.",
            f"“{folder.path}”中的批处理未保存嵌入向量，无法比较。请在另一个文件夹中使用 --embedding 重新运行。",
        )


def _names(table: Table) -> Iterator[str]:
    """The voice of each row, as far as it is known."""
    named = {name: table[name].to_pylist() for name in ("speaker", "corpus") if name in table.column_names}
    for place, file in enumerate(table["file"].to_pylist()):
        speaker = speaker_named({name: texts[place] or "" for name, texts in named.items()})
        yield f"speaker {speaker}" if speaker else f"folder {_folder(file)}"


def _folder(file: str) -> str:
    """What a recording lies in: a folder, also of a URL, or an archive."""
    return file[: max(file.rfind(border) for border in ("/", "\\", "::")) + 1]


def _doubts(codes: list[str], unclear: bool, usual: tuple[str, ...]) -> list[str]:
    """Those of a row, with another baseline and other scores."""
    if not _NO_SPEECH.isdisjoint(codes):
        return codes
    found = {*codes, *usual} - {"unclear"} | ({"unclear"} if unclear else set())
    return sorted(found, key=lambda code: (place_of(code), code))


def _fitted(table: Table, columns: dict[str, Any]) -> Table:
    """The table with these columns in place of its own, and those that it does not have behind them."""
    pa = arrow("batch")
    schema = compared_schema(table.schema)
    ours = dict(zip(schema.names, table.columns, strict=False)) | columns
    arrays = [
        ours[kind.name] if isinstance(ours[kind.name], pa.ChunkedArray) else pa.array(ours[kind.name], kind.type)
        for kind in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _given(name: str) -> str:
    return f"given_{name}" if name in _ADDED else name
