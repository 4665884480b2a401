"""Makes the bundled model: `python training/build.py CORPORA ENCODER.safetensors [--cache DIR]`.

From the corpora and Whisper's weights to `emotone-small.onnx`, with the evaluation beside it. Frames and trained layers are kept
in the cache: a run that was interrupted goes on where it stopped.
"""

import argparse
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from base import base_model, silent_model, tuned_graph, write_model
from corpora import EXAMPLE_SPEAKERS, TRAINING, ZERO_SHOT, Clip, load_corpus, speaker_folds
from emotone.baseline import compare
from emotone.familiarity import Familiarity, fit_familiarity
from emotone.heads import Head
from emotone.labels import LABELS
from emotone.recognizer import Recognizer
from emotone.training.frames import RATE
from emotone.training.network import standard
from encoder import Weights, load_weights
from ensemble import Sample, trained_nets
from features import AS_RECORDED, CONTEXT, CUTS, MEL_SESSIONS, SESSIONS, Encoded, encoded, log_mels
from head import Spans, Vectors, calibrated, fit_head, offered
from report import HeldOut, evaluation, truth_of
from tuning import Start, tuned

NAME, REVISION, LICENCE = "emotone-small", "4", "CC-BY-NC-SA-4.0"
FOLDS = 5
DIRECTIONS = 128  # of what is familiar: more than a head of few clips can have (benchmarks/doubt.md)
_NEVER = -1e4  # the logit of a masked label, in a file
OUTPUT = Path(__file__).parent.parent / "src" / "emotone" / "models"


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What every training takes from.

    Attributes:
        corpora: Their folder.
        cache: Where frames and trained layers are kept.
        weights: Whisper's.
        frames: Clips of the training corpora, as frames of Whisper as it is.
        mels: The same as log-mels, in more sessions.
    """

    corpora: Path
    cache: Path
    weights: Weights
    frames: Sample
    mels: Sample


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """An encoder that learned from a part of the clips, and embeddings of all training corpora by it.

    Attributes:
        graph: The encoder.
        model: The same, loaded, with a head that says nothing.
        sample: All clips in all sessions; no frames.
        learned: Which of them the encoder learned from, as they were or in other sessions, `(clips,)`.
    """

    graph: onnx.ModelProto
    model: Recognizer
    sample: Sample
    learned: NDArray[np.bool_]

    @property
    def vectors(self) -> Vectors:
        """The embeddings of the clips `(clips, dim)`."""
        return self.sample.frames.means


def main() -> None:
    """Runs every step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path, help="folder of the corpora")
    parser.add_argument("encoder", type=Path, help="Whisper base encoder, safetensors")
    parser.add_argument("--cache", type=Path, default=Path("build"), help="where frames and layers are kept")
    arguments = parser.parse_args()

    material = material_of(arguments.corpora, arguments.encoder, arguments.cache)
    by_speaker = speakers_held_out(material)
    keep(by_speaker, material.cache / "held_out.npz")
    by_corpus = corpora_held_out(material)

    examples = {clip.path for clip in material.frames.clips if clip.speaker in EXAMPLE_SPEAKERS}
    whole = learned_encoder(material, examples, "all")
    head = learned_head(whole)
    head = replace(head, familiarity=familiarity(whole))
    head = calibrated(head, by_speaker.whole, by_speaker.cuts)

    about = {"name": NAME, "revision": REVISION, "licence": LICENCE}
    write_model(whole.graph, head, RATE, OUTPUT / f"{NAME}.onnx", about)

    table = evaluation([by_speaker, by_corpus, zero_shot(material, whole.model, head)], head)
    (OUTPUT / f"{NAME}.evaluation.md").write_text(table, encoding="utf-8")
    print(table)


def material_of(corpora: Path, encoder: Path, cache: Path) -> Material:
    """Frames and log-mels of the corpora that are trained on."""
    weights = load_weights(encoder)
    base = base_model(weights, cache)
    frames = sample_of(base, corpora, TRAINING, cache)
    mels = []
    for corpus in TRAINING:
        clips = load_corpus(corpora, corpus)
        mels += [log_mels(clips, session, cache) for session in (MEL_SESSIONS if corpus != "iesc" else (AS_RECORDED,))]
    return Material(corpora, cache, weights, frames, Sample.of(mels))


def sample_of(
    model: Recognizer, corpora: Path, names: Sequence[str], cache: Path, *, means_only: bool = False
) -> Sample:
    """The frames of corpora: of those that are trained on in all sessions and cut, of the others and IESC as recorded."""
    parts: list[Encoded] = []
    for corpus in names:
        clips = load_corpus(corpora, corpus)
        sessions = (*SESSIONS, *CUTS) if corpus in TRAINING and corpus != "iesc" else (AS_RECORDED,)
        parts += [encoded(model, clips, session, cache, means_only=means_only) for session in sessions]
    return Sample.of(parts)


def learned_encoder(material: Material, held: Collection[Path], name: str) -> Learned:
    """An encoder that has not learned from the clips of these files, in no session."""
    frames, cache = material.frames, material.cache

    def others(sample: Sample) -> NDArray[np.bool_]:
        return sample.whole & np.array([clip.path not in held for clip in sample.clips])

    known = others(frames)
    start = Start(material.weights, trained_nets(frames, known, name, cache), *standard(frames.frames.only(known)))
    graph = tuned_graph(tuned(start, material.mels.frames.only(others(material.mels)), name, cache))
    dim = sum(len(net.bias) for net in start.nets)
    about = {"name": name, "revision": "1", "licence": LICENCE}
    model = silent_model(graph, dim, RATE, cache / f"{name}.onnx", about)
    sample = sample_of(model, material.corpora, TRAINING, cache, means_only=True)
    return Learned(graph, model, sample, known)


