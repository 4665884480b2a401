"""What a timeline or a conversation amounts to: statistics of each speaker, and who reacts to whom."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from .labels import Label, is_negative
from .segment import merged
from .types import Conversation, Region, Segment, Timeline, Track

SUSTAINED = 5.0  # seconds of speech that a label must last to be a mood, not a moment
BREAK = 30.0  # seconds without a word, after which a stretch of negative speech is over
REACTION = 10.0  # seconds after somebody's negative speech in which another one's is an answer to it


@dataclass(frozen=True, slots=True)
class TurningPoint:
    """Where a speaker's sustained label changes.

    Attributes:
        at: Seconds from the beginning of the recording: where the new one begins.
        before, after: Labels, each sustained for `SUSTAINED` seconds of speech or more.
    """

    at: float
    before: Label
    after: Label


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech of one speaker that stays negative.

    Attributes:
        start, end: From its first segment's beginning to its last one's end.
        speech: Seconds of negative speech in it.
        labels: Of its segments: the longest first.
    """

    start: float
    end: float
    speech: float
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class SpeakerSummary:
    """How one speaker comes across.

    Attributes:
        speaker: As in `Track`.
        speech: Seconds that the speaker's segments cover.
        left_out: Seconds of them whose segments are doubted or withheld; nothing below counts those.
        shares: Label → its share of the rest, the largest first; they sum to 1. Empty when nothing is left.
        turning_points: In order.
        longest_negative: The stretch with the most negative speech, if there is any.
        negative_turns: How often the speaker turns negative: the number of such stretches.
    """

    speaker: str
    speech: float
    left_out: float
    shares: Mapping[Label, float]
    turning_points: tuple[TurningPoint, ...]
    longest_negative: Stretch | None
    negative_turns: int


@dataclass(frozen=True, slots=True)
class Reaction:
    """What one speaker says after another one turned negative.

    Attributes:
        to: Who turned negative.
        speaker: Who is the first of the others to begin a segment after that, within `REACTION` seconds of the end of the
            segment that did; nobody else's count.
        times: How often.
        lag: Seconds from the end of that segment to the beginning of the answer, in the median; below 0: it interrupts.
        labels: Label → how often the answer expresses it, the most frequent first.
        left_out: How many of the answers are doubted or withheld, and so have no label.
    """

    to: str
    speaker: str
    times: int
    lag: float
    labels: Mapping[Label, int]
    left_out: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Statistics of a recording.

    Attributes:
        speakers: One for each track, in order; a timeline has one, without a name.
        reactions: For each pair with any, in the order of the speakers.
    """

    speakers: tuple[SpeakerSummary, ...]
    reactions: tuple[Reaction, ...] = field(default=())


def summarise(result: Timeline | Conversation) -> Summary:
    """Statistics of a timeline or a conversation. Whatever is doubted or withheld is counted as left out, not as a claim."""
    tracks = (Track("", result),) if isinstance(result, Timeline) else result.tracks
    return Summary(tuple(map(_speaker, tracks)), tuple(_reactions(tracks)))


def _claimed(segment: Segment) -> bool:
    return not segment.doubts and segment.withheld is None


def _claims(track: Track) -> list[Segment]:
    return [segment for segment in track.timeline.segments if _claimed(segment)]


def _speaker(track: Track) -> SpeakerSummary:
    claims, segments = _claims(track), track.timeline.segments
    speech, clear = _seconds(segments), _seconds(claims)
    lengths, stretches = _lengths(claims), [_stretch(run) for run in _negative_runs(claims)]
    total = sum(lengths.values())
    return SpeakerSummary(
        track.speaker,
        speech,
        max(speech - clear, 0.0),
        {label: length / total for label, length in lengths.items()},
        tuple(_turning_points(claims)),
        max(stretches, key=lambda stretch: stretch.speech, default=None),
        len(stretches),
    )


def _seconds(segments: Sequence[Segment]) -> float:
    """That they cover: once where they overlap."""
    regions = merged(Region(segment.start, segment.end) for segment in segments)
    return sum(region.end - region.start for region in regions)


def _turning_points(claims: Sequence[Segment]) -> Iterator[TurningPoint]:
    sustained = [run for run in _runs(claims) if sum(segment.duration for segment in run) >= SUSTAINED]
    for before, after in pairwise(sustained):
        if before[0].label != after[0].label:
            yield TurningPoint(after[0].start, before[0].label, after[0].label)


def _runs(claims: Sequence[Segment]) -> list[list[Segment]]:
    """Segments that follow each other with the same label."""
    runs: list[list[Segment]] = []
    for segment in claims:
        if runs and runs[-1][0].label == segment.label:
            runs[-1].append(segment)
        else:
            runs.append([segment])
    return runs


def _negative_runs(claims: Sequence[Segment]) -> list[list[Segment]]:
    """Segments that are negative one after the other, without a pause of `BREAK` or more."""
    runs: list[list[Segment]] = []
    before: Segment | None = None
    for segment in claims:
        if is_negative(segment.label):
            if before is not None and is_negative(before.label) and segment.start - before.end < BREAK:
                runs[-1].append(segment)
            else:
                runs.append([segment])
        before = segment
    return runs


def _stretch(run: Sequence[Segment]) -> Stretch:
    return Stretch(run[0].start, max(segment.end for segment in run), _seconds(run), tuple(_lengths(run)))


def _lengths(segments: Sequence[Segment]) -> dict[Label, float]:
    """Seconds of each label, the longest first."""
    lengths: dict[Label, float] = {}
    for segment in segments:
        lengths[segment.label] = lengths.get(segment.label, 0.0) + segment.duration
    return dict(sorted(lengths.items(), key=lambda item: -item[1]))


def _reactions(tracks: Sequence[Track]) -> Iterator[Reaction]:
    for track in tracks:
        others = [other for other in tracks if other is not track]
        answers: dict[str, list[tuple[float, Segment]]] = {other.speaker: [] for other in others}
        for turn, *_ in _negative_runs(_claims(track)):
            found = _answer(turn, others)
            if found is not None:
                speaker, segment = found
                answers[speaker].append((segment.start - turn.end, segment))
        yield from (_reaction(track.speaker, speaker, found) for speaker, found in answers.items() if found)


def _answer(turn: Segment, others: Sequence[Track]) -> tuple[str, Segment] | None:
    """Who is the first to begin a segment after a speaker turned negative, and that segment."""
    found = [
        (segment.start, other.speaker, segment)
        for other in others
        for segment in other.timeline.segments
        if turn.start < segment.start <= turn.end + REACTION
    ]
    if not found:
        return None
    _, speaker, segment = min(found, key=lambda answer: answer[0])
    return speaker, segment


def _reaction(to: str, speaker: str, answers: Sequence[tuple[float, Segment]]) -> Reaction:
    labels = Counter(segment.label for _, segment in answers if _claimed(segment))
    return Reaction(
        to,
        speaker,
        len(answers),
        median(lag for lag, _ in answers),
        dict(labels.most_common()),
        len(answers) - labels.total(),
    )
