"""Training layers of your own on top of an encoder. The only module here that imports torch for it.

The encoder below stays as it is, so its frames are made once. Every batch is made of sessions (a voice in a room): half of
them are judged as they are, the others against their own mean. So the layers learn embeddings in which a voice's usual sound
can be taken away by subtraction, as `baseline` does it, and a linear head behind them serves both views.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .frames import UNKNOWN, FrameSet
from .layers import Block, LayerOptions, Layers

ROW = 8  # clips of one session in a batch
_WARM_UP = 0.15  # share of the steps
_AVERAGED = 0.995  # of the weights' moving average
_LEAST_DEVIATION = 1e-6  # of a value, against the largest one: below, it is constant
_TOGETHER = 20_000  # frames that are embedded at a time, padding included: 80 MB of 1024 values

# Where processors do not have it, torch is slower with bfloat16 than without.
BRIEF = torch.backends.cpu.get_cpu_capability().startswith("AVX512")

Clips = NDArray[np.int64]  # their places in a FrameSet


def train_layers(
    data: FrameSet, options: LayerOptions | None = None, *, on_progress: Callable[[float], None] = lambda share: None
) -> Layers:
    """Layers that make these clips' labels as plain as can be to a linear head.

    Args:
        data: What to learn from: at least one clip of each of two labels.
        options: How.
        on_progress: Called with the share that is done, 0…1.
    """
    options = options or LayerOptions()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        return _trained(data, options, on_progress)


def _trained(data: FrameSet, options: LayerOptions, on_progress: Callable[[float], None]) -> Layers:
    network = Network(data.values.shape[1], data.labels, options)
    averaged = deepcopy(network)
    optimizer = torch.optim.AdamW(network.parameters(), lr=options.rate, weight_decay=options.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, options.rate, total_steps=options.steps, pct_start=_WARM_UP
    )
    batches = _Batches(data, options, np.random.default_rng(options.seed))
    network.train()
    for step, batch in zip(range(options.steps), batches, strict=False):
        with torch.autocast("cpu", torch.bfloat16, enabled=BRIEF):
            embeddings = network(batch.frames, batch.mask)
            loss = row_loss(network.head, embeddings, batch.truth, batch.offered, batch.relative, options.smoothing)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        follow(averaged, network, step)
        on_progress((step + 1) / options.steps)
    return averaged.layers(*standard(data))


def embed(layers: Layers, data: FrameSet) -> NDArray[np.float32]:
    """The embeddings of clips, `(clips, width)`."""
    embeddings = np.empty((len(data), len(layers.bias)), np.float32)
    with torch.no_grad():
        for clips in _together(data.counts):
            embeddings[clips] = _embedded(layers, data, clips)
    return embeddings


def standard(data: FrameSet) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean of the clips' means, and one over their deviation, `(dim,)` each; 0 for values that are always the same."""
    mean, deviation = data.means.mean(axis=0), data.means.std(axis=0)
    varies = deviation > _LEAST_DEVIATION * deviation.max()
    return mean, np.where(varies, 1 / np.where(varies, deviation, 1), 0).astype(np.float32)


