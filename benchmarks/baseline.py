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
from emotone.baseline import FULL_VARIETY, MANY, ONE_MOOD, PRIOR, compare
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
WINDOW, PASSAGE = 3.0, 9.0  # seconds

_Array = NDArray[np.float64]
# head, the baseline's logits (stretches, labels) and seconds, the spans' logits (spans, labels) → these compared
_Estimator = Callable[[Head, _Array, _Array, _Array], _Array]


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


def moved(
    middle: Callable[[Head, _Array, _Array], _Array], prior: float = PRIOR, full: float | None = None
) -> _Estimator:
    """A middle of the baseline is moved to the usual logits, as far as there is speech and, with `full`, variety."""

    def compared(head: Head, logits: _Array, seconds: _Array, spans: _Array) -> _Array:
        trust = seconds.sum() / (seconds.sum() + prior)
        if full is not None:
            trust *= min(float(compare(head, logits, seconds).variety) / full, 1.0)
        usual = np.zeros(len(LABELS)) if head.usual is None else head.usual.astype(np.float64)
        return spans + trust * (usual - middle(head, logits, seconds))

    return compared


def _bundled(head: Head, logits: _Array, seconds: _Array, spans: _Array) -> _Array:
    return compare(head, logits, seconds).applied(spans)


def _mean(_: Head, logits: _Array, seconds: _Array) -> _Array:
    return np.average(logits, axis=0, weights=seconds)


def _trimmed(_: Head, logits: _Array, seconds: _Array) -> _Array:
    cut = len(logits) // 5
    return np.sort(logits, axis=0)[cut : len(logits) - cut].mean(axis=0)


def _medoid(_: Head, logits: _Array, seconds: _Array) -> _Array:
    return logits[np.linalg.norm(logits[:, None] - logits, axis=-1).sum(axis=1).argmin()]


def _neutral(head: Head, logits: _Array, seconds: _Array) -> _Array:
    return np.average(logits, axis=0, weights=head.probabilities(logits)[:, NEUTRAL] + 1e-3)


def _iterated(head: Head, logits: _Array, seconds: _Array) -> _Array:
    middle = logits.mean(axis=0)
    for _ in range(5):
        middle = _neutral(head, logits - middle, seconds) + middle
    return middle


ESTIMATORS: dict[str, _Estimator] = {
    "no baseline": lambda head, logits, seconds, spans: spans,
    "mean": moved(_mean, 0.0),
    "mean, prior 2 s": moved(_mean, 2.0),
    "mean, prior 5 s": moved(_mean, 5.0),
    "mean, prior 10 s": moved(_mean),
    "mean, prior 20 s": moved(_mean, 20.0),
    "equal weights, prior 10 s": moved(lambda _, logits, seconds: logits.mean(axis=0)),
    "trimmed by a fifth": moved(_trimmed),
    "median": moved(lambda _, logits, seconds: np.median(logits, axis=0)),
    "medoid": moved(_medoid),
    "weighted by neutral": moved(_neutral),
    "weighted by neutral, iterated": moved(_iterated),
    "mean, with variety": moved(_mean, full=FULL_VARIETY),
    "mean, full variety 0.24": moved(_mean, full=0.24),
    "mean, full variety 0.48": moved(_mean, full=0.48),
    "with variety and moods (bundled)": _bundled,
}


def judged(
    heads: Heads | Identity, kind: str, corpus: Corpus, sort: str, count: int, estimators: list[str]
) -> list[float]:
    """UAR of each estimator."""
    found: dict[str, list[_Array]] = {name: [] for name in estimators}
    truth = []
    for speaker, chosen, others in sets(corpus, sort, count):
        head = _offering(heads.of(speaker)[kind], corpus)
        logits, base = head.logits(corpus.embeddings[others]), head.logits(corpus.embeddings[chosen])
        truth.append(corpus.truth[others])
        for name in estimators:
            found[name].append(ESTIMATORS[name](head, base, corpus.seconds[chosen], logits))
    if not truth:
        return [float("nan")] * len(estimators)
    return [uar(np.concatenate(found[name]), np.concatenate(truth)) for name in estimators]


