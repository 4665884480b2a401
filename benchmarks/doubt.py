"""Does the model doubt what it should? Other sounds, other corpora, short clips, and what withholding labels buys.

    python benchmarks/doubt.py CORPORA [--clips 200] [--model NAME|PATH] [--frozen]

CORPORA is a folder with one folder for each corpus, each with its `index.csv`. The model is tried as it is on what nobody
trained on: other sounds, TESS, TurEV and ASED, against the two speakers of the training corpora that were left out of it.
With `--frozen`, heads, temperatures and what is familiar come from the training corpora without the speakers that are judged:
for encoders that did not learn from these corpora, such as that of revision 1. Embeddings are kept: a second run takes a
minute. Results are in doubt.md.
"""

import argparse
import hashlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sounds import MAKERS, Maker, Sound

import emotone
from emotone.audio import load_audio
from emotone.cache import EmbeddingCache
from emotone.doubts import GRAVE, unclear, unfamiliar
from emotone.embeddings import EmbeddedClips, embed_clips
from emotone.evaluation import calibration_error, speaker_of
from emotone.familiarity import fit_familiarity
from emotone.heads import Head, softmax
from emotone.manifest import Clip, read_manifest
from emotone.training import train_head
from emotone.twins import Crowd
from emotone.types import SAMPLE_RATE, Audio, Signal

