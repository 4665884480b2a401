"""Which baseline, and what is it worth? `python benchmarks/baseline.py CORPORA [--model NAME|PATH] [--held-out FILE] [--long]`.

With `--held-out FILE` (`held_out.npz` of `training/build.py`) every clip of the training corpora is judged by a model that has
not heard its speaker, the others by the model as it is. Without it, heads are fitted on speakers that are not judged (five folds
over four training corpora), on the model's embeddings: for encoders that did not learn from these corpora, such as that of
revision 1. UAR in percent, labels that a corpus lacks are not offered. RAVDESS, Emo-DB and nEMO choose; the others are only
reported. `--long` listens to recordings joined of clips: some minutes.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import emotone
from emotone.baseline import FULL_VARIETY, ONE_MOOD, PRIOR, compare
from emotone.cache import EmbeddingCache
from emotone.embeddings import embed_clips
from emotone.heads import Head, softmax
from emotone.labels import LABELS
from emotone.manifest import read_manifest
from emotone.types import SAMPLE_RATE

TRAINING, CHOOSING, REPORTED = (
    ("ravdess", "emodb", "nemo", "emotiontts_ko"),
    ("ravdess", "emodb", "nemo"),
    ("tess", "turev", "ased"),
)
FOLDS, AXES, STRENGTH = 5, 384, 0.003
REPEATS = 4  # sets drawn for each speaker
NEUTRAL = LABELS.index("neutral")

_Array = NDArray[np.float64]
_Estimator = Callable[[Head, _Array, _Array], _Array]  # head, logits (stretches, labels), seconds → offset (labels,)


@dataclass(frozen=True)
class Corpus:
    """Embedded clips of one corpus."""

    name: str
    embeddings: NDArray[np.float32]
    truth: NDArray[np.int64]
    speakers: NDArray[np.str_]
    seconds: _Array
    files: list[Path]


def load(root: Path, name: str, recognizer: emotone.Recognizer) -> Corpus:
    """The clips of a corpus; embeddings from the cache where it has them."""
    found = embed_clips(recognizer, read_manifest(root / name), cache=EmbeddingCache(recognizer.info))
    truth = np.array([LABELS.index(clip.emotion) for clip in found.clips])
    speakers = np.array([f"{name}/{clip.fields['speaker']}" for clip in found.clips])
    return Corpus(name, found.embeddings, truth, speakers, found.durations, [clip.file for clip in found.clips])


class Identity:
    """The head of corpora whose embeddings are logits: what makes scores of them is that of the model."""

    def __init__(self, head: Head) -> None:
        size = len(head.labels)
        self._head = replace(
            head, weight=np.eye(size, dtype=np.float32), bias=np.zeros(size, np.float32), familiarity=None, boldness=0.0
        )

    def of(self, speaker: str) -> dict[str, Head]:
        """The same for all."""
        return {"both": self._head}


def held_out(path: Path, root: Path, names: tuple[str, ...]) -> list[Corpus]:
    """Corpora with logits in place of embeddings, from models that have not heard the speaker."""
    with np.load(path) as file:
        fields = {name: file[name] for name in ("corpora", "logits", "truth", "speakers", "seconds", "files")}
    found = []
    for name in names:
        own = {field: values[fields["corpora"] == name] for field, values in fields.items()}
        files = [root / name / str(file) for file in own["files"]]
        logits = own["logits"].astype(np.float32)
        found.append(Corpus(name, logits, own["truth"], own["speakers"], own["seconds"], files))
    return found


def judged_by(head: Head, corpus: Corpus) -> Corpus:
    """The same with a head's logits in place of embeddings."""
    return replace(corpus, embeddings=head.logits(corpus.embeddings).astype(np.float32))


