"""What clusters hold, as JSON and CSV know it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..cluster import NOWHERE
from .atlas import Atlas


def cluster_record(atlas: Atlas) -> dict[str, Any]:
    """The clusters, and the rows that want a look."""
    clusters = atlas.clusters
    return {
        "rows": len(atlas),
        "method": clusters.method,
        "labels": atlas.named,
        "silhouette": clusters.silhouette,
        "adjusted_mutual_information": clusters.agreement,
        "clusters": [_cluster(atlas, number) for number in range(clusters.count)],
        "in_no_cluster": int((clusters.numbers == NOWHERE).sum()),
        "mislabelled": [
            {**_place(atlas, one.row), "suggested": one.label, "share": round(one.share, 3)} for one in atlas.doubted
        ],
        "outliers": [_place(atlas, row) for row in atlas.strange],
    }


def cluster_rows(atlas: Atlas) -> Iterator[dict[str, Any]]:
    """Each row with its cluster, from 1 (empty: in none), the label that is suggested, and whether it is an outlier."""
    suggested = {one.row: one.label for one in atlas.doubted}
    strange = set(atlas.strange)
    for row, number in enumerate(atlas.clusters.numbers.tolist()):
        yield {
            **_place(atlas, row),
            "cluster": "" if number == NOWHERE else number + 1,
            "suggested": suggested.get(row, ""),
            "outlier": row in strange,
        }


def _cluster(atlas: Atlas, number: int) -> dict[str, Any]:
    rows = np.flatnonzero(atlas.clusters.numbers == number).tolist()
    labels = Counter(atlas.labels[row] for row in rows if atlas.labels[row] is not None)
    label, count = labels.most_common(1)[0] if labels else (None, 0)
    return {
        "cluster": number + 1,
        "rows": len(rows),
        "label": label,
        "share": round(count / len(rows), 3),
        "typical": _place(atlas, atlas.typical[number]),
    }


def _place(atlas: Atlas, row: int) -> dict[str, Any]:
    times = {"start": round(float(atlas.start[row]), 3), "end": round(float(atlas.end[row]), 3)}
    return {"file": atlas.files[row], **times, atlas.named: atlas.labels[row]}
