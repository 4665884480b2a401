"""What does whitening buy? Finding the same emotion in other voices, with raw, centred and whitened embeddings.

    python benchmarks/retrieval.py CORPORA [--clips 300]

CORPORA is a folder with one folder for each corpus, each with its `index.csv`. Every clip is searched for among the clips of
all other speakers of its corpus, and among those of all other corpora of its group; a match is right when it has the same
emotion. Nothing is fitted with labels: statistics are those of the clips that are searched, as in a store. What whitening
shrinks by was chosen by the first group, which the encoder learned from; store.md says what was known of the others by then.

The second table says how many rows percentiles need: how far they are off for pairs of clips that the statistics do not know.
Embeddings are kept: a second run takes seconds. Results are in store.md.
"""

import argparse
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

import emotone
from emotone.cache import EmbeddingCache
from emotone.embeddings import EmbeddedClips, embed_clips
from emotone.manifest import read_manifest
from emotone.store import whitening

GROUPS = {"learned from": ("emodb", "ravdess", "nemo", "emotiontts_ko"), "held out": ("tess", "turev", "ased")}
SHRINKAGES = (0.02, 0.5, 0.9, 0.98, whitening.SHRINKAGE)
ROWS = (25, 50, 100, 200, 400, 800)
NEAREST = 10
REPEATS = 5

Values = NDArray[np.float32]


def _lengths_1(values: Values) -> Values:
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def _centred(values: Values) -> Values:
    return _lengths_1(values - values.mean(axis=0))


def _whitened(shrinkage: float) -> Callable[[Values], Values]:
    def apply(values: Values) -> Values:
        with patch.object(whitening, "SHRINKAGE", shrinkage):
            return whitening.fit_whitening(values, range(len(values))).apply(values)

    return apply


WAYS: dict[str, Callable[[Values], Values]] = {
    "raw": _lengths_1,
    "centred": _centred,
    **{f"whitened, shrunk by {share}": _whitened(share) for share in SHRINKAGES},
}


def quality(vectors: Values, emotions: NDArray[np.str_], apart: NDArray[np.str_]) -> tuple[float, float]:
    """Mean average precision and precision@10, over clips that have a right match."""
    similar, averages, firsts = vectors @ vectors.T, [], []
    for number, row in enumerate(similar):
        others = apart != apart[number]
        right = (emotions[others] == emotions[number])[np.argsort(-row[others])]
        if right.any():
            averages.append((right.cumsum() / np.arange(1, len(right) + 1))[right].mean())
            firsts.append(right[:NEAREST].mean())
    return float(np.mean(averages)), float(np.mean(firsts))


def retrieval_table(group: Sequence[EmbeddedClips], names: Sequence[str]) -> list[str]:
    """Lines of the first table."""
    parts = [(part.embeddings, *_described(part, name)) for part, name in zip(group, names, strict=True)]
    everything = tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))
    lines = []
    for way, apply in WAYS.items():
        cells = [quality(apply(values), emotions, speakers) for values, emotions, speakers, _ in parts]
        values, emotions, speakers, corpora = everything
        together = apply(values)
        cells += [quality(together, emotions, speakers), quality(together, emotions, corpora)]
        lines.append(f"| {way} | " + " | ".join(f"{mean:.3f} / {first:.3f}" for mean, first in cells) + " |")
    return lines


def _described(part: EmbeddedClips, name: str) -> tuple[NDArray[np.str_], NDArray[np.str_], NDArray[np.str_]]:
    emotions = np.array([clip.emotion for clip in part.clips])
    speakers = np.array([f"{name} {clip.fields.get('speaker', '')}" for clip in part.clips])
    return emotions, speakers, np.array([name] * len(part))


def percentile_table(values: Values) -> list[str]:
    """Lines of the second table: the largest and the mean difference, in points, of percentiles from what they should be."""
    lines = []
    for rows in ROWS:
        worst, mean = [], []
        for seed in range(REPEATS):
            order = np.random.default_rng(seed).permutation(len(values))
            fitted = whitening.fit_whitening(values[order[:rows]], range(rows))
            fresh = fitted.apply(values[order[rows:]])
            pairs = np.sort((fresh @ fresh.T)[np.triu_indices(len(fresh), 1)])
            said = 100 * np.searchsorted(fitted.pairs, pairs[:: len(pairs) // 1000]) / len(fitted.pairs)
            off = np.abs(said - np.linspace(0, 100, len(said)))
            worst.append(off.max())
            mean.append(off.mean())
        lines.append(f"| {rows} | {np.mean(mean):.1f} | {np.mean(worst):.1f} |")
    return lines


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--clips", type=int, default=300)
    args = parser.parse_args()
    recognizer = emotone.load_model()
    cache = EmbeddingCache(recognizer.info)

    def embedded(name: str) -> EmbeddedClips:
        clips = read_manifest(args.corpora / name)
        return embed_clips(recognizer, random.Random(0).sample(clips, min(args.clips, len(clips))), cache=cache)

    for title, names in GROUPS.items():
        group = [embedded(name) for name in names]
        raw = np.concatenate([_lengths_1(part.embeddings) for part in group])
        print(f"\n## {title}: mAP / precision@10; raw cosine {np.mean(raw @ raw.T):.2f} on average\n")
        print(f"| | {' | '.join(names)} | all together | other corpora |\n|---|{'---:|' * (len(names) + 2)}")
        print("\n".join(retrieval_table(group, names)), flush=True)
        values = np.concatenate([part.embeddings for part in group])
        print("\n| rows | percentiles off by, mean | at most |\n|---:|---:|---:|")
        print("\n".join(percentile_table(values)), flush=True)


if __name__ == "__main__":
    main()
