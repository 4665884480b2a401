"""Twins of a recording: the same words from the same mouth, over the telephone, as a small MP3, in noise, louder, in a room.

A model that hears the voice gives twins the same label. Everything random follows from the recording's bytes, so that a twin
is the same in every run.
"""

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import av.error
import numpy as np
import soxr
from numpy.typing import NDArray

from .audio import load_audio
from .text import Text
from .types import SAMPLE_RATE, Audio, Signal

REVERBERATION = 0.4  # seconds until the room's sound has fallen by 60 dB: a furnished living room
DIRECT_RATIO_DB = 5.0  # the voice itself against what the room gives back: about a metre away
FIRST_REFLECTION = 0.004  # seconds after the voice itself
VOICES = 6  # in babble
SNRS_DB = (20, 10, 5)  # of noise, against the louder parts of the recording
PHONE_RATE = 8_000

_PART_FRAMES, _PART_RANGE_DB = 320, 25.0  # 20 ms; parts of speech lie within this range below the loudest
_REVISION = 1  # goes up when any twin sounds different

_Change = Callable[[Audio, np.random.Generator], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Twin:
    """One way to change recordings.

    Attributes:
        code: Machine name.
        name: For people.
        change: Makes the twin of a recording, with a source of random numbers that belongs to both.
        depends: Names what else it is made of.
    """

    code: str
    name: Text
    change: _Change
    depends: str = ""

    @property
    def key(self) -> str:
        """Names everything that its samples depend on, apart from the recording."""
        return f"{self.code} {_REVISION} {self.depends}"

    def apply(self, audio: Audio) -> Signal:
        """The twin of a recording: float32, `(samples,)`, 16 kHz, in -1…1, as long as the recording (codecs: nearly)."""
        digest = hashlib.sha256(f"{self.code} {audio.source.sha256}".encode()).digest()
        changed = self.change(audio, np.random.default_rng(int.from_bytes(digest[:8], "little")))
        return np.clip(changed, -1, 1).astype(np.float32)  # a recording cannot be louder than full scale


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """People in the background.

    Attributes:
        sha256: Of each voice's recording.
        voices: float32 `(samples,)` each, speech at RMS 1.
    """

    sha256: tuple[str, ...]
    voices: tuple[Signal, ...]

    @classmethod
    def of(cls, recordings: Sequence[Audio]) -> "Crowd":
        """The voices of these recordings; silent ones are left out."""
        heard = [audio for audio in recordings if audio.samples.any()]
        voices = tuple((audio.samples / np.sqrt(speech_power(audio.samples))).astype(np.float32) for audio in heard)
        return cls(tuple(audio.source.sha256 for audio in heard), voices)

    def babble(self, audio: Audio, random: np.random.Generator) -> NDArray[np.float64]:
        """Some voices at once, without the recording's own, as long as it is."""
        others = [
            voice for sha256, voice in zip(self.sha256, self.voices, strict=True) if sha256 != audio.source.sha256
        ]
        together = np.zeros(audio.samples.size)
        for index in random.permutation(len(others))[:VOICES]:
            together += _looped(others[index], audio.samples.size, random)
        return together


def twins(crowd: Crowd) -> list[Twin]:
    """All twins that can be made here: AMR-NB and MP3 need a PyAV that can write them, babble a crowd."""
    found = [Twin("g711", Text("telephone, G.711", "电话 G.711"), _coded("pcm_alaw", "wav", PHONE_RATE))]
    if _can_write("libopencore_amrnb"):
        amr = _coded("libopencore_amrnb", "amr", PHONE_RATE, 12_200)
        found.append(Twin("amr_nb", Text("mobile phone, AMR-NB 12.2 kbit/s", "手机 AMR-NB 12.2 kbit/s"), amr))
    if _can_write("libmp3lame"):
        mp3 = _coded("libmp3lame", "mp3", SAMPLE_RATE, 32_000)
        found.append(Twin("mp3_32", Text("MP3 32 kbit/s", "MP3 32 kbit/s"), mp3))
    if len(crowd.voices) > VOICES:
        key = hashlib.sha256(" ".join(crowd.sha256).encode()).hexdigest()
        for snr in SNRS_DB:
            name = Text(f"babble, {snr} dB SNR", f"人声嘈杂，信噪比 {snr} dB")
            found.append(Twin(f"babble_{snr}", name, _noisy(crowd.babble, snr), key))
    for snr in SNRS_DB:
        name = Text(f"white noise, {snr} dB SNR", f"白噪声，信噪比 {snr} dB")
        found.append(Twin(f"white_{snr}", name, _noisy(_white, snr)))
    found += [
        Twin("gain_+10", Text("10 dB louder", "响 10 dB"), _gained(10)),
        Twin("gain_-10", Text("10 dB quieter", "轻 10 dB"), _gained(-10)),
        Twin("room", Text("in a living room", "客厅混响"), _in_room),
    ]
    return found


def absent(found: Sequence[Twin]) -> list[Text]:
    """Why usual twins are not among these."""
    codes = {twin.code.split("_")[0] for twin in found}
    reasons = {
        "amr": Text("No AMR-NB: this build of PyAV cannot write it.", "无 AMR-NB：当前 PyAV 版本无法编码。"),
        "mp3": Text("No MP3: this build of PyAV cannot write it.", "无 MP3：当前 PyAV 版本无法编码。"),
        "babble": Text(
            f"No babble: it takes {VOICES + 1} recordings with sound.",
            f"无人声嘈杂：至少需要 {VOICES + 1} 个有声录音。",
        ),
    }
    return [reason for code, reason in reasons.items() if code not in codes]


def speech_power(signal: Signal) -> float:
    """The mean power of the louder 20 ms of a signal, so that pauses do not count."""
    parts = np.pad(signal, (0, -signal.size % _PART_FRAMES)).reshape(-1, _PART_FRAMES)
    power = np.mean(parts.astype(np.float64) ** 2, axis=1)
    return float(power[power >= power.max() * 10 ** (-_PART_RANGE_DB / 10)].mean())


def _noisy(noise: _Change, snr_db: float) -> _Change:
    def change(audio: Audio, random: np.random.Generator) -> NDArray[Any]:
        behind = noise(audio, random)
        power = max(float(np.mean(behind**2)), 1e-20)
        return np.asarray(audio.samples + behind * np.sqrt(speech_power(audio.samples) / power * 10 ** (-snr_db / 10)))

    return change


def _white(audio: Audio, random: np.random.Generator) -> NDArray[np.float64]:
    return random.normal(size=audio.samples.size)


def _gained(gain_db: float) -> _Change:
    return lambda audio, _: audio.samples * np.float32(10 ** (gain_db / 20))


def _in_room(audio: Audio, random: np.random.Generator) -> NDArray[np.float64]:
    """Convolved with an impulse, then noise that fades: the statistical model of a room (Polack 1988). The level stays."""
    time = np.arange(round(REVERBERATION * SAMPLE_RATE)) / SAMPLE_RATE
    response = random.normal(size=time.size) * 10 ** (-3 * time / REVERBERATION)
    response[time < FIRST_REFLECTION] = 0
    response *= np.sqrt(10 ** (-DIRECT_RATIO_DB / 10) / (response**2).sum())
    response[0] = 1
    size = audio.samples.size + response.size - 1
    heard = np.fft.irfft(np.fft.rfft(audio.samples, size) * np.fft.rfft(response, size), size)[: audio.samples.size]
    level: float = np.sqrt(np.mean(audio.samples.astype(np.float64) ** 2) / max(float(np.mean(heard**2)), 1e-20))
    return np.asarray(heard * level)


def _coded(codec: str, muxer: str, rate: int, bit_rate: int | None = None) -> _Change:
    """What a codec leaves of the signal: written as a file, and read like any other."""

    def change(audio: Audio, random: np.random.Generator) -> Signal:
        signal = soxr.resample(audio.samples, SAMPLE_RATE, rate) if rate != SAMPLE_RATE else audio.samples
        file = io.BytesIO()
        with av.open(file, "w", format=muxer) as container:
            stream = container.add_stream(codec, rate=rate)
            stream.layout = "mono"
            if bit_rate:
                stream.bit_rate = bit_rate
            samples = np.ascontiguousarray(np.clip(signal, -1, 1)[None], np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="flt", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return load_audio(file.getvalue()).samples

    return change


def _can_write(codec: str) -> bool:
    try:
        av.Codec(codec, "w")
    except (av.error.FFmpegError, ValueError):  # PyAV's UnknownCodecError is a ValueError
        return False
    return True


def _looped(voice: Signal, samples: int, random: np.random.Generator) -> Signal:
    """The voice from a random moment on, again and again."""
    return np.resize(np.roll(voice, -int(random.integers(voice.size))), samples)
