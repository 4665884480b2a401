"""What each clip is compared with when an evaluation is relative: other clips, whatever their labels."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..baseline import compare
from ..embeddings import EmbeddedClips
from ..errors import ManifestError, OptionError
from ..heads import Head
from .units import speaker_of

NONE, SPEAKER, CORPUS = "none", "speaker", "corpus"
DRAWS = 10  # how often a few clips are drawn: one draw of 8 moves UAR of 500 clips by a point
SEED = 0

_FEW = re.compile(r"k=([1-9]\d{0,3})")

_Compared = tuple[NDArray[np.float64], NDArray[np.float64]]  # logits (draws, clips, labels) and trust (draws, clips)


def check_baseline(choice: str) -> None:
    """Raises `OptionError` unless a choice is `none`, `speaker`, `corpus` or such as `k=8`."""
    if choice not in (NONE, SPEAKER, CORPUS) and not _FEW.fullmatch(choice):
        raise OptionError(
            f"There is no baseline '{choice}'; wanted {NONE}, {SPEAKER}, {CORPUS}, or k=8 for 8 clips of the speaker.",
            f"没有基线“{choice}”；可选 {NONE}、{SPEAKER}、{CORPUS}，或用 k=8 表示该说话人的 8 个录音。",
        )


def draws_of(choice: str) -> int:
    """How often everything is judged."""
    return DRAWS if _FEW.fullmatch(choice) else 1


def compare_clips(embedded: EmbeddedClips, head: Head, rows: NDArray[np.int64], choice: str) -> _Compared:
    """The logits of some clips, compared with a baseline, and how far they were.

    Args:
        embedded: All clips; those that are not scored are part of baselines too.
        head: What scores them.
        rows: int64 `(clips,)`: places of those that are scored.
        choice: `none`: no baseline; `speaker`: all clips of the speaker, the scored one among them; `corpus`: all of the
            corpus; `k=8`: for each clip 8 others of its speaker, drawn DRAWS times.

    Raises:
        ManifestError: When speakers are not named.
        OptionError: When there is no such choice.
    """
    check_baseline(choice)
    draws = draws_of(choice)
    logits = head.logits(embedded.embeddings)
    compared, trust = np.tile(logits[rows], (draws, 1, 1)), np.zeros((draws, len(rows)))
    if choice == NONE:
        return compared, trust
    place = {row: number for number, row in enumerate(rows.tolist())}
    few = _FEW.fullmatch(choice)
    generator = np.random.default_rng(SEED)
    for members in _members(embedded, rows, choice):
        scored = np.array([row for row in members.tolist() if row in place])
        if not scored.size:
            continue
        places = [place[row] for row in scored.tolist()]
        for draw in range(draws):
            chosen = _others(members, scored, int(few[1]), generator) if few else members[None]
            if chosen.shape[1]:  # a speaker of one clip has no others
                found = compare(head, logits[chosen], embedded.durations[chosen])
                compared[draw, places], trust[draw, places] = found.applied(logits[scored]), found.trust
    return compared, trust


def _members(embedded: EmbeddedClips, rows: NDArray[np.int64], choice: str) -> Iterator[NDArray[np.int64]]:
    """The places of clips that belong together."""
    if choice == CORPUS:
        names: Sequence[str] = [clip.fields.get("corpus", "") for clip in embedded.clips]
    else:
        names = [speaker_of(clip) for clip in embedded.clips]
        if unnamed := sum(not names[row] for row in rows):
            raise ManifestError(
                f"{unnamed} of {len(rows)} recordings have no speaker, so nothing of the same voice to compare with. Add "
                f"a column speaker to the manifest, or use --baseline {CORPUS}.",
                f"{len(rows)} 个录音中有 {unnamed} 个没有说话人，无法与同一人的声音比较。请在清单中添加 speaker 列，"
                f"或使用 --baseline {CORPUS}。",
            )
    grouped: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        grouped.setdefault(name, []).append(row)
    return (np.array(members) for members in grouped.values())


def _others(
    members: NDArray[np.int64], scored: NDArray[np.int64], count: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """For each scored clip so many other members, `(scored, count)`; fewer when there are no more."""
    order = generator.random((len(scored), len(members)))
    order[scored[:, None] == members[None, :]] = np.inf
    chosen: NDArray[np.int64] = members[np.argsort(order, axis=1)[:, : min(count, len(members) - 1)]]
    return chosen
