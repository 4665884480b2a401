"""Makes the bundled model: `python training/build.py CORPORA ENCODER.safetensors [--cache DIR]`.

From the corpora and Whisper's weights to `emotone-small.onnx`, with the evaluation beside it. Features are cached: a run
that was interrupted goes on where it stopped, and a run with another head takes a few minutes.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from corpora import EXAMPLE_SPEAKERS, TRAINING, ZERO_SHOT, Clip, load_corpus, speaker_folds
from emotone.heads import Head
from emotone.labels import LABELS
from encoder import FRAME_RATE, Weights, build_encoder, load_weights, quantised
from features import VARIANTS, extract
from head import Means, calibration_error, fit_head, fit_temperature, masked_logits, uar

NAME, REVISION, LICENCE = "emotone-small", "1", "CC-BY-NC-SA-4.0"
LAYERS = (2, 3, 4)
FOLDS = 5
OUTPUT = Path(__file__).parent.parent / "src" / "emotone" / "models"

Logits = dict[str, NDArray[np.float64]]  # variant -> (clips, labels)


def main() -> None:
    """Runs every step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path, help="folder of the corpora")
    parser.add_argument("encoder", type=Path, help="Whisper base encoder, safetensors")
    parser.add_argument("--cache", type=Path, default=Path("build/features"), help="where features are kept")
    arguments = parser.parse_args()

    whisper = load_weights(arguments.encoder)
    clips = [clip for corpus in TRAINING for clip in load_corpus(arguments.corpora, corpus)]
    zero_shot = [clip for corpus in ZERO_SHOT for clip in load_corpus(arguments.corpora, corpus)]
    encoder = build_encoder(quantised(whisper), LAYERS).SerializeToString()
    raw = {variant: collect(encoder, clips, variant, arguments.cache) for variant in VARIANTS}
    mean, scale = raw["alone"].mean(axis=0), 1 / raw["alone"].std(axis=0)
    means = {variant: (features - mean) * scale for variant, features in raw.items()}

    whole = build_encoder(whisper, LAYERS).SerializeToString()
    tested = means | {"float32": (collect(whole, clips, "alone", arguments.cache) - mean) * scale}

    folds = speaker_folds(clips, FOLDS)
    by_speaker = held_out(means, tested, clips, folds)
    temperature = fit_temperature(np.concatenate([by_speaker["alone"], by_speaker["context"]]), clips * 2)
    by_corpus = held_out(means, means, clips, np.array([TRAINING.index(clip.corpus) for clip in clips]))

    known = np.array([clip.speaker not in EXAMPLE_SPEAKERS for clip in clips])
    head = replace(fit(means, clips, known), temperature=temperature)
    zero_means = (collect(encoder, zero_shot, "alone", arguments.cache) - mean) * scale
    export(whisper, head, mean, scale)
    table = evaluation(clips, by_speaker, by_corpus, zero_shot, masked_logits(head, zero_means), temperature)
    (OUTPUT / f"{NAME}.evaluation.md").write_text(table, encoding="utf-8")
    print(table)


def collect(encoder: bytes, clips: Sequence[Clip], variant: str, cache: Path) -> NDArray[np.float32]:
    """Mean frames `(clips, dim)` of clips that are ordered by corpus."""
    corpora = dict.fromkeys(clip.corpus for clip in clips)
    return np.concatenate(
        [extract(encoder, [clip for clip in clips if clip.corpus == corpus], variant, cache) for corpus in corpora]
    )


def fit(means: Means, clips: Sequence[Clip], chosen: NDArray[np.bool_]) -> Head:
    """A head fitted to the chosen clips."""
    return fit_head(
        {variant: features[chosen] for variant, features in means.items()},
        [clip for clip, wanted in zip(clips, chosen, strict=True) if wanted],
    )


def held_out(
    means: Means,
    tested: Means,
    clips: Sequence[Clip],
    folds: NDArray[np.int64],
) -> Logits:
    """Logits of every clip in every tested variant, each from a head that did not see the clip's fold."""
    logits = {variant: np.empty((len(clips), len(LABELS))) for variant in tested}
    for fold in np.unique(folds):
        head = fit(means, clips, folds != fold)
        for variant, features in tested.items():
            logits[variant][folds == fold] = masked_logits(head, features[folds == fold])
    return logits


def export(whisper: Weights, head: Head, mean: NDArray[np.float32], scale: NDArray[np.float32]) -> None:
    """Writes the model file."""
    model = build_encoder(quantised(whisper), LAYERS, mean, scale)
    manifest = {
        "name": NAME,
        "revision": REVISION,
        "licence": LICENCE,
        "frame_rate": FRAME_RATE,
        "head": head.to_json(),
    }
    onnx.helper.set_model_props(model, {"emotone": json.dumps(manifest)})
    draft = OUTPUT / f"{NAME}.part"
    onnx.save(model, draft)
    draft.rename(OUTPUT / f"{NAME}.onnx")


def evaluation(
    clips: Sequence[Clip],
    by_speaker: Logits,
    by_corpus: Logits,
    zero_shot: Sequence[Clip],
    zero_logits: NDArray[np.float64],
    temperature: float,
) -> str:
    """The evaluation as a Markdown table."""
    lines = [
        "UAR in percent. Labels that a corpus lacks are not offered, except under 'nine labels'. ECE: expected calibration",
        "error of the nine-label confidence, in percent.",
        "",
        "| corpus | protocol | alone | float32 | noisy | in context | nine labels | ECE |",
        "|---|---|---|---|---|---|---|---|",
    ]
    protocols = (
        (TRAINING, "speakers held out", clips, by_speaker),
        (TRAINING, "corpus held out", clips, by_corpus),
        (ZERO_SHOT, "never trained on", zero_shot, {"alone": zero_logits}),
    )
    for corpora, protocol, judged, logits in protocols:
        lines += [f"| {name} | {protocol} | {_cells(name, judged, logits, temperature)} |" for name in corpora]
    return "\n".join(lines) + f"\n\nTemperature {temperature:.3f}.\n"


def _cells(corpus: str, clips: Sequence[Clip], logits: Logits, temperature: float) -> str:
    chosen = [clip.corpus == corpus for clip in clips]
    own = [clip for clip in clips if clip.corpus == corpus]
    cells = [
        f"{uar(logits[variant][chosen], own, present_only=True):.1f}" if variant in logits else "–"
        for variant in ("alone", "float32", "noisy", "context")
    ]
    alone = logits["alone"][chosen]
    cells += [f"{uar(alone, own, present_only=False):.1f}", f"{calibration_error(alone, own, temperature):.1f}"]
    return " | ".join(cells)


if __name__ == "__main__":
    main()