class Network(nn.Module):
    """The layers, and the linear head that they are trained with."""

    def __init__(self, dim: int, labels: int, options: LayerOptions) -> None:
        super().__init__()
        width = options.width
        self.entrance = nn.Linear(dim, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(options.blocks))
        self.convolutions = nn.ModuleList(nn.Conv1d(width, width, 3, padding=1) for _ in range(options.blocks))
        self.head = nn.Linear(width, labels)
        self.hidden_input = nn.Dropout(options.dropout / 2)
        self.hidden = nn.Dropout(options.dropout)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Embeddings `(clips, width)` of standard frames `(clips, time, dim)`; the mask `(clips, time, 1)` is 0 after them."""
        whole_values = self.hidden_input(torch.ones_like(frames[:, :1]))  # hidden in all frames of a clip alike
        x = self.entrance(frames * whole_values)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            inner = functional.gelu(norm(x)) * mask
            x = x + self.hidden(convolution(inner.transpose(1, 2)).transpose(1, 2))
        return (functional.gelu(x) * mask).sum(1) / mask.sum(1)

    def layers(self, mean: NDArray[np.float32], scale: NDArray[np.float32]) -> Layers:
        """The layers as data, for frames that were standardised like this: `(frames - mean) * scale`."""

        def array(tensor: Tensor) -> NDArray[np.float32]:
            return np.asarray(tensor.detach().numpy(), np.float32)

        weight = array(self.entrance.weight) * scale
        blocks = [
            Block(array(norm.weight), array(norm.bias), array(convolution.weight), array(convolution.bias))
            for norm, convolution in zip(self.norms, self.convolutions, strict=True)
        ]
        bias = (array(self.entrance.bias) - weight @ mean).astype(np.float32)
        return Layers(weight, bias, tuple(blocks))

    def begin_with(self, layers: Layers, mean: NDArray[np.float32], scale: NDArray[np.float32]) -> None:
        """Takes the weights of layers; the inverse of `layers`, but for values that never change, whose scale is 0."""
        inverse = np.where(scale > 0, 1 / np.where(scale > 0, scale, 1), 0)
        state = {
            "entrance.weight": layers.weight * inverse,
            "entrance.bias": layers.bias + layers.weight @ mean,
        }
        for number, block in enumerate(layers.blocks):
            state |= {f"norms.{number}.weight": block.scale, f"norms.{number}.bias": block.shift}
            state |= {f"convolutions.{number}.weight": block.weight, f"convolutions.{number}.bias": block.bias}
        tensors = {name: torch.from_numpy(np.asarray(value, np.float32)) for name, value in state.items()}
        self.load_state_dict(tensors, strict=False)  # the head begins anew


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    frames: Tensor  # (clips, time, dim), standardised
    mask: Tensor  # (clips, time, 1)
    truth: Tensor  # (clips,)
    offered: Tensor  # (clips, labels): labels that the clip's corpus has
    relative: Tensor  # (clips / ROW,)


class Rows:
    """Rows of clips without end. A row is of one session, and has the session's labels alike.

    Corpora take turns by their shares; within one, sessions that have a rare label come more often.
    """

    def __init__(self, data: FrameSet, random: np.random.Generator) -> None:
        self._data, self._random = data, random
        self._corpora = {
            corpus: _by_value(data.truth, np.flatnonzero(data.corpora == corpus)) for corpus in np.unique(data.corpora)
        }
        shares = np.array([data.shares[corpus] for corpus in self._corpora])
        self._shares = shares / shares.sum()
        # clips of unknown voices are those of one session in each corpus, which is never judged against its mean
        owners = np.where(data.sessions == UNKNOWN, -1 - data.corpora, data.sessions)
        self._sessions = {
            session: _by_value(data.truth, clips) for session, clips in _by_value(owners, np.arange(len(data))).items()
        }
        self._owners = owners

    def drawn(self) -> Clips:
        """The places of `ROW` clips."""
        corpus = list(self._corpora.values())[self._random.choice(len(self._shares), p=self._shares)]
        own = corpus[self._random.choice(list(corpus))]
        session = self._sessions[self._owners[self._random.choice(own)]]
        return np.array([self._random.choice(session[label]) for label in self._random.choice(list(session), ROW)])

    def compared(self, rows: Sequence[Clips], share: float) -> NDArray[np.bool_]:
        """Which rows are judged against their own mean: a share of those whose mean says how their voice usually sounds.

        It does not when it is that of one label, or of many voices.
        """
        chosen = self._random.random(len(rows)) < share
        sessions, truth = self._data.sessions, self._data.truth
        tells = [sessions[row[0]] != UNKNOWN and len(set(truth[row].tolist())) > 1 for row in rows]
        return chosen & np.array(tells)


class _Batches:
    """Batches of rows, without end."""

    def __init__(self, data: FrameSet, options: LayerOptions, random: np.random.Generator) -> None:
        self._data, self._options, self._random = data, options, random
        self._mean, self._scale = standard(data)
        self._offered = data.offered
        self._rows = Rows(data, random)

    def __iter__(self) -> Iterator[_Batch]:
        options = self._options
        while True:
            rows = [self._rows.drawn() for _ in range(options.batch // ROW)]
            clips = np.concatenate(rows)
            frames, mask = _padded([self._cropped(self._data.frames_of(clip)) for clip in clips])
            yield _Batch(
                frames.bfloat16() if BRIEF else frames,
                mask,
                torch.from_numpy(self._data.truth[clips]),
                torch.from_numpy(self._offered[clips]),
                torch.from_numpy(self._rows.compared(rows, options.relative)),
            )

    def _cropped(self, frames: NDArray[np.float16]) -> NDArray[np.float32]:
        count = len(frames)
        shortest = min(count, max(self._options.crop // 4, round(0.4 * count)))
        size = min(int(self._random.integers(shortest, count + 1)), self._options.crop)
        start = int(self._random.integers(count - size + 1))
        cropped: NDArray[np.float32] = (frames[start : start + size] - self._mean) * self._scale
        return cropped


def _padded(parts: Sequence[NDArray[np.float32]]) -> tuple[Tensor, Tensor]:
    """Clips side by side, `(clips, time, dim)`, and the mask `(clips, time, 1)`."""
    frames = torch.zeros(len(parts), max(map(len, parts)), parts[0].shape[1])
    mask = torch.zeros(*frames.shape[:2], 1)
    for place, part in enumerate(parts):
        frames[place, : len(part)] = torch.from_numpy(part)
        mask[place, : len(part)] = 1
    return frames, mask


def _by_value(values: NDArray[np.int64], clips: Clips) -> dict[int, Clips]:
    """Value → those of the clips that have it."""
    return {value: clips[values[clips] == value] for value in np.unique(values[clips]).tolist()}


def row_loss(
    head: nn.Linear, embeddings: Tensor, truth: Tensor, offered: Tensor, relative: Tensor, smoothing: float
) -> Tensor:
    """Cross entropy among the labels of each clip's corpus: what a corpus lacks, it cannot speak against.

    Args:
        head: From embeddings to logits.
        embeddings: `(clips, width)`, of whole rows.
        truth: `(clips,)`.
        offered: `(clips, labels)`: labels that the clip's corpus has.
        relative: `(clips / ROW,)`: which rows are judged against their own mean.
        smoothing: As in `LayerOptions`.
    """
    rows = embeddings.float().unflatten(0, (-1, ROW))
    rows = torch.where(relative[:, None, None], rows - rows.mean(1, keepdim=True), rows)
    logits = head(rows.flatten(0, 1)).float().masked_fill(~offered, -30.0)
    among = offered.float()
    target = (1 - smoothing) * functional.one_hot(truth, logits.shape[1])
    target = target + smoothing * among / among.sum(1, keepdim=True)
    return -(functional.log_softmax(logits, 1) * target).sum(1).mean()


def follow(averaged: nn.Module, network: nn.Module, step: int) -> None:
    """Moves the moving average of a network's weights towards them."""
    inertia = min(_AVERAGED, (step + 1) / (step + 10))
    with torch.no_grad():
        for slow, fast in zip(averaged.parameters(), network.parameters(), strict=True):
            slow.lerp_(fast, 1 - inertia)


def _together(counts: NDArray[np.int64]) -> Iterator[Clips]:
    """Clips of similar length, as many as fit into memory."""
    order = np.argsort(counts, kind="stable")
    while order.size:
        fitting = int(((np.arange(order.size) + 1) * counts[order] <= _TOGETHER).sum())
        yield order[: max(1, fitting)]
        order = order[max(1, fitting) :]


def _embedded(layers: Layers, data: FrameSet, clips: Clips) -> NDArray[np.float32]:
    frames, mask = _padded([data.frames_of(clip).astype(np.float32) for clip in clips])
    x = frames @ torch.from_numpy(layers.weight).T + torch.from_numpy(layers.bias)
    for block in layers.blocks:
        scale, shift, weight, added = map(torch.from_numpy, (block.scale, block.shift, block.weight, block.bias))
        inner = functional.gelu(functional.layer_norm(x, scale.shape, scale, shift)) * mask
        x = x + functional.conv1d(inner.transpose(1, 2), weight, added, padding=1).transpose(1, 2)
    return np.asarray(((functional.gelu(x) * mask).sum(1) / mask.sum(1)).numpy(), np.float32)
