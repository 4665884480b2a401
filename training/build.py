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
from features import AS_RECORDED, CONTEXT, CUTS, SESSIONS, encoded
from head import Logits, Spans, Vectors, calibrated, centred, fit_head
from report import HeldOut, evaluation, truth_of

NAME, REVISION, LICENCE = "emotone-small", "3", "CC-BY-NC-SA-4.0"
FOLDS = 5
DIRECTIONS = 128  # of what is familiar: more than a head of few clips can have (benchmarks/doubt.md)
_NEVER = -1e4  # the logit of a masked label, in a file
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
    keep(by_speaker, arguments.cache / "held_out.npz")
    by_corpus = corpora_held_out(training, arguments.cache)

    known = np.array([clip.speaker not in EXAMPLE_SPEAKERS for clip in training.clips]) & training.whole
    nets = trained_nets(training, known, "all", arguments.cache)
    vectors = training.embedded(nets)
    head = learned_head(training, vectors, known)
    head = replace(head, familiarity=familiarity(training, vectors, known))
    head = calibrated(head, by_speaker.whole, by_speaker.cuts)

    stride = stride_of(base.info.frame_rate)
    about = {"name": NAME, "revision": REVISION, "licence": LICENCE}
    write_model(with_layers(graph, nets, stride), head, base.info.frame_rate / stride, OUTPUT / f"{NAME}.onnx", about)

    table = evaluation([by_speaker, by_corpus, zero_shot(base, nets, head, arguments)], head)
    (OUTPUT / f"{NAME}.evaluation.md").write_text(table, encoding="utf-8")
    print(table)


def sample_of(base: Recognizer, corpora: tuple[str, ...], arguments: argparse.Namespace) -> Sample:
    """The frames of corpora: of those that are trained on in all sessions and cut, of the others and IESC as recorded."""
    parts = []
    for corpus in corpora:
        clips = load_corpus(arguments.corpora, corpus)
        sessions = (*SESSIONS, *CUTS) if corpus in TRAINING and corpus != "iesc" else (AS_RECORDED,)
        parts += [encoded(base, clips, session, arguments.cache) for session in sessions]
    return Sample.of(parts)


def learned_head(sample: Sample, vectors: Vectors, learned: NDArray[np.bool_]) -> Head:
    """A head from the clips that may be learned from."""
    rows = np.flatnonzero(learned)
    return fit_head(vectors[rows], sample.voices[rows], [sample.clips[row] for row in rows])


def familiarity(sample: Sample, vectors: Vectors, learned: NDArray[np.bool_]) -> Familiarity:
    """What those of the clips sound like to the model that it learned from, as they were recorded."""
    rows = np.flatnonzero(learned & (sample.sessions == AS_RECORDED))
    clips = [sample.clips[row] for row in rows]
    speakers, corpora = [clip.speaker for clip in clips], [clip.corpus for clip in clips]
    return fit_familiarity(vectors[rows], sample.durations[rows], speakers, corpora, DIRECTIONS)


def speakers_held_out(sample: Sample, cache: Path) -> HeldOut:
    """Logits of every clip by a model that has not heard its speaker."""
    clips = sample.clips
    fold_of = dict(zip([clip.path for clip in clips], speaker_folds(clips, FOLDS).tolist(), strict=True))
    folds = np.array([str(fold_of[clip.path]) for clip in clips])
    return held_out("speakers held out", sample, folds, cache)


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


def corpora_held_out(sample: Sample, cache: Path) -> HeldOut:
    """Logits of the three large studio corpora, each by a model that has learned from all others."""
    corpora = np.array([clip.corpus for clip in sample.clips])
    chosen = np.isin(corpora, ("ravdess", "emodb", "nemo"))
    return held_out("corpus held out", sample, np.where(chosen, corpora, ""), cache)


def held_out(protocol: str, sample: Sample, folds: NDArray[np.str_], cache: Path) -> HeldOut:
    """Logits of all clips whose fold is not empty, each by a model that has not learned from its fold."""
    alone = np.full((len(sample.clips), 9), np.nan)
    relative, strangeness = alone.copy(), alone[:, 0].copy()
    for fold in sorted(set(folds) - {""}):
        held = folds == fold
        learned = ~held & sample.whole
        vectors = sample.embedded(trained_nets(sample, learned, f"{protocol} {fold}".replace(" ", "_"), cache))
        head = learned_head(sample, vectors, learned)
        alone[held], relative[held] = masked_logits(head, sample, vectors, held)
        known = familiarity(sample, vectors, learned)
        strangeness[held] = known.strangeness(vectors[held], sample.durations[held])
    return _result(protocol, sample, alone, relative, strangeness)


def zero_shot(base: Recognizer, nets: list[Layers], head: Head, arguments: argparse.Namespace) -> HeldOut:
    """Logits of the corpora that are never trained on."""
    assert head.familiarity is not None
    sample = sample_of(base, ZERO_SHOT, arguments)
    vectors = sample.embedded(nets)
    alone, relative = masked_logits(head, sample, vectors, sample.whole)
    strangeness = head.familiarity.strangeness(vectors, sample.durations)
    return _result("never trained on", sample, alone, relative, strangeness)


def masked_logits(head: Head, sample: Sample, vectors: Vectors, rows: NDArray[np.bool_]) -> tuple[Logits, Logits]:
    """Logits `(clips, labels)` as recorded, and when each voice is compared with its mean; -inf for masked labels."""
    assert head.usual is not None
    vectors, voices = vectors[rows], sample.voices[rows]
    relative = centred(vectors, voices, sample.whole[rows]) @ head.weight.T + head.usual
    never = np.array([label in head.masked for label in head.labels])
    alone, compared = (np.where(never, -np.inf, logits) for logits in (head.logits(vectors), relative))
    return alone, compared.astype(np.float64)


def _result(
    protocol: str, sample: Sample, alone: Logits, relative: Logits, strangeness: NDArray[np.float64]
) -> HeldOut:
    """Clips as recorded, with their logits in context beside them where there are any; and cut ones."""

    def spans(session: str) -> Spans:
        rows = np.flatnonzero((sample.sessions == session) & ~np.isnan(strangeness))
        clips = tuple(sample.clips[row] for row in rows)
        return Spans(clips, alone[rows], relative[rows], sample.durations[rows], strangeness[rows])

    whole = spans(AS_RECORDED)
    place_of = {sample.clips[row].path: row for row in np.flatnonzero(sample.sessions == CONTEXT)}
    nowhere = np.full(alone.shape[1], np.nan)
    context = [alone[place_of[clip.path]] if clip.path in place_of else nowhere for clip in whole.clips]
    cuts = [spans(session) for session in CUTS]
    return HeldOut(protocol, whole, np.array(context), tuple(cut for cut in cuts if cut.clips))


if __name__ == "__main__":
    main()