class Heads:
    """Heads of each kind for each fold of speakers, and for none held out."""

    def __init__(self, corpora: list[Corpus]) -> None:
        features = np.concatenate([corpus.embeddings for corpus in corpora])
        self._mean = features.mean(axis=0)
        variances, axes = np.linalg.eigh(np.cov(features, rowvar=False))
        self._axes = (axes / np.maximum(variances, 0.02 * variances.mean()) ** 0.25)[:, -AXES:].astype(np.float32)
        self.fold = _folds(corpora)
        self.by_fold = [self._fit(corpora, fold) for fold in range(FOLDS + 1)]

    def of(self, speaker: str) -> dict[str, Head]:
        """The heads that did not learn from a speaker."""
        return self.by_fold[self.fold.get(speaker, FOLDS)]

    def _fit(self, corpora: list[Corpus], fold: int) -> dict[str, Head]:
        features, centred, truth, weights, usual = [], [], [], [], []
        for corpus in corpora:
            rows = np.array([self.fold[speaker] != fold for speaker in corpus.speakers])
            own = (corpus.embeddings[rows] - self._mean) @ self._axes
            speakers, place = np.unique(corpus.speakers[rows], return_inverse=True)
            means = np.stack([own[place == number].mean(axis=0) for number in range(len(speakers))])
            features.append(own)
            centred.append(own - means[place])
            usual.append(means.mean(axis=0))
            truth.append(corpus.truth[rows])
            counts = np.bincount(truth[-1], minlength=len(LABELS))
            share = 0.5 if corpus.name == "emotiontts_ko" else 1.0
            weights.append(share / counts[truth[-1]] / (counts > 0).sum())
        plain, apart, labels, weight = map(np.concatenate, (features, centred, truth, weights))
        weight /= weight.mean()
        middle = np.mean(usual, axis=0)
        twice = np.concatenate([plain, apart + middle])
        return {
            "absolute": self._head(plain, labels, weight, middle),
            "centred": self._head(apart + middle, labels, weight, middle),
            "both": self._head(twice, np.tile(labels, 2), np.tile(weight, 2), middle),
        }

    def _head(self, features: _Array, truth: NDArray[np.int64], weights: _Array, middle: _Array) -> Head:
        model = LogisticRegression(C=STRENGTH, max_iter=150, tol=2e-3).fit(features, truth, sample_weight=weights)
        weight, bias = np.zeros((len(LABELS), len(self._mean))), np.zeros(len(LABELS))
        weight[model.classes_] = model.coef_ @ self._axes.T
        bias[model.classes_] = model.intercept_ - weight[model.classes_] @ self._mean
        masked = frozenset(set(LABELS) - {LABELS[number] for number in model.classes_})
        return Head(LABELS, weight.astype(np.float32), bias.astype(np.float32), 1.0, masked)


def _folds(corpora: list[Corpus]) -> dict[str, int]:
    generator = np.random.default_rng(0)
    return {
        str(speaker): place % FOLDS
        for corpus in corpora
        for place, speaker in enumerate(generator.permutation(np.unique(corpus.speakers)))
    }


def uar(logits: _Array, truth: NDArray[np.int64]) -> float:
    """In percent, over the labels that there are."""
    present = np.unique(truth)
    guesses = present[logits[:, present].argmax(axis=1)]
    return 100 * float(np.mean([(guesses[truth == label] == label).mean() for label in present]))


def draw(truth: NDArray[np.int64], count: int, kind: str, generator: np.random.Generator) -> NDArray[np.int64] | None:
    """Clips of one speaker for a baseline; `None` where the speaker has too few of the kind."""
    neutral, moods = np.flatnonzero(truth == NEUTRAL), [label for label in np.unique(truth) if label != NEUTRAL]
    if kind == "one mood":
        pool = np.flatnonzero(truth == generator.choice(moods)) if moods else neutral[:0]
    elif kind == "neutral":
        pool = neutral
    elif kind == "70 % neutral":
        some = generator.permutation(neutral)[: round(0.7 * count)]
        others = generator.permutation(np.flatnonzero(truth != NEUTRAL))[: count - len(some)]
        pool = np.concatenate([some, others]) if len(some) else neutral[:0]
    else:
        pool = np.arange(len(truth))
    pool = generator.permutation(pool)[: min(count, len(truth) - 1)]
    return pool if len(pool) >= min(count, 3) else None