TRAINING = ("ravdess", "emodb", "nemo", "emotiontts_ko")
FOREIGN = ("tess", "turev", "ased")
# Corpus and speaker of the package's examples: no bundled model learned from them.
UNHEARD = (("ravdess", "06"), ("emodb", "08"))
FOLDS = 3
CUTS = (1.0, 2.0, 3.0, 5.0)
VOICES = 6  # in babble
COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Cut:
    """The middle of a recording."""

    seconds: float

    @property
    def key(self) -> str:
        """As embeddings are kept under."""
        return f"cut {self.seconds:g}"

    def apply(self, audio: Audio) -> Signal:
        """So many seconds, or all there is."""
        samples = round(self.seconds * SAMPLE_RATE)
        start = max(0, (audio.samples.size - samples) // 2)
        return audio.samples[start : start + samples]


@dataclass(frozen=True)
class Instead:
    """Another sound of the same length, of a second at least."""

    name: str
    make: Maker

    @property
    def key(self) -> str:
        """As embeddings are kept under."""
        return f"instead {self.name} 1"

    def apply(self, audio: Audio) -> Signal:
        """Follows from the recording's bytes."""
        digest = hashlib.sha256(f"{self.name} {audio.source.sha256}".encode()).digest()
        generator = np.random.default_rng(int.from_bytes(digest[:8], "little"))
        return self.make(max(audio.samples.size, SAMPLE_RATE), generator).astype(np.float32)


def babble(crowd: Crowd) -> Maker:
    """Several people at once, none louder than the others."""

    def make(samples: int, generator: np.random.Generator) -> Sound:
        chosen = [crowd.voices[place] for place in generator.permutation(len(crowd.voices))[:VOICES]]
        together = sum(np.resize(np.roll(voice, -int(generator.integers(voice.size))), samples) for voice in chosen)
        level = 10 ** (generator.uniform(-35, -15) / 20)
        return np.asarray(together * level / np.sqrt(np.mean(np.square(together))))

    return make


@dataclass(frozen=True)
class Heard:
    """What one fold's head makes of some clips.

    Attributes:
        scores: `(clips, labels)`.
        right: Which were recognised; all false for sounds without an emotion.
        values: Name → how doubtful, `(clips,)`: more is worse.
        reasons: Codes of all reasons to doubt each.
    """

    scores: Values
    right: NDArray[np.bool_]
    values: dict[str, Values]
    reasons: list[set[str]]

    @property
    def confidence(self) -> Values:
        """The highest score of each clip."""
        return np.asarray(self.scores.max(axis=1))


def hear(head: Head, clips: EmbeddedClips) -> Heard:
    """Scores and doubts of clips."""
    assert head.familiarity is not None
    logits = head.logits(clips.embeddings)
    strangeness = head.strangeness(clips.embeddings, clips.durations)
    scores = head.probabilities(logits, duration=clips.durations, strangeness=strangeness)
    falling = -np.sort(-scores, axis=1)
    peak = logits.max(axis=1)
    reasons = [set(codes) - {"length_advice"} for codes in clips.quality]
    for codes, far, row in zip(
        reasons, unfamiliar(head, clips.embeddings, clips.durations), scores.tolist(), strict=True
    ):
        codes |= {"unfamiliar"} if far else set()
        codes |= {reason.code for reason in unclear(dict(zip(head.labels, row, strict=True)))}
    values = {
        "strangeness": head.familiarity.strangeness(clips.embeddings, clips.durations),
        "energy": -(np.log(np.exp(logits - peak[:, None]).sum(axis=1)) + peak),
        "1 - confidence": 1 - falling[:, 0],
        "margin": falling[:, 1] - falling[:, 0],
        "any doubt": np.array([float(bool(codes)) for codes in reasons]),
        "grave doubt": np.array([float(bool(codes & GRAVE)) for codes in reasons]),
    }
    guesses = [head.labels[place] for place in scores.argmax(axis=1)]
    right = np.array([clip.emotion == guess for clip, guess in zip(clips.clips, guesses, strict=True)], bool)
    return Heard(scores, right, values, reasons)


def auroc(usual: Values, strange: Values) -> float:
    """The chance that a strange one has the greater value; equal ones count half."""
    below = np.searchsorted(np.sort(usual), strange, "left")
    not_above = np.searchsorted(np.sort(usual), strange, "right")
    return float((below + not_above).mean() / 2 / len(usual))


def folds_of(clips: Sequence[Clip]) -> NDArray[np.int64]:
    """A fold for each clip; each corpus's speakers are spread over all."""
    speakers = sorted({speaker_of(clip) for clip in clips})
    random.Random(0).shuffle(speakers)
    speakers.sort(key=lambda name: name.split("/")[0])
    place = {name: number % FOLDS for number, name in enumerate(speakers)}
    return np.array([place[speaker_of(clip)] for clip in clips])


def head_of(clips: EmbeddedClips) -> Head:
    """A calibrated head that knows what is familiar."""
    names = [speaker_of(clip) for clip in clips.clips]
    corpora = [name.split("/")[0] for name in names]
    familiarity = fit_familiarity(clips.embeddings, clips.durations, names, corpora)
    return replace(train_head(clips, "benchmark", "corpora").head, familiarity=familiarity)


def table(title: str, columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Lines of Markdown."""
    yield f"\n## {title}\n"
    yield f"| | {' | '.join(columns)} |"
    yield f"|---|{'---:|' * len(columns)}"
    yield from (f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items())


def mean_over_folds(values: Sequence[float]) -> str:
    """As text."""
    return f"{np.nanmean(values):.2f}"


def report(known: EmbeddedClips, others: dict[str, EmbeddedClips], cuts: dict[float, EmbeddedClips]) -> Iterator[str]:
    """Every table."""
    fold = folds_of(known.clips)
    heads = [head_of(known.only(np.flatnonzero(fold != number).tolist())) for number in range(FOLDS)]
    usual = [hear(head, known.only(np.flatnonzero(fold == number).tolist())) for number, head in enumerate(heads)]
    strange = {name: [hear(head, clips) for head in heads] for name, clips in others.items()}
    values = list(usual[0].values)
    yield from table(
        "AUROC against clean clips of held-out speakers",
        list(others),
        {
            value: [
                mean_over_folds([auroc(u.values[value], s.values[value]) for u, s in zip(usual, found, strict=True)])
                for found in strange.values()
            ]
            for value in values
        },
    )
    everything = {"held-out speakers": usual, **strange}
    yield from reason_table("Share with a reason, and mean confidence", everything)
    speech = {"held-out speakers": usual, **{name: strange[name] for name in others if name in FOREIGN}}
    yield from table(
        "Accuracy of the most confident share, and of what is not withheld (its share)",
        [*(f"{share:.0%}" for share in COVERAGES), "not withheld"],
        {name: coverage_cells(found) for name, found in speech.items()},
    )
    yield from table(
        "Accuracy with a reason and without (share with it)",
        ["unclear", "unfamiliar", "noisy"],
        {
            name: [split_cell(found, code) for code in ("unclear", "unfamiliar", "noisy")]
            for name, found in speech.items()
        },
    )
    yield from duration_table(known, fold, heads, cuts)


def reason_table(title: str, everything: Mapping[str, Sequence[Heard]]) -> Iterator[str]:
    """Which reasons are given for what."""
    codes = ("silent", "no_speech", "unfamiliar", "unclear", "noisy")
    rows = {
        name: [
            *(
                mean_over_folds([share(one, lambda reasons, code=code: code in reasons) for one in found])
                for code in codes
            ),
            mean_over_folds([share(one, bool) for one in found]),
            mean_over_folds([share(one, lambda reasons: bool(reasons & GRAVE)) for one in found]),
            mean_over_folds([float(one.confidence.mean()) for one in found]),
        ]
        for name, found in everything.items()
    }
    yield from table(title, [*codes, "any", "grave", "confidence"], rows)


def shipped(head: Head, usual: EmbeddedClips, others: Mapping[str, EmbeddedClips]) -> Iterator[str]:
    """What the model itself says about what nobody trained on; usual are clean clips of the corpora that it learned from."""
    if head.familiarity is None:
        return
    found = {name: hear(head, clips) for name, clips in others.items()}
    clean = hear(head, usual)
    yield from reason_table(
        "The model as it is: share with a reason",
        {"two voices left out": [clean], **{name: [one] for name, one in found.items()}},
    )
    yield from table(
        "The model as it is: AUROC against clean clips of two voices that were left out",
        list(found),
        {
            value: [f"{auroc(clean.values[value], one.values[value]):.2f}" for one in found.values()]
            for value in clean.values
        },
    )
    foreign = np.concatenate([found[name].values["strangeness"] for name in FOREIGN])
    rows = {
        name: [f"{auroc(foreign, one.values['strangeness']):.2f}"] for name, one in found.items() if name not in FOREIGN
    }
    yield from table("The model as it is: AUROC of strangeness against speech of the foreign corpora", ["AUROC"], rows)
    answered = {name: coverage_cells([found[name]]) for name in FOREIGN}
    columns = [*(f"{part:.0%}" for part in COVERAGES), "not withheld"]
    yield from table("The model as it is: accuracy of the most confident share", columns, answered)


def share(heard: Heard, wanted: Callable[[set[str]], bool]) -> float:
    """Of clips whose reasons are as wanted."""
    return float(np.mean([wanted(found) for found in heard.reasons]))


def coverage_cells(found: Sequence[Heard]) -> list[str]:
    """Accuracies in percent."""
    confidence = np.concatenate([one.confidence for one in found])
    right = np.concatenate([one.right for one in found])
    kept = ~np.concatenate([one.values["grave doubt"] for one in found]).astype(bool)
    order = np.argsort(-confidence)
    cells = [f"{right[order[: round(part * len(right))]].mean():.0%}" for part in COVERAGES]
    return [*cells, f"{right[kept].mean():.0%} ({kept.mean():.0%})" if kept.any() else "–"]


def split_cell(found: Sequence[Heard], code: str) -> str:
    """Accuracy with and without a reason."""
    right = np.concatenate([one.right for one in found])
    doubted = np.array([code in reasons for one in found for reasons in one.reasons])
    texts = [f"{right[chosen].mean():.0%}" if chosen.any() else "–" for chosen in (doubted, ~doubted)]
    return f"{texts[0]} / {texts[1]} ({doubted.mean():.0%})"


def duration_table(
    known: EmbeddedClips, fold: NDArray[np.int64], heads: Sequence[Head], cuts: dict[float, EmbeddedClips]
) -> Iterator[str]:
    """Calibration by duration, with the temperature of whole clips and with one of that duration from other speakers."""
    rows: dict[str, list[str]] = {}
    for name, clips in {"whole": known, **{f"{seconds:g} s": clips for seconds, clips in cuts.items()}}.items():
        place = {clip.file: number for clip, number in zip(known.clips, fold, strict=True)}
        held = np.array([place[clip.file] for clip in clips.clips])
        logits, truth = np.empty((len(clips), len(heads[0].labels))), np.empty(len(clips), np.int64)
        far = np.empty(len(clips), bool)
        for number, head in enumerate(heads):
            chosen = np.flatnonzero(held == number)
            part = clips.only(chosen.tolist())
            logits[chosen] = head.logits(part.embeddings) / head.temperature
            truth[chosen] = [head.labels.index(clip.emotion) for clip in part.clips]
            far[chosen] = unfamiliar(head, part.embeddings, part.durations)
        right = logits.argmax(axis=1) == truth
        one = softmax(logits)
        own = np.empty_like(one)
        for number in range(len(heads)):
            mine = held == number
            own[mine] = softmax(logits[mine] / temperature(logits[~mine], truth[~mine]))
        rows[name] = [
            f"{len(clips)}",
            f"{right.mean():.1%}",
            f"{one.max(axis=1).mean():.1%}",
            f"{calibration_error(one.max(axis=1), right):.1%}",
            f"{calibration_error(own.max(axis=1), right):.1%}",
            f"{far.mean():.1%}",
        ]
    columns = ["clips", "accuracy", "confidence", "ECE", "ECE, own temperature", "unfamiliar"]
    yield from table("Held-out speakers by duration", columns, rows)


def temperature(logits: Values, truth: NDArray[np.int64]) -> float:
    """The best of a grid."""
    grid = np.exp(np.linspace(-1.5, 1.5, 61))
    places = np.arange(len(truth))
    losses = [-np.log(np.maximum(softmax(logits / one)[places, truth], 1e-12)).mean() for one in grid]
    return float(grid[int(np.argmin(losses))])


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--clips", type=int, default=200, help="at most so many of each corpus")
    parser.add_argument("--model", default=emotone.DEFAULT_MODEL)
    parser.add_argument(
        "--frozen", action="store_true", help="the encoder did not learn from these corpora: hold speakers out"
    )
    arguments = parser.parse_args()
    model = emotone.load_model(arguments.model)
    cache = EmbeddingCache(model.info)

    def some(corpus: str, count: int) -> list[Clip]:
        clips = read_manifest(arguments.corpora / corpus)
        return random.Random(0).sample(clips, min(len(clips), count))

    clips = [clip for corpus in TRAINING for clip in some(corpus, arguments.clips)]
    few = random.Random(1).sample(clips, min(len(clips), arguments.clips // 2))
    crowd = Crowd.of([load_audio(clip.file) for clip in random.Random(2).sample(clips, min(len(clips), 60))])
    others = {
        name: embed_clips(model, few, cache=cache, variant=Instead(name, make))
        for name, make in {**MAKERS, "babble": babble(crowd)}.items()
    }
    others |= {corpus: embed_clips(model, some(corpus, arguments.clips), cache=cache) for corpus in FOREIGN}
    cuts = {}
    for seconds in CUTS if arguments.frozen else ():
        cut = embed_clips(model, random.Random(3).sample(clips, arguments.clips), cache=cache, variant=Cut(seconds))
        cuts[seconds] = cut.only(np.flatnonzero(cut.durations >= seconds - 0.01).tolist())
    print(f"# Doubt: {model.info.name} {model.info.revision}")
    unheard = [
        clip
        for corpus, speaker in UNHEARD
        for clip in read_manifest(arguments.corpora / corpus)
        if clip.fields["speaker"] == speaker
    ]
    for line in shipped(model.head, embed_clips(model, unheard, cache=cache), others):
        print(line, flush=True)
    if arguments.frozen:
        for line in report(embed_clips(model, clips, cache=cache), others, cuts):
            print(line, flush=True)


if __name__ == "__main__":
    main()
