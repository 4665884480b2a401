"""Which reasons does the quality check raise, for clean clips and for the same clips with one fault?

    PYTHONPATH=tests python benchmarks/quality.py CORPORA [--clips 200]

CORPORA is a folder with one folder of audio files for each corpus.

Share of 200 clips of each corpus that got a reason, in percent (16 kHz, Opus at 32 kbit/s; lengths left out):

| clips                                | reason      | RAVDESS | Emo-DB | nEMO | EmotionTTS | TESS |
|--------------------------------------|-------------|--------:|-------:|-----:|-----------:|-----:|
| clean                                | noisy       |       0 |    1.5 |    0 |          0 |  0.5 |
| clean                                | clipped     |       0 |      0 |  0.5 |          0 |    1 |
| clean                                | any other   |       0 |      0 |    0 |          0 |    0 |
| peaks 12 dB over full scale          | clipped     |      98 |     94 | 97.5 |        100 | 99.5 |
| peaks 6 dB over full scale           | clipped     |      89 |     63 |   82 |         89 |   90 |
| white noise, 5 dB SNR                | noisy       |     100 |    100 |  100 |        100 |  100 |
| pink noise, 5 dB SNR                 | noisy       |      99 |    100 |  100 |        100 |  100 |
| pink noise, 10 dB SNR                | noisy       |       0 |   73.5 |   92 |          1 | 60.5 |
| pink noise, 20 dB SNR                | noisy       |       0 |      2 |    0 |          0 |  0.5 |
| G.711, AMR                           | narrow_band |     100 |    100 |  100 |        100 |  100 |
| 8 kHz, stored in 16 bits at 16 kHz   | narrow_band |    93.5 |    100 |  100 |        100 |  100 |
| 5 dB below the quiet limit           | quiet       |     100 |    100 |  100 |        100 |  100 |
| -95 dBFS                             | silent      |     100 |     99 |  100 |        100 |  100 |
| white noise alone, pink noise alone  | no_speech   |     100 |    100 |  100 |        100 |  100 |

RAVDESS and EmotionTTS have long pauses, so the same SNR over the whole clip is a higher one over its speech.
"""

import argparse
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soxr
from media import overdriven, pink_noise, telephone, white_noise, with_noise

from emotone.audio import AudioSource, open_recording
from emotone.errors import AudioError
from emotone.quality import QUIET_LEVEL_DB, REASONS, QualityMeter
from emotone.types import SAMPLE_RATE, Signal

Fault = Callable[[Signal], AudioSource]


def _requantised_telephone(signal: Signal) -> Signal:
    low = soxr.resample(signal, SAMPLE_RATE, 8_000)
    high: Signal = soxr.resample(low, 8_000, SAMPLE_RATE)
    stored: Signal = np.round(high * 32_768) / np.float32(32_768)
    return stored


def _at_level(signal: Signal, level_db: float) -> Signal:
    gain = 10 ** (level_db / 20) / np.sqrt(np.mean(signal**2))
    scaled: Signal = (gain * signal).astype(np.float32)
    return scaled


FAULTS: dict[str, tuple[str, Fault]] = {
    "peaks 12 dB over full scale": ("clipped", lambda signal: overdriven(signal, 4.0)),
    "peaks 6 dB over full scale": ("clipped", lambda signal: overdriven(signal, 2.0)),
    "white noise, 5 dB SNR": ("noisy", lambda signal: with_noise(signal, white_noise(signal.size), 5)),
    "pink noise, 5 dB SNR": ("noisy", lambda signal: with_noise(signal, pink_noise(signal.size), 5)),
    "pink noise, 10 dB SNR": ("noisy", lambda signal: with_noise(signal, pink_noise(signal.size), 10)),
    "pink noise, 20 dB SNR": ("noisy", lambda signal: with_noise(signal, pink_noise(signal.size), 20)),
    "G.711": ("narrow_band", telephone),
    "AMR 12.2 kbit/s": ("narrow_band", lambda signal: telephone(signal, "amr")),
    "8 kHz, stored in 16 bits at 16 kHz": ("narrow_band", _requantised_telephone),
    "the same at -40 dBFS": ("narrow_band", lambda signal: _requantised_telephone(_at_level(signal, -40))),
    "5 dB below the quiet limit": ("quiet", lambda signal: _at_level(signal, QUIET_LEVEL_DB - 5)),
    "-95 dBFS": ("silent", lambda signal: _at_level(signal, -95)),
    "white noise alone": ("no_speech", lambda signal: 0.05 * white_noise(signal.size)),
    "pink noise alone": ("no_speech", lambda signal: 0.05 * pink_noise(signal.size)),
}


def codes(source: AudioSource) -> tuple[str, ...]:
    """The codes of the reasons that are raised, without those about the length; `unreadable` for an error."""
    recording, meter = (
        open_recording(source, sample_rate=SAMPLE_RATE if isinstance(source, np.ndarray) else None),
        QualityMeter(),
    )
    try:
        for _ in meter.watch(recording.blocks()):
            pass
    except AudioError:
        return ("unreadable",)
    found = meter.reasons(truncated=recording.truncated, damaged=recording.damaged)
    return tuple(reason.code for reason in found if reason.code not in {"too_short", "too_long", "length_advice"})


def shares(found: Sequence[tuple[str, ...]]) -> str:
    """Which share of the sources got each code, as text."""
    counts = Counter(code for one in found for code in one)
    order = [*REASONS, "unreadable"]
    texts = [f"{code} {100 * counts[code] / len(found):.1f} %" for code in order if counts[code]]
    return ", ".join(texts) or "none"


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--clips", type=int, default=200, help="at most so many of each corpus")
    arguments = parser.parse_args()
    for corpus in sorted(folder for folder in arguments.corpora.iterdir() if folder.is_dir()):
        files = sorted(path for path in corpus.rglob("*.*") if path.suffix in {".flac", ".mp3", ".ogg", ".wav"})
        files = random.Random(0).sample(files, min(len(files), arguments.clips))
        print(f"| {corpus.name} | clean | {shares([codes(path) for path in files])} |", flush=True)
        signals = [open_recording(path).load().samples for path in files]
        for name, (code, fault) in FAULTS.items():
            found = [codes(fault(signal)) for signal in signals]
            print(f"| {corpus.name} | {name} → {code} | {shares(found)} |", flush=True)


if __name__ == "__main__":
    main()