def sets(corpus: Corpus, kind: str, count: int) -> Iterator[tuple[str, NDArray[np.int64], NDArray[np.int64]]]:
    """Speaker, clips of a baseline, and the speaker's other clips."""
    generator = np.random.default_rng(1)
    for speaker in np.unique(corpus.speakers):
        rows = np.flatnonzero(corpus.speakers == speaker)
        for _ in range(REPEATS):
            chosen = draw(corpus.truth[rows], count, kind, generator)
            if chosen is not None:
                yield str(speaker), rows[chosen], np.delete(rows, chosen)


def product(prior: float = PRIOR, full: float | None = FULL_VARIETY) -> _Estimator:
    """What `emotone.baseline` does, or the same with other constants; `full` None: variety does not count."""

    def offset(head: Head, logits: _Array, seconds: _Array) -> _Array:
        found = compare(head, logits, seconds)
        gate = 1.0 if full is None else min(float(found.variety) / full, 1.0)
        trust = seconds.sum() / (seconds.sum() + prior) * gate
        return trust * (_usual(head) - np.average(logits, axis=0, weights=seconds))

    return offset


def _usual(head: Head) -> _Array:
    return np.zeros(len(LABELS)) if head.usual is None else head.usual.astype(np.float64)


def _shrunk(middle: Callable[[Head, _Array], _Array]) -> _Estimator:
    return lambda head, logits, seconds: seconds.sum() / (seconds.sum() + PRIOR) * (_usual(head) - middle(head, logits))


def _trimmed(_: Head, logits: _Array) -> _Array:
    cut = len(logits) // 5
    return np.sort(logits, axis=0)[cut : len(logits) - cut].mean(axis=0)


def _medoid(_: Head, logits: _Array) -> _Array:
    return logits[np.linalg.norm(logits[:, None] - logits, axis=-1).sum(axis=1).argmin()]


def _neutral(head: Head, logits: _Array) -> _Array:
    return np.average(logits, axis=0, weights=head.probabilities(logits)[:, NEUTRAL] + 1e-3)


def _iterated(head: Head, logits: _Array) -> _Array:
    middle = logits.mean(axis=0)
    for _ in range(5):
        middle = np.average(logits, axis=0, weights=head.probabilities(logits - middle)[:, NEUTRAL] + 1e-3)
    return middle


ESTIMATORS: dict[str, _Estimator] = {
    "no baseline": lambda head, logits, seconds: np.zeros(len(LABELS)),
    "mean": product(0.0, None),
    "mean, prior 2 s": product(2.0, None),
    "mean, prior 5 s": product(5.0, None),
    "mean, prior 10 s": product(10.0, None),
    "mean, prior 20 s": product(20.0, None),
    "equal weights, prior 10 s": _shrunk(lambda _, logits: logits.mean(axis=0)),
    "trimmed by a fifth": _shrunk(_trimmed),
    "median": _shrunk(lambda _, logits: np.median(logits, axis=0)),
    "medoid": _shrunk(_medoid),
    "weighted by neutral": _shrunk(_neutral),
    "weighted by neutral, iterated": _shrunk(_iterated),
    "with variety (bundled)": product(),
    "full variety 0.24": product(full=0.24),
    "full variety 0.48": product(full=0.48),
}


def judged(
    heads: Heads | Identity, kind: str, corpus: Corpus, sort: str, count: int, estimators: list[str]
) -> list[float]:
    """UAR of each estimator."""
    found: dict[str, list[_Array]] = {name: [] for name in estimators}
    truth = []
    for speaker, chosen, others in sets(corpus, sort, count):
        head = heads.of(speaker)[kind]
        logits, base = head.logits(corpus.embeddings[others]), head.logits(corpus.embeddings[chosen])
        truth.append(corpus.truth[others])
        for name in estimators:
            found[name].append(logits + ESTIMATORS[name](head, base, corpus.seconds[chosen]))
    if not truth:
        return [float("nan")] * len(estimators)
    return [uar(np.concatenate(found[name]), np.concatenate(truth)) for name in estimators]


