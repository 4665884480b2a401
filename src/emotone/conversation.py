"""Who says what in which mood: the channels of a call, or turns that a diarisation or a transcript gives, one track each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .channels import own_regions, same_sound
from .doubts import in_order
from .errors import TurnsError
from .heads import Head
from .listening import Listening
from .segment import common, merged
from .text import Text
from .types import Baseline, Conversation, Reason, Region, Segment, Source, Timeline, TimelineOptions, Track, Turn

MOST_OVERLAP = 0.5  # share of a turn that others may speak in before its result is doubted

OVERLAP = Reason(
    "overlap",
    Text("Somebody else speaks during most of the turn.", "该话轮的大部分时间有他人同时说话。"),
    Text("Use a recording with one channel for each speaker.", "请使用每位说话人各占一个声道的录音。"),
)
SAME_CHANNELS = Reason(
    "same_channels",
    Text("The channels hold the same sound, so they do not separate the speakers.", "各声道内容相同，无法区分说话人。"),
    Text("Give the turns of the speakers, or do not split.", "请提供说话人的话轮，或不要拆分声道。"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """One speaker of a recording that was listened to.

    Attributes:
        speaker: As in `Track`.
        heard: The recording, or the speaker's channel of it.
        stretches: Where the speaker speaks.
        turns: What becomes one segment each, in order; `None`: segments are cut where the emotion changes.
        doubts: Reasons to doubt that this is the speaker alone.
    """

    speaker: str
    heard: Listening = field(repr=False)
    stretches: tuple[Region, ...] = field(repr=False)
    turns: tuple[Turn, ...] | None = field(default=None, repr=False)
    doubts: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Voices:
    """A recording of several speakers that was listened to; every result is read off it.

    Attributes:
        source: The recording.
        duration: In seconds.
        voices: In the order of the channels, or of the first word.
        doubts: As in `Conversation`.
    """

    source: Source
    duration: float
    voices: tuple[Voice, ...]
    doubts: tuple[Reason, ...] = ()

    def conversation(
        self,
        options: TimelineOptions | None = None,
        *,
        head: Head | None = None,
        baselines: Mapping[str, Baseline] | None = None,
    ) -> Conversation:
        """What each speaker expresses.

        A span counts only what its speaker says in it: neither pauses nor the others.

        Args:
            options: As in `Listening.timeline`.
            head: As in `Listening.predict`.
            baselines: Speaker → the usual sound of this voice; a speaker without one is not compared.

        Raises:
            ModelError, OptionError: As in `Listening.timeline`.
        """
        usual = baselines or {}
        tracks = tuple(
            Track(voice.speaker, self._timeline(voice, options, head, usual.get(voice.speaker)))
            for voice in self.voices
        )
        return Conversation(self.source, self.duration, tracks, self.doubts)

    def baselines(self) -> dict[str, Baseline]:
        """Speaker → how the speaker sounds in this recording, for those who say anything: each is compared with themself."""
        within = {voice.speaker: voice.heard.within(voice.stretches) for voice in self.voices}
        return {speaker: heard.baseline() for speaker, heard in within.items() if heard.regions}

    def _timeline(
        self, voice: Voice, options: TimelineOptions | None, head: Head | None, baseline: Baseline | None
    ) -> Timeline:
        heard = voice.heard.within(voice.stretches)
        timeline = heard.timeline(options, head=head, baseline=baseline)
        doubts = in_order((*timeline.utterance.doubts, *voice.doubts))
        timeline = replace(timeline, utterance=replace(timeline.utterance, doubts=doubts))
        if voice.turns is None:
            return timeline
        absolute = timeline.absolute and replace(timeline.absolute, segments=self._turns(voice, heard, head, None))
        return replace(timeline, segments=self._turns(voice, heard, head, baseline), absolute=absolute)

    def _turns(
        self, voice: Voice, heard: Listening, head: Head | None, baseline: Baseline | None
    ) -> tuple[Segment, ...]:
        others = merged(
            stretch for other in self.voices if other.speaker != voice.speaker for stretch in other.stretches
        )
        return tuple(
            _overlapped(segment, others) for segment in heard.turns(voice.turns or (), head=head, baseline=baseline)
        )


def voices_of_channels(heard: Sequence[Listening]) -> Voices:
    """The speakers of a call: each channel is one, called by its number from 1.

    What a channel only hears of another one is not its speaker's: see `channels.own_regions`.

    Args:
        heard: The channels of one recording, in order.
    """
    own = [own_regions(heard, channel) for channel in range(len(heard))]
    voices = tuple(
        Voice(str(number), channel, regions, None, _crosstalk(channel.regions, regions))
        for number, (channel, regions) in enumerate(zip(heard, own, strict=True), start=1)
    )
    doubts = (SAME_CHANNELS,) if same_sound(heard) else ()
    return Voices(heard[0].source, max(channel.duration for channel in heard), voices, doubts)


def voices_of_turns(heard: Listening, turns: Sequence[Turn]) -> Voices:
    """The speakers of a recording whose turns are known.

    Args:
        heard: The recording.
        turns: In any order; they may overlap. Those that begin after the end of the recording are left out.

    Raises:
        TurnsError: When none of them lies in the recording.
    """
    inside = sorted((turn for turn in turns if turn.start < heard.duration), key=lambda turn: (turn.start, turn.end))
    if not inside:
        raise TurnsError(
            f"Found {len(turns)} turns, none of them within the {heard.duration:.1f} s of '{heard.source.name}'. Give the "
            "turns of this recording.",
            f"共有 {len(turns)} 个话轮，均不在“{heard.source.name}”的 {heard.duration:.1f} 秒之内。请提供该录音的话轮。",
        )
    by_speaker: dict[str, list[Turn]] = {}
    for turn in inside:
        by_speaker.setdefault(turn.speaker, []).append(turn)
    voices = tuple(
        Voice(speaker, heard, merged(Region(turn.start, min(turn.end, heard.duration)) for turn in own), tuple(own))
        for speaker, own in by_speaker.items()
    )
    left_out = len(turns) - len(inside)
    return Voices(heard.source, heard.duration, voices, (_outside(left_out, len(turns)),) if left_out else ())


def _overlapped(segment: Segment, others: Sequence[Region]) -> Segment:
    shared = sum(region.end - region.start for region in common([Region(segment.start, segment.end)], others))
    if shared <= MOST_OVERLAP * segment.duration:
        return segment
    return replace(segment, doubts=in_order((*segment.doubts, OVERLAP)))


def _crosstalk(heard: Sequence[Region], own: Sequence[Region]) -> tuple[Reason, ...]:
    """The reason to doubt a channel that hears another one, if it does."""
    seconds = sum(region.end - region.start for region in heard) - sum(region.end - region.start for region in own)
    if seconds < 1:
        return ()
    found = Text(
        f"{seconds:.0f} s of the speech on this channel are another channel's voice; they are left out.",
        f"该声道的语音中有 {seconds:.0f} 秒是其他声道的声音，已排除。",
    )
    return (Reason("crosstalk", found, Text("Record the speakers apart.", "请分开录制各说话人。")),)


def _outside(left_out: int, count: int) -> Reason:
    found = Text(
        f"{left_out} of {count} turns begin after the end of the recording and are left out.",
        f"{count} 个话轮中有 {left_out} 个始于录音结束之后，已排除。",
    )
    return Reason("outside", found, Text("Check that they belong to this recording.", "请确认话轮属于该录音。"))