def learned_head(learned: Learned) -> Head:
    """A head from the clips that the encoder learned from."""
    rows, sample = np.flatnonzero(learned.learned), learned.sample
    return fit_head(learned.vectors[rows], sample.voices[rows], [sample.clips[row] for row in rows])


def familiarity(learned: Learned) -> Familiarity:
    """What those of the clips sound like to the model that it learned from, as they were recorded."""
    sample, vectors = learned.sample, learned.vectors
    rows = np.flatnonzero(learned.learned & (sample.sessions == AS_RECORDED))
    clips = [sample.clips[row] for row in rows]
    speakers, corpora = [clip.speaker for clip in clips], [clip.corpus for clip in clips]
    return fit_familiarity(vectors[rows], sample.durations[rows], speakers, corpora, DIRECTIONS)


def speakers_held_out(material: Material) -> HeldOut:
    """Logits of every clip by a model that has not heard its speaker."""
    clips = material.frames.clips
    folds = speaker_folds(clips, FOLDS).tolist()
    fold_of = {clip.speaker: str(fold) for clip, fold in zip(clips, folds, strict=True)}
    return held_out("speakers held out", material, lambda clip: fold_of[clip.speaker])


def keep(result: HeldOut, path: Path) -> None:
    """Writes logits of clips as recorded, for `benchmarks/baseline.py`."""
    whole = result.whole
    np.savez(
        path,
        logits=np.maximum(whole.alone, _NEVER),
        truth=truth_of(whole.clips),
        seconds=whole.durations,
        corpora=[clip.corpus for clip in whole.clips],
        speakers=[clip.speaker for clip in whole.clips],
        files=[f"{clip.path.parent.name}/{clip.path.name}" for clip in whole.clips],
    )


def corpora_held_out(material: Material) -> HeldOut:
    """Logits of the three large studio corpora, each by a model that has learned from all others."""
    large = ("ravdess", "emodb", "nemo")
    return held_out("corpus held out", material, lambda clip: clip.corpus if clip.corpus in large else "")


def held_out(protocol: str, material: Material, fold_of: Callable[[Clip], str]) -> HeldOut:
    """Logits of all clips whose fold is not empty, each by a model that has not learned from its fold."""
    sample = material.frames
    folds = np.array([fold_of(clip) for clip in sample.clips])
    parts: list[tuple[NDArray[np.int64], Spans]] = []
    for fold in sorted(set(folds) - {""}):
        held = np.flatnonzero(folds == fold)
        files = {sample.clips[row].path for row in held}
        learned = learned_encoder(material, files, f"{protocol} {fold}".replace(" ", "_"))
        head = replace(learned_head(learned), familiarity=familiarity(learned))
        parts.append((held, judged(head, learned.sample, learned.vectors, held)))
    rows = np.concatenate([held for held, _ in parts])
    return _result(protocol, sample, rows, Spans.joined([spans for _, spans in parts]))


def zero_shot(material: Material, model: Recognizer, head: Head) -> HeldOut:
    """Logits of the corpora that are never trained on."""
    sample = sample_of(model, material.corpora, ZERO_SHOT, material.cache, means_only=True)
    rows = np.flatnonzero(sample.whole)
    return _result("never trained on", sample, rows, judged(head, sample, sample.frames.means, rows))


def judged(head: Head, sample: Sample, vectors: Vectors, rows: NDArray[np.int64]) -> Spans:
    """What a head makes of these clips; each voice is compared with all of its clips among them that were not cut."""
    assert head.familiarity is not None
    clips, durations = tuple(sample.clips[row] for row in rows), sample.durations[rows]
    logits, voices, whole = head.logits(vectors[rows]), sample.voices[rows], sample.whole[rows]
    relative, among, trust = logits.copy(), logits.copy(), np.zeros(len(rows))
    unknown = np.array([label in head.masked for label in head.labels])
    kept_out = unknown | ~offered(clips)
    for voice in np.unique(voices):
        own = voices == voice
        baseline = logits[own & whole], durations[own & whole]
        found = compare(head, *baseline)
        relative[own], trust[own] = found.applied(logits[own]), found.trust
        others = kept_out[np.argmax(own)]
        offering = replace(head, masked=frozenset(np.array(LABELS)[others].tolist()))
        among[own] = np.where(others, -np.inf, compare(offering, *baseline).applied(logits[own]))
    alone, relative = (np.where(unknown, -np.inf, values) for values in (logits, relative))
    strangeness = head.familiarity.strangeness(vectors[rows], durations)
    return Spans(clips, alone, relative, among, trust, durations, strangeness)


def _result(protocol: str, sample: Sample, rows: NDArray[np.int64], spans: Spans) -> HeldOut:
    """Clips as recorded, with their logits in context beside them where there are any; and cut ones.

    Args:
        protocol: How they were held out.
        sample: Where they are from.
        rows: Which of it they are.
        spans: What was made of them.
    """
    sessions = sample.sessions[rows]
    whole = spans.only(sessions == AS_RECORDED)
    place_of = {spans.clips[place].path: place for place in np.flatnonzero(sessions == CONTEXT)}
    nowhere = np.full(spans.alone.shape[1], np.nan)
    context = [spans.alone[place_of[clip.path]] if clip.path in place_of else nowhere for clip in whole.clips]
    cuts = [spans.only(sessions == session) for session in CUTS]
    return HeldOut(protocol, whole, np.array(context), tuple(cut for cut in cuts if cut.clips))


if __name__ == "__main__":
    main()