def _offering(head: Head, corpus: Corpus) -> Head:
    """The head, with only the labels of a corpus."""
    return replace(head, masked=frozenset(set(LABELS) - {LABELS[label] for label in np.unique(corpus.truth)}))


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
        found: dict[str, list[float]] = {"mixed": [], "one mood": []}
        generator = np.random.default_rng(2)
        for speaker in generator.permutation(np.unique(corpus.speakers))[:4]:
            for kind, varieties in found.items():
                passages = joined(corpus, str(speaker), kind, 90.0, generator)
                signal = np.concatenate([passage.signal for passage in passages])
                baseline = recognizer.listen(signal, sample_rate=SAMPLE_RATE).baseline()
                logits = recognizer.head.logits(baseline.embeddings)
                varieties.append(float(compare(recognizer.head, logits, baseline.seconds).variety))
        cells.append(_guard_cell(found["mixed"], found["one mood"]))
    print("| 90 s | " + " | ".join(cells) + " |")


def print_windows(recognizer: emotone.Recognizer, corpora: list[Corpus]) -> None:
    """Recordings of six minutes, each compared with itself: UAR of windows of 3 s that lie in one passage."""
    estimators = ("no baseline", "mean, with variety", "with variety and moods (bundled)")
    print(title("six minutes, compared with themselves", list(estimators)))
    for corpus in corpora:
        speakers, counts = np.unique(corpus.speakers, return_counts=True)
        head, half = _offering(recognizer.head, corpus), WINDOW / 2
        for kind in ("mixed", "70 % neutral"):
            logits: dict[str, list[_Array]] = {name: [] for name in estimators}
            truth: list[int] = []
            for speaker in speakers[np.argsort(-counts)[:2]]:
                passages = joined(corpus, str(speaker), kind, 360.0, np.random.default_rng(0))
                signal = np.concatenate([passage.signal for passage in passages])
                heard = recognizer.listen(signal, sample_rate=SAMPLE_RATE, keep_frames=True)
                assert heard.frames is not None
                rate, baseline, spans = heard.info.frame_rate, heard.baseline(), []
                for passage, end in zip(passages, np.cumsum([len(one.signal) for one in passages]), strict=True):
                    last = end / SAMPLE_RATE
                    for middle in np.arange(last - len(passage.signal) / SAMPLE_RATE + half, last - half, 1.0):
                        window = slice(round((middle - half) * rate), round((middle + half) * rate))
                        spans.append(heard.frames[window].mean(axis=0))
                        truth.append(passage.label)
                said, base = head.logits(np.array(spans)), head.logits(baseline.embeddings)
                for name in estimators:
                    logits[name].append(ESTIMATORS[name](head, base, baseline.seconds, said))
            values = [uar(np.concatenate(logits[name]), np.array(truth)) for name in estimators]
            print(row(f"{corpus.name}, {kind}", values))


@dataclass(frozen=True)
class Passage:
    """Clips of one voice in one mood, one after the other."""

    label: int
    signal: NDArray[np.float32]


def joined(corpus: Corpus, speaker: str, kind: str, seconds: float, generator: np.random.Generator) -> list[Passage]:
    """Passages of 9 s at least, as long as `seconds` together; no two neighbours are of the same mood, unless all are of one."""
    rows = np.flatnonzero(corpus.speakers == speaker)
    moods = np.unique(corpus.truth[rows])
    mood, passages, total = int(generator.choice(moods)), list[Passage](), 0.0
    while total < seconds:
        pool, parts, lasted = rows[corpus.truth[rows] == mood], [], 0.0
        wanted = PASSAGE * (7 / 3 if kind == "70 % neutral" and mood == NEUTRAL else 1.0)
        while lasted < wanted:
            chosen = generator.choice(pool)
            parts.append(emotone.load_audio(corpus.files[chosen]).samples)
            lasted += parts[-1].size / SAMPLE_RATE
        passages.append(Passage(mood, np.concatenate(parts)))
        total += lasted
        others = moods[moods != mood]
        if kind == "70 % neutral":
            others = others[others != NEUTRAL] if mood == NEUTRAL else np.array([NEUTRAL])
        mood = mood if kind == "one mood" else int(generator.choice(others))
    return passages


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
                spans = head.logits(corpus.embeddings[others])
                logits.append(base.applied(spans) if count else spans)
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
    constants = f"PRIOR {PRIOR:g} s, FULL_VARIETY {FULL_VARIETY}, ONE_MOOD {ONE_MOOD}, MANY {MANY:g}"
    print(f"{recognizer.info.name} {recognizer.info.revision}. {constants}.")
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
        ("mixed", (1, 2, 4, 8, 16, 32, 64)),
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
        print_windows(recognizer, reported)
    if not arguments.held_out:
        print_own(recognizer, corpora)


if __name__ == "__main__":
    main()