def row(name: str, values: list[float], digits: int = 1) -> str:
    """A line of a Markdown table."""
    return f"| {name} | " + " | ".join("–" if np.isnan(value) else f"{value:.{digits}f}" for value in values) + " |"


def title(first: str, names: list[str]) -> str:
    """The head of a Markdown table."""
    return f"\n| {first} | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 1)


def print_heads(heads: Heads, corpora: list[Corpus]) -> None:
    """One head or two, and what `usual` should be: each clip beside all others of its speaker."""
    print(title("head, view", [corpus.name for corpus in corpora]))
    for kind in ("absolute", "centred", "both"):
        rows: dict[str, list[float]] = {}
        for corpus in corpora:
            logits = np.empty((len(corpus.truth), len(LABELS)))
            middle, usual = np.empty_like(logits), np.empty_like(logits)
            for speaker in np.unique(corpus.speakers):
                own = corpus.speakers == speaker
                logits[own] = heads.of(str(speaker))[kind].logits(corpus.embeddings[own])
                middle[own] = (logits[own].sum(axis=0) - logits[own]) / (own.sum() - 1)
                usual[own] = heads.of(str(speaker))[kind].bias + heads.of(str(speaker))[kind].weight @ heads._mean
            for name, view in {
                "absolute": logits,
                "relative, usual 0": logits - middle,
                "relative, usual of the mean voice": logits - middle + usual,
            }.items():
                rows.setdefault(f"{kind}, {name}", []).append(uar(view, corpus.truth))
        for name, values in rows.items():
            print(row(name, values))


def print_guard(heads: Heads | Identity, corpora: list[Corpus]) -> None:
    """How well variety tells sets of one mood from mixed ones."""
    print(title("clips", [f"{corpus.name}: AUROC, false alarms, caught (%)" for corpus in corpora]))
    for count in (4, 8, 16, 32):
        cells = []
        for corpus in corpora:
            mixed, one = (
                [
                    _variety(heads, corpus, speaker, chosen)
                    for kind in kinds
                    for speaker, chosen, _ in sets(corpus, kind, count)
                ]
                for kinds in (("mixed",), ("one mood", "neutral"))
            )
            cells.append(_guard_cell(mixed, one))
        print(f"| {count} | " + " | ".join(cells) + " |")


def _variety(heads: Heads | Identity, corpus: Corpus, speaker: str, chosen: NDArray[np.int64]) -> float:
    head = heads.of(speaker)["both"]
    return float(compare(head, head.logits(corpus.embeddings[chosen]), corpus.seconds[chosen]).variety)


def _guard_cell(mixed: list[float], one: list[float]) -> str:
    if not mixed or not one:
        return "–"
    area = roc_auc_score([1] * len(mixed) + [0] * len(one), mixed + one)
    alarms, caught = (100 * np.mean(np.array(found) < ONE_MOOD) for found in (mixed, one))
    return f"{area:.3f}, {alarms:.0f}, {caught:.0f} (medians {np.median(mixed):.2f} / {np.median(one):.2f})"


def print_long(recognizer: emotone.Recognizer, corpora: list[Corpus]) -> None:
    """The same of recordings of a minute and a half: moods that last 9 s against one mood; with the model's own head."""
    print(title("long recordings, own head", [f"{corpus.name}: AUROC, false alarms, caught (%)" for corpus in corpora]))
    cells = []
    for corpus in corpora:
        found: dict[bool, list[float]] = {True: [], False: []}
        generator = np.random.default_rng(2)
        for speaker in generator.permutation(np.unique(corpus.speakers))[:4]:
            for mixed in (True, False):
                signal = _joined(corpus, str(speaker), mixed, generator)
                baseline = recognizer.listen(signal, sample_rate=SAMPLE_RATE).baseline()
                logits = recognizer.head.logits(baseline.embeddings)
                found[mixed].append(float(compare(recognizer.head, logits, baseline.seconds).variety))
        cells.append(_guard_cell(found[True], found[False]))
    print("| 90 s | " + " | ".join(cells) + " |")


