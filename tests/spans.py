"""What a head must say of some frames of a recording, the long way round."""

import numpy as np
from numpy.typing import NDArray

from emotone.baseline import Comparison
from emotone.heads import Head
from emotone.listening import Listening
from emotone.view import STRETCH


def frames_between(heard: Listening, start: float, end: float) -> NDArray[np.int64]:
    """The numbers of the frames of a span."""
    rate = heard.info.frame_rate
    return np.arange(round(start * rate), round(end * rate))


def scores_of(heard: Listening, head: Head, numbers: NDArray[np.int64], compared: Comparison | None = None):
    """Label → score of the mean of these frames; how strange it sounds is judged by the stretches that they are from."""
    assert heard.frames is not None
    rate = heard.info.frame_rate
    size = round(STRETCH * rate)
    parts = np.array([part.mean(axis=0) for part in np.split(heard.frames, range(size, len(heard.frames), size))])
    seconds = len(numbers) / rate
    strange = head.strangeness(parts[numbers // size].mean(axis=0)[None], np.array([seconds]))[0]
    compared = compared or Comparison.none(head)
    logits = compared.applied(head.logits(heard.frames[numbers]).mean(axis=0))
    return head.scores(logits, trust=float(compared.trust), duration=seconds, strangeness=float(strange))
