"""Makes the package's example clips from the corpora: `python training/examples.py CORPORA`.

Their speakers (`corpora.EXAMPLE_SPEAKERS`) take no part in training the head, so what the model says about them is no memory.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import soundfile

from emotone.audio import load_audio
from emotone.types import SAMPLE_RATE, Signal

FOLDER = Path(__file__).parent.parent / "src" / "emotone" / "examples"
COPIES = {"german_happy.ogg": "emodb/audio/08a05Fe.ogg", "english_angry.ogg": "ravdess/audio/03-01-05-01-02-02-06.ogg"}
MOODS = (
    "ravdess/audio/03-01-01-01-01-01-06.ogg",
    "ravdess/audio/03-01-03-02-01-01-06.ogg",
    "ravdess/audio/03-01-04-02-01-02-06.ogg",
    "ravdess/audio/03-01-05-02-02-01-06.ogg",
)
MARGIN = round(0.25 * SAMPLE_RATE)  # kept on both sides of the speech


def trimmed(signal: Signal) -> Signal:
    """The signal from just before its first to just behind its last loud sample."""
    loud = np.flatnonzero(np.abs(signal) > 0.02 * np.abs(signal).max())
    return signal[max(0, loud[0] - MARGIN) : loud[-1] + MARGIN]


def main(corpora: Path) -> None:
    """Writes the three clips into the package."""
    for name, file in COPIES.items():
        shutil.copyfile(corpora / file, FOLDER / name)
    moods = np.concatenate([trimmed(load_audio(corpora / file).samples) for file in MOODS])
    soundfile.write(FOLDER / "english_four_moods.ogg", moods, SAMPLE_RATE, format="OGG", subtype="OPUS")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
