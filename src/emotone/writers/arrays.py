"""NumPy's `.npz`: the scores of every window as one matrix."""

import io
from collections.abc import Sequence

import numpy as np

from ..text import Language
from ..types import Segment
from .entries import Entry, named_tracks


def write_npz(entries: Sequence[Entry], language: Language) -> bytes:
    """Arrays of one recording; read with `numpy.load`, no pickles.

    `labels` `(labels,)`, `speakers` `(tracks,)`, `duration` `()` in seconds, `embeddings` float32 `(tracks, dim)`. Windows of
    all tracks, one after the other: `window_tracks` `(windows,)`, the row of `speakers`; `window_times` float64
    `(windows, 2)`, start and end in seconds; `window_scores` float64 `(windows, labels)`. The same with `segment_`.
    """
    (entry,) = entries
    tracks = entry.conversation.tracks
    labels = entry.labels
    windows = [track.timeline.windows for track in tracks]
    segments = [track.timeline.segments for track in tracks]
    embeddings = [track.timeline.utterance.embedding for track in tracks]
    data = io.BytesIO()
    np.savez(
        data,
        allow_pickle=False,
        labels=np.array(labels, np.str_),
        speakers=np.array([name for name, _ in named_tracks(tracks)], np.str_),
        duration=np.array(entry.conversation.duration),
        embeddings=np.array(embeddings, np.float32).reshape(len(tracks), -1 if tracks else 0),
        window_tracks=_tracks(windows),
        window_times=_times(windows),
        window_scores=_scores(windows, labels),
        segment_tracks=_tracks(segments),
        segment_times=_times(segments),
        segment_scores=_scores(segments, labels),
        segment_labels=np.array([segment.label for own in segments for segment in own], np.str_),
    )
    return data.getvalue()


def _tracks(stretches: Sequence[Sequence[Segment]]) -> np.ndarray:
    return np.repeat(np.arange(len(stretches)), [len(own) for own in stretches])


def _times(stretches: Sequence[Sequence[Segment]]) -> np.ndarray:
    return np.array([(one.start, one.end) for own in stretches for one in own], np.float64).reshape(-1, 2)


def _scores(stretches: Sequence[Sequence[Segment]], labels: Sequence[str]) -> np.ndarray:
    rows = [[one.scores.get(label, 0.0) for label in labels] for own in stretches for one in own]
    return np.array(rows, np.float64).reshape(len(rows), len(labels))
