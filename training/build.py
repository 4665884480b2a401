"""Makes the bundled model: `python training/build.py CORPORA ENCODER.safetensors [--cache DIR]`.

From the corpora and Whisper's weights to `emotone-small.onnx`, with the evaluation beside it. Frames and trained layers are kept
in the cache: a run that was interrupted goes on where it stopped.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from base import base_model, write_model
from corpora import EXAMPLE_SPEAKERS, TRAINING, ZERO_SHOT, load_corpus, speaker_folds
from emotone.familiarity import Familiarity, fit_familiarity
from emotone.heads import Head
from emotone.recognizer import Recognizer
from emotone.training.frames import stride_of
from emotone.training.graph import with_layers
from emotone.training.layers import Layers
from ensemble import Sample, trained_nets
from features import AS_RECORDED, CONTEXT, SESSIONS, encoded
from head import Logits, Vectors, centred, fit_head, fit_temperature
from report import HeldOut, evaluation_table

NAME, REVISION, LICENCE = "emotone-small", "2", "CC-BY-NC-SA-4.0"
FOLDS = 5
OUTPUT = Path(__file__).parent.parent / "src" / "emotone" / "models"


def main() -> None:
    """Runs every step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path, help="folder of the corpora")
    parser.add_argument("encoder", type=Path, help="Whisper base encoder, safetensors")
    parser.add_argument("--cache", type=Path, default=Path("build"), help="where frames and layers are kept")
    arguments = parser.parse_args()

    graph, base = base_model(arguments.encoder, arguments.cache)
    training = sample_of(base, TRAINING, arguments)
    by_speaker = speakers_held_out(training, arguments.cache)
    by_corpus = corpora_held_out(training, arguments.cache)
    temperature = fit_temperature(by_speaker.alone, by_speaker.clips)
    relative_temperature = fit_temperature(by_speaker.relative, by_speaker.clips)

    known = np.array([clip.speaker not in EXAMPLE_SPEAKERS for clip in training.clips])
    nets = trained_nets(training, known, "all", arguments.cache)
    vectors, stride = training.embedded(nets), stride_of(base.info.frame_rate)
    head = learned_head(training, vectors, known)
    head = replace(
        head,
        temperature=temperature,
        relative_temperature=relative_temperature,
        familiarity=familiarity(training, vectors, base.info.frame_rate / stride),
    )
    about = {"name": NAME, "revision": REVISION, "licence": LICENCE}
    write_model(with_layers(graph, nets, stride), head, base.info.frame_rate / stride, OUTPUT / f"{NAME}.onnx", about)

    results = [by_speaker, by_corpus, zero_shot(base, nets, head, arguments)]
    table = evaluation_table(results, temperature, relative_temperature)
    (OUTPUT / f"{NAME}.evaluation.md").write_text(table, encoding="utf-8")
    print(table)


def sample_of(base: Recognizer, corpora: tuple[str, ...], arguments: argparse.Namespace) -> Sample:
    """The frames of corpora: of those that are trained on in all sessions, of the others and IESC as recorded."""
    parts = []
    for corpus in corpora:
        clips = load_corpus(arguments.corpora, corpus)
        sessions = SESSIONS if corpus in TRAINING and corpus != "iesc" else (AS_RECORDED,)
        parts += [encoded(base, clips, session, arguments.cache) for session in sessions]
    return Sample.of(parts)


def learned_head(sample: Sample, vectors: Vectors, learned: NDArray[np.bool_]) -> Head:
    """A head from the clips that may be learned from."""
    rows = np.flatnonzero(learned)
    return fit_head(vectors[rows], sample.voices[rows], [sample.clips[row] for row in rows])


def familiarity(sample: Sample, vectors: Vectors, frame_rate: float) -> Familiarity:
    """What the recordings as they are sound like to the model."""
    rows = np.flatnonzero(sample.sessions == AS_RECORDED)
    clips = [sample.clips[row] for row in rows]
    durations = sample.frames.counts[rows] / frame_rate
    return fit_familiarity(vectors[rows], durations, [clip.speaker for clip in clips], [clip.corpus for clip in clips])


def speakers_held_out(sample: Sample, cache: Path) -> HeldOut:
    """Logits of every clip by a model that has not heard its speaker."""
    clips = sample.clips
    fold_of = dict(zip([clip.path for clip in clips], speaker_folds(clips, FOLDS).tolist(), strict=True))
    folds = np.array([str(fold_of[clip.path]) for clip in clips])
    return held_out("speakers held out", sample, folds, cache)


def corpora_held_out(sample: Sample, cache: Path) -> HeldOut:
    """Logits of the three large studio corpora, each by a model that has learned from all others."""
    corpora = np.array([clip.corpus for clip in sample.clips])
    chosen = np.isin(corpora, ("ravdess", "emodb", "nemo"))
    return held_out("corpus held out", sample, np.where(chosen, corpora, ""), cache)


def held_out(protocol: str, sample: Sample, folds: NDArray[np.str_], cache: Path) -> HeldOut:
    """Logits of all clips whose fold is not empty, each by a model that has not learned from its fold."""
    alone = np.full((len(sample.clips), 9), np.nan)
    relative = alone.copy()
    for fold in sorted(set(folds) - {""}):
        held = folds == fold
        vectors = sample.embedded(trained_nets(sample, ~held, f"{protocol} {fold}".replace(" ", "_"), cache))
        head = learned_head(sample, vectors, ~held)
        alone[held] = masked(head, head.logits(vectors[held]))
        relative[held] = masked(head, relative_logits(head, vectors[held], sample.voices[held]))
    return _result(protocol, sample, alone, relative)


def zero_shot(base: Recognizer, nets: list[Layers], head: Head, arguments: argparse.Namespace) -> HeldOut:
    """Logits of the corpora that are never trained on."""
    sample = sample_of(base, ZERO_SHOT, arguments)
    vectors = sample.embedded(nets)
    alone = masked(head, head.logits(vectors))
    return _result("never trained on", sample, alone, masked(head, relative_logits(head, vectors, sample.voices)))


def relative_logits(head: Head, vectors: Vectors, voices: NDArray[np.str_]) -> Logits:
    """Logits `(clips, labels)` when each voice is compared with its mean."""
    assert head.usual is not None
    return (centred(vectors, voices) @ head.weight.T + head.usual).astype(np.float64)


def masked(head: Head, logits: Logits) -> Logits:
    """Logits with -inf for masked labels."""
    logits[:, [label in head.masked for label in head.labels]] = -np.inf
    return logits


def _result(protocol: str, sample: Sample, alone: Logits, relative: Logits) -> HeldOut:
    """Clips as recorded, with their logits in context beside them where there are any."""
    recorded = (sample.sessions == AS_RECORDED) & ~np.isnan(alone).all(axis=1)
    place_of = {sample.clips[row].path: row for row in np.flatnonzero(sample.sessions == CONTEXT)}
    clips = tuple(sample.clips[row] for row in np.flatnonzero(recorded))
    nowhere = np.full(alone.shape[1], np.nan)
    context = np.array([alone[place_of[clip.path]] if clip.path in place_of else nowhere for clip in clips])
    return HeldOut(protocol, clips, alone[recorded], context, relative[recorded])


if __name__ == "__main__":
    main()
