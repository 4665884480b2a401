"""What is wrong with a recording: reasons to doubt a result, in words."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .segment import SPEECH_ON, speech_regions
from .speech import CHUNK_DURATION, CHUNK_SAMPLES, SpeechDetector, high_voices
from .text import Text
from .types import SAMPLE_RATE, Reason, Region, Signal

# Thresholds lie between clean corpora and the same clips with one fault; benchmarks/quality.py prints both sides.
SILENT_PEAK_DB = -70.0  # dBFS: a few steps of 16 bits
QUIET_LEVEL_DB = -60.0  # dBFS of speech; studio corpora go down to -59
NOISY_SNR_DB = 12.0  # speech against the quietest tenth; studio corpora: at most 1.5 % below; at 5 dB SNR: 99 % below
NARROW_BAND_DB = -52.0  # 4.2–7.5 kHz against 0.3–3.4 kHz in speech; studio corpora stay above -39, telephones below -73
CLIPPED_SHARE = 0.012  # of speech within 2 dB of its peak; studio corpora: at most 1 % above; 12 dB over: 94 % above
MIN_DURATION, MAX_UTTERANCE = 1.0, 30.0  # seconds
GOOD_DURATION = (3.0, 10.0)  # seconds: what most training clips last, and what one utterance should

_NEAR_PEAK_DB = 1.94  # 0.8 of the peak
_LEVEL_BINS = np.linspace(-121.0, 42.0, 1631)  # dB, in steps of 0.1
_BINS_HZ = np.fft.rfftfreq(CHUNK_SAMPLES, 1 / SAMPLE_RATE)
_LOW_BAND = (_BINS_HZ >= 300) & (_BINS_HZ < 3400)
_HIGH_BAND = (_BINS_HZ >= 4200) & (_BINS_HZ < 7500)
_WINDOW = np.hanning(CHUNK_SAMPLES).astype(np.float32)

REASONS: dict[str, Reason] = {
    reason.code: reason
    for reason in (
        Reason(
            "silent",
            Text("The recording is silent.", "录音是无声的。"),
            Text("Check the microphone and record again.", "请检查麦克风后重新录制。"),
        ),
        Reason(
            "no_speech",
            Text("No speech was found.", "未检测到语音。"),
            Text(
                "The model was made for speech; use a recording of somebody speaking.",
                "模型只适用于语音；请使用有人说话的录音。",
            ),
        ),
        Reason(
            "too_short",
            Text("The recording is shorter than 1 s.", "录音短于 1 秒。"),
            Text("Use 3–10 s of speech.", "请使用 3–10 秒的语音。"),
        ),
        Reason(
            "too_long",
            Text("The recording is longer than 30 s, too long for one result.", "录音超过 30 秒，不适合只给一个结果。"),
            Text("Use the timeline (frame mode).", "请使用时间线（frame 模式）。"),
        ),
        Reason(
            "clipped",
            Text("The recording is clipped: loud parts are cut off.", "录音有削波：响亮的部分被截断。"),
            Text("Record again with less gain.", "请降低录音增益后重录。"),
        ),
        Reason(
            "quiet",
            Text("The speech is very quiet.", "语音音量很低。"),
            Text("Move closer to the microphone or raise the gain.", "请靠近麦克风或提高增益。"),
        ),
        Reason(
            "noisy",
            Text("There is much noise behind the speech.", "语音的背景噪声较大。"),
            Text("Record in a quieter place.", "请在更安静的环境中录制。"),
        ),
        Reason(
            "narrow_band",
            Text("There is no sound above 4 kHz, as on the telephone.", "4 kHz 以上没有声音，类似电话录音。"),
            Text("Use the original recording if there is one.", "如有原始录音，请改用原始录音。"),
        ),
        Reason(
            "truncated",
            Text(
                "The file ends before its announced end; the part before was analysed.",
                "文件提前中断；只分析了中断之前的部分。",
            ),
            Text("Copy or export the file again.", "请重新复制或导出该文件。"),
        ),
        Reason(
            "damaged",
            Text("Parts of the file could not be decoded and were skipped.", "文件的部分内容无法解码，已跳过。"),
            Text("Copy or export the file again.", "请重新复制或导出该文件。"),
        ),
        Reason(
            "length_advice",
            Text("Results are best for 3–10 s of speech.", "3–10 秒的语音效果最好。"),
            Text("Use a longer or shorter stretch, or the timeline.", "请使用更长或更短的片段，或使用时间线。"),
        ),
    )
}
"""Code → reason, the gravest first."""


class QualityMeter:
    """Measures a recording while its blocks pass by."""

    def __init__(self) -> None:
        self._samples = 0
        self._detector = SpeechDetector()
        self._speech: list[NDArray[np.float32]] = []  # probability of speech in each chunk
        self._power: list[NDArray[np.float32]] = []  # mean square of each chunk
        self._bands: list[NDArray[np.float32]] = []  # (chunks, 2): power density in the low and in the high band
        self._levels = np.zeros(_LEVEL_BINS.size - 1, np.int64)  # histogram of the samples of speech, in dB
        self._peak = 0.0

    def watch(self, blocks: Iterator[Signal]) -> Iterator[Signal]:
        """The same blocks, measured. All but the last must be whole chunks long."""
        for block in blocks:
            self.add(block)
            yield block

    @property
    def duration(self) -> float:
        """Seconds seen."""
        return self._samples / SAMPLE_RATE

    def regions(self) -> tuple[Region, ...]:
        """Where speech was found."""
        return speech_regions(np.concatenate(self._speech), CHUNK_DURATION, self.duration)

    def levels(self) -> NDArray[np.float32]:
        """How loud each 32 ms are, in dB of full scale: float32 `(chunks,)`."""
        levels: NDArray[np.float32] = _decibels(np.concatenate(self._power)).astype(np.float32)
        return levels

    def reasons(self, *, truncated: bool, damaged: bool) -> tuple[Reason, ...]:
        """What is wrong, the gravest first."""
        found = {"truncated": truncated, "damaged": damaged, **self._length_faults(), **self._signal_faults()}
        return tuple(reason for code, reason in REASONS.items() if found.get(code))

    def add(self, block: Signal) -> None:
        """Measures a block. All but the last must be whole chunks long."""
        self._samples += block.size
        self._peak = max(self._peak, float(np.abs(block).max()))
        speech = self._detector.probabilities(block)
        if not speech_regions(speech, CHUNK_DURATION, block.size / SAMPLE_RATE):
            speech = np.maximum(speech, high_voices(block))
        self._speech.append(speech)
        chunks = np.pad(block, (0, -block.size % CHUNK_SAMPLES)).reshape(-1, CHUNK_SAMPLES)
        self._power.append(np.mean(chunks**2, axis=1))
        spectrum = np.abs(np.fft.rfft(chunks * _WINDOW)) ** 2
        self._bands.append(
            np.stack([spectrum[:, _LOW_BAND].mean(axis=1), spectrum[:, _HIGH_BAND].mean(axis=1)], axis=1)
        )
        self._levels += np.histogram(_decibels(chunks[speech >= SPEECH_ON] ** 2), _LEVEL_BINS)[0]

    def _length_faults(self) -> dict[str, bool]:
        short, long = self.duration < MIN_DURATION, self.duration > MAX_UTTERANCE
        best = GOOD_DURATION[0] <= self.duration <= GOOD_DURATION[1]
        return {"too_short": short, "too_long": long, "length_advice": not (best or short or long)}

    def _signal_faults(self) -> dict[str, bool]:
        if _decibels(self._peak**2) < SILENT_PEAK_DB:
            return {"silent": True}
        if not self.regions():
            return {"no_speech": True}
        speech = np.concatenate(self._speech) >= SPEECH_ON
        power = np.concatenate(self._power)
        level, floor = _decibels(power[speech].mean()), _decibels(np.percentile(power, 10))
        low, high = np.concatenate(self._bands)[speech].mean(axis=0)
        return {
            "clipped": self._share_near_peak() > CLIPPED_SHARE,
            "quiet": level < QUIET_LEVEL_DB,
            "noisy": level - floor < NOISY_SNR_DB,
            "narrow_band": _decibels(high) - _decibels(low) < NARROW_BAND_DB,
        }

    def _share_near_peak(self) -> float:
        """The share of speech samples close to the level that only one in 10,000 exceeds: large where peaks are cut off."""
        above = self._levels[::-1].cumsum()[::-1] / self._levels.sum()  # share of samples in this bin or higher
        peak = int(np.flatnonzero(above >= 1e-4)[-1])
        return float(above[max(0, peak - round(_NEAR_PEAK_DB / 0.1))])


def _decibels(power: Any) -> Any:
    return 10 * np.log10(np.maximum(power, 1e-12))