def _joined(corpus: Corpus, speaker: str, mixed: bool, generator: np.random.Generator) -> NDArray[np.float32]:
    rows = np.flatnonzero(corpus.speakers == speaker)
    moods = np.unique(corpus.truth[rows])
    mood, parts, lasted, total = generator.choice(moods), [], 0.0, 0.0
    while total < 90:
        if mixed and lasted >= 9:
            mood, lasted = generator.choice(moods[moods != mood]), 0.0
        chosen = generator.choice(rows[corpus.truth[rows] == mood])
        parts.append(emotone.load_audio(corpus.files[chosen]).samples)
        lasted, total = lasted + corpus.seconds[chosen], total + corpus.seconds[chosen]
    return np.concatenate(parts)


def print_own(recognizer: emotone.Recognizer, corpora: list[Corpus]) -> None:
    """The model's own head; it may have heard the training corpora."""
    head = recognizer.head
    print(title("own head, clips in the baseline", [corpus.name for corpus in corpora]))
    for count in (0, 1, 4, 8, 16, 32):
        values = []
        for corpus in corpora:
            logits, truth = [], []
            for _, chosen, others in sets(corpus, "mixed", max(count, 1)):
                base = compare(head, head.logits(corpus.embeddings[chosen]), corpus.seconds[chosen])
                logits.append(head.logits(corpus.embeddings[others]) + (base.offset if count else 0))
                truth.append(corpus.truth[others])
            values.append(uar(softmax(np.concatenate(logits)), np.concatenate(truth)))
        print(row(str(count), values))


def main() -> None:
    """Prints Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--model", default=emotone.DEFAULT_MODEL)
    parser.add_argument("--held-out", type=Path)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--reported", nargs="*", default=REPORTED)
    arguments = parser.parse_args()
    recognizer = emotone.load_model(arguments.model, threads=1)
    print(
        f"{recognizer.info.name} {recognizer.info.revision}. PRIOR {PRIOR:g} s, FULL_VARIETY {FULL_VARIETY}, ONE_MOOD {ONE_MOOD}."
    )
    reported = [load(arguments.corpora, name, recognizer) for name in arguments.reported]
    heads: Heads | Identity
    if arguments.held_out:
        heads = Identity(recognizer.head)
        corpora = held_out(arguments.held_out, arguments.corpora, CHOOSING)
        corpora += [judged_by(recognizer.head, corpus) for corpus in reported]
    else:
        training = [load(arguments.corpora, name, recognizer) for name in TRAINING]
        corpora = [corpus for corpus in training if corpus.name in CHOOSING] + reported
        heads = Heads(training)
        print_heads(heads, corpora)
    for sort, counts in (
        ("mixed", (1, 2, 4, 8, 16, 32)),
        ("70 % neutral", (8, 32)),
        ("neutral", (8, 32)),
        ("one mood", (8, 32)),
    ):
        for count in counts:
            print(title(f"{count} clips, {sort}", [corpus.name for corpus in corpora]))
            names = list(ESTIMATORS)
            table = [judged(heads, "both", corpus, sort, count, names) for corpus in corpora]
            for number, name in enumerate(names):
                print(row(name, [column[number] for column in table]))
    print_guard(heads, corpora)
    if arguments.long:
        print_long(recognizer, [corpus for corpus in corpora if corpus.name in CHOOSING])
    if not arguments.held_out:
        print_own(recognizer, corpora)


if __name__ == "__main__":
    main()
