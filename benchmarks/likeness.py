"""What does the similarity of two recordings say? Pairs of the same emotion against pairs of different ones.

    python benchmarks/likeness.py CORPORA [--clips 250] [--model NAME|PATH]

CORPORA is a folder with one folder for each corpus, each with its `index.csv`. All pairs are of different speakers. The model
learned from RAVDESS and Emo-DB, and never heard TESS, TurEV and ASED. Results are in likeness.md.
"""

import argparse
import random
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import emotone
from emotone.cache import EmbeddingCache
from emotone.embeddings import EmbeddedClips, embed_clips
from emotone.familiarity import Familiarity
from emotone.labels import label_of
from emotone.manifest import Clip, read_manifest
from emotone.resemblance.likeness import usual_similarities

CORPORA = ("ravdess", "emodb", "tess", "turev", "ased")


def some_clips(folder: Path, labels: tuple[str, ...], count: int) -> list[Clip]:
    """Some clips of a corpus with labels of the model, always the same ones."""
    clips = read_manifest(folder)
    random.Random(0).shuffle(clips)
    return [clip for clip in clips if label_of(clip.emotion, labels)][:count]


def pairs(embedded: EmbeddedClips, labels: tuple[str, ...]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Rows of all pairs of different speakers, `(2, pairs)`, and whether both have the same emotion, `(pairs,)`."""
    rows = np.array(np.triu_indices(len(embedded), 1))
    speakers = np.array([clip.fields.get("speaker", "") for clip in embedded.clips])
    emotions = np.array([label_of(clip.emotion, labels) for clip in embedded.clips])
    rows = rows[:, speakers[rows[0]] != speakers[rows[1]]]
    return rows, emotions[rows[0]] == emotions[rows[1]]


def cosines(vectors: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of pairs of rows, `(pairs,)`."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return (unit @ unit.T)[rows[0], rows[1]]


def area(values: NDArray[np.float64], same: NDArray[np.bool_]) -> float:
    """How often a pair of the same emotion is more alike than one of different ones: 0.5 is chance."""
    ranks = values.argsort().argsort() + 1
    hits = int(same.sum())
    return float((ranks[same].sum() - hits * (hits + 1) / 2) / (hits * (len(same) - hits)))


def row(name: str, embedded: EmbeddedClips, usual: Familiarity, labels: tuple[str, ...]) -> str:
    """One line of the table."""
    rows, same = pairs(embedded, labels)
    raw = cosines(embedded.embeddings.astype(np.float64), rows)
    centred = cosines(embedded.embeddings.astype(np.float64) - usual.centre, rows)
    shares = np.searchsorted(np.sort(usual_similarities(usual)), centred) / usual_similarities(usual).size
    cells = [f"{area(raw, same):.3f}", f"{area(centred, same):.3f}"]
    for values, digits in ((raw, ".2f"), (centred, ".2f"), (shares, ".0%")):
        cells += [f"{np.median(values[same]):{digits}}", f"{np.median(values[~same]):{digits}}"]
    return f"| {name} | {len(embedded)} | " + " | ".join(cells) + " |"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--clips", type=int, default=250)
    parser.add_argument("--model", default=emotone.DEFAULT_MODEL)
    arguments = parser.parse_args()
    model = emotone.load_model(arguments.model)
    usual = model.head.familiarity
    if usual is None:
        parser.error("this model does not know what speech is usually like")
    print(
        "| corpus | clips | AUC raw | AUC | raw: same | other | similarity: same | other | percentile: same | other |"
    )
    print("|" + "---|" * 10)
    for name in CORPORA:
        clips = some_clips(arguments.corpora / name, model.info.labels, arguments.clips)
        embedded = embed_clips(model, clips, cache=EmbeddingCache(model.info))
        print(row(name, embedded, usual, model.info.labels), flush=True)


if __name__ == "__main__":
    main()
