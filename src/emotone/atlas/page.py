"""A map as one HTML file with everything in it: it needs no network, and no server."""

import base64
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files as resources
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cluster import NOWHERE
from ..labels import LABELS, emotion_of, label_of
from ..markup import Html, join, tag
from ..text import Language, printable
from . import texts
from .atlas import CLUSTER, Atlas, Column, is_emotion

_COLORED_AT_MOST = 12  # values of a column; further ones are grey
_GREY = "#9a9aa2"
_SCRIPTS = ("data.js", "paint.js", "view.js", "panel.js", "map.js")
_STEPS = 65_535  # of a place on the map


def map_page(atlas: Atlas, name: str, language: Language, *, audio: str | None = None) -> str:
    """The map as HTML. Paths of the recordings are in it, unless they are heard by their ids: then their names are.

    Args:
        atlas: What it shows.
        name: What to call the table.
        language: The one it opens in; the page can switch.
        audio: URL to which the id of a row is appended to hear it; `None` reads the files themselves, which a browser
            does for a page that is a file.
    """
    data = _data(atlas, audio) | {
        "language": language,
        "title": {code: texts.TITLE.to(code).format(name=printable(name)) for code in ("en", "zh")},
        "texts": {code: {key: text.to(code) for key, text in texts.PAGE.items()} for code in ("en", "zh")},
    }
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    head = join(
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark">'),
        tag("title", texts.TITLE.to(language).format(name=printable(name))),
        tag("style", _asset("map.css")),
    )
    script = Html("\n".join(_asset(part) for part in _SCRIPTS))
    body = join(
        _asset("map.html"),
        tag("script", Html(printable(written)), attributes={"type": "application/json", "id": "data"}),
        tag("script", script, attributes={"type": "module"}),
    )
    code = "zh-CN" if language == "zh" else "en"
    return f'<!doctype html>\n<html lang="{code}"><head>{head}</head><body>{body}</body></html>\n'


def _asset(name: str) -> Html:
    return Html((resources(__package__) / "assets" / name).read_text(encoding="utf-8"))


def _data(atlas: Atlas, audio: str | None) -> dict[str, Any]:
    codes = {file: code for code, file in enumerate(dict.fromkeys(atlas.files))}  # names need not be different
    files = atlas.files if audio is None else [PurePath(file).name for file in atlas.files]
    root = _common_folder(files)
    clusters = [None if number == NOWHERE else str(number + 1) for number in atlas.clusters.numbers.tolist()]
    columns = [*atlas.columns[:1], Column(CLUSTER, clusters), *atlas.columns[1:]]
    steps = np.round((atlas.places.clip(-1, 1) + 1) / 2 * _STEPS).astype("<u2")
    return {
        "count": len(atlas),
        "recordings": len(codes),
        "recording": _packed(np.array([codes[file] for file in atlas.files], "<u4")),
        "whole": atlas.whole,
        "dropped": atlas.dropped,
        "clusters": atlas.clusters.count,
        "agreement": atlas.clusters.agreement,
        "audio": audio,
        "ids": None if audio is None else atlas.ids,
        "root": printable(root),
        "files": [printable(file[len(root) :]) for file in files],
        "x": _packed(steps[:, 0]),
        "y": _packed(steps[:, 1]),
        "start": _packed(atlas.start.astype("<f4")),
        "end": _packed(atlas.end.astype("<f4")),
        "named": atlas.named,
        "columns": [_column(column) for column in columns],
        "doubted": _doubted(atlas),
        "strange": list(atlas.strange),
    }


def _common_folder(paths: Sequence[str]) -> str:
    """With the separator behind it, so that what remains of each path is its name from there."""
    if not paths:
        return ""
    first, last = min(paths), max(paths)  # all others lie between them, and begin with what both begin with
    size = next(
        (place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first)
    )
    return first[: first.rfind("/", 0, size) + 1]


def _doubted(atlas: Atlas) -> dict[str, Any]:
    return {
        "rows": [one.row for one in atlas.doubted],
        "labels": [printable(one.label) for one in atlas.doubted],
        "shares": [round(one.share, 2) for one in atlas.doubted],
    }


def _column(column: Column) -> dict[str, Any]:
    if column.numbers is not None:
        values = _packed(column.numbers.astype("<f4"))
        return {"name": printable(column.name), "kind": "number", "values": values, "score": column.scored}
    counts = Counter(value for value in column.values if value is not None)
    words = _ordered(column.name, counts)
    codes = {word: code for code, word in enumerate(words)} | {None: len(words)}
    kind = _code_type(len(words))
    shown = words if is_emotion(column.name, words) else [word for word, _ in counts.most_common(_COLORED_AT_MOST)]
    looks = {word: _look(column.name, word, shown) for word in shown}
    return {
        "name": printable(column.name),
        "kind": "words",
        "codes": _packed(np.array([codes[value] for value in column.values], kind)),
        "bytes": kind.itemsize,
        "values": [printable(word) for word in words],
        "names": [looks[word]["names"] if word in looks else None for word in words],
        "colors": [looks[word]["color"] if word in looks else _GREY for word in words],
    }


def _ordered(column: str, counts: Mapping[str, int]) -> list[str]:
    if column == CLUSTER:
        return sorted(counts, key=int)
    return sorted(counts, key=lambda value: (LABELS.index(value) if value in LABELS else len(LABELS), -counts[value]))


def _look(column: str, value: str, shown: Sequence[str]) -> dict[str, Any]:
    """The colour of a value, and what to call it when it is an emotion."""
    if not is_emotion(column, shown):
        return {"color": emotion_of(f"{column} {value}", [f"{column} {other}" for other in shown]).color, "names": None}
    meant = emotion_of(label_of(value, LABELS) or value, shown)
    names = [f"{meant.emoji} {text if value in LABELS else value}" for text in (meant.name.en, meant.name.zh)]
    return {"color": meant.color, "names": names}


def _code_type(most: int) -> np.dtype[Any]:
    return np.dtype("<u1" if most < 1 << 8 else "<u2" if most < 1 << 16 else "<u4")


def _packed(values: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")
