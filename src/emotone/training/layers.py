"""Layers of your own on top of an encoder: trained on its frames, they become a part of it.

The encoder below stays as it is, so its frames are made once. Every batch is made of sessions (a voice in a room): half of
them are judged as they are, the others against their own mean. So the layers learn embeddings in which a voice's usual sound
can be taken away by subtraction, as `baseline` does it, and a linear head behind them serves both views.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .frames import FrameSet

ROW = 8  # clips of one session in a batch
_WARM_UP = 0.15  # share of the steps
_AVERAGED = 0.995  # of the weights' moving average
_TOGETHER = 32  # clips that are embedded at a time


@dataclass(frozen=True, slots=True)
class LayerOptions:
    """How layers are trained.

    Attributes:
        width: Values in an embedding.
        blocks: Convolution blocks, each looking at three frames (120 ms).
        steps: Batches.
        batch: Clips in each; a multiple of ROW.
        crop: Longest part of a clip that is looked at, in frames.
        rate: Highest learning rate.
        decay: Of the weights (AdamW).
        dropout: Share of values that are hidden, of the input half as many.
        relative: Share of sessions that are judged against their own mean.
        smoothing: Share of the truth that is spread over a corpus' labels.
        seed: Of everything random.
    """

    width: int = 256
    blocks: int = 2
    steps: int = 1000
    batch: int = 64
    crop: int = 100
    rate: float = 1e-3
    decay: float = 0.05
    dropout: float = 0.2
    relative: float = 0.5
    smoothing: float = 0.1
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """x + convolution(gelu(normalised(x))).

    Attributes:
        scale: float32 `(width,)`, of the layer norm.
        shift: float32 `(width,)`.
        weight: float32 `(width, width, 3)`.
        bias: float32 `(width,)`.
    """

    scale: NDArray[np.float32]
    shift: NDArray[np.float32]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """Trained layers: gelu(blocks(weight · frame + bias)).

    Attributes:
        weight: float32 `(width, dim)`, of the encoder's frames as they are.
        bias: float32 `(width,)`.
        blocks: In order.
    """

    weight: NDArray[np.float32] = field(repr=False)
    bias: NDArray[np.float32] = field(repr=False)
    blocks: tuple[Block, ...] = field(repr=False)


def standard(data: FrameSet) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and deviation of the clips' means, `(dim,)` each."""
    return data.means.mean(axis=0), np.maximum(data.means.std(axis=0), 1e-6)


class _Network(nn.Module):
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
        mean: Tensor = (functional.gelu(x) * mask).sum(1) / mask.sum(1)
        return mean


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    frames: Tensor  # (clips, time, dim), bfloat16, standardised
    mask: Tensor  # (clips, time, 1)
    truth: Tensor  # (clips,)
    offered: Tensor  # (clips, labels): labels that the clip's corpus has
    relative: Tensor  # (clips / ROW,)


class _Batches:
    """Batches without end: each row is of one session, corpora take turns by their shares, emotions within a session alike."""

    def __init__(self, data: FrameSet, options: LayerOptions, random: np.random.Generator) -> None:
        self._data, self._options, self._random = data, options, random
        self._mean, deviation = standard(data)
        self._scale, self._offered = 1 / deviation, data.offered
        self._sessions = {
            corpus: [
                np.flatnonzero(data.sessions == session) for session in np.unique(data.sessions[data.corpora == corpus])
            ]
            for corpus in np.unique(data.corpora)
        }
        shares = np.array([data.shares[corpus] for corpus in self._sessions])
        self._shares = shares / shares.sum()

    def __iter__(self) -> Iterator[_Batch]:
        options = self._options
        while True:
            rows = np.concatenate([self._row() for _ in range(options.batch // ROW)])
            frames = torch.zeros(len(rows), options.crop, len(self._mean), dtype=torch.bfloat16)
            mask = torch.zeros(len(rows), options.crop, 1)
            for place, clip in enumerate(rows):
                part = self._cropped(self._data.frames_of(clip))
                frames[place, : len(part)] = torch.from_numpy((part - self._mean) * self._scale)
                mask[place, : len(part)] = 1
            yield _Batch(
                frames,
                mask,
                torch.from_numpy(self._data.truth[rows]),
                torch.from_numpy(self._offered[rows]),
                torch.from_numpy(self._random.random(len(rows) // ROW) < options.relative),
            )

    def _row(self) -> NDArray[np.int64]:
        sessions = list(self._sessions.values())[self._random.choice(len(self._shares), p=self._shares)]
        clips = sessions[self._random.integers(len(sessions))]
        truth = self._data.truth[clips]
        wanted = self._random.choice(np.unique(truth), ROW)
        return np.array([self._random.choice(clips[truth == label]) for label in wanted])

    def _cropped(self, frames: NDArray[np.float16]) -> NDArray[np.float32]:
        count = len(frames)
        shortest = min(count, max(self._options.crop // 4, round(0.4 * count)))
        size = min(int(self._random.integers(shortest, count + 1)), self._options.crop)
        start = int(self._random.integers(count - size + 1))
        return frames[start : start + size].astype(np.float32)


def train_layers(
    data: FrameSet, options: LayerOptions | None = None, *, on_progress: Callable[[float], None] = lambda share: None
) -> Layers:
    """Layers that make these clips' labels as plain as can be to a linear head.

    Args:
        data: What to learn from: at least one session of a clip for each of two labels.
        options: How.
        on_progress: Called with the share that is done, 0…1.
    """
    options = options or LayerOptions()
    torch.manual_seed(options.seed)
    network = _Network(data.values.shape[1], data.labels, options)
    averaged = deepcopy(network)
    optimizer = torch.optim.AdamW(network.parameters(), lr=options.rate, weight_decay=options.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, options.rate, total_steps=options.steps, pct_start=_WARM_UP
    )
    batches = _Batches(data, options, np.random.default_rng(options.seed))
    network.train()
    for step, batch in zip(range(options.steps), batches, strict=False):
        with torch.autocast("cpu", torch.bfloat16):
            loss = _loss(network, batch, options.smoothing)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        _follow(averaged, network, min(_AVERAGED, (step + 1) / (step + 10)))
        on_progress((step + 1) / options.steps)
    return _exported(averaged, data)


def _loss(network: _Network, batch: _Batch, smoothing: float) -> Tensor:
    """Cross entropy among the labels of each clip's corpus: what a corpus lacks, it cannot speak against."""
    rows = network(batch.frames, batch.mask).float().unflatten(0, (-1, ROW))
    rows = torch.where(batch.relative[:, None, None], rows - rows.mean(1, keepdim=True), rows)
    logits = network.head(rows.flatten(0, 1)).float().masked_fill(~batch.offered, -30.0)
    truth = functional.one_hot(batch.truth, logits.shape[1])
    offered = batch.offered.float()
    target = (1 - smoothing) * truth + smoothing * offered / offered.sum(1, keepdim=True)
    return -(functional.log_softmax(logits, 1) * target).sum(1).mean()


@torch.no_grad()
def _follow(averaged: _Network, network: _Network, inertia: float) -> None:
    for slow, fast in zip(averaged.parameters(), network.parameters(), strict=True):
        slow.lerp_(fast, 1 - inertia)


@torch.no_grad()
def _exported(network: _Network, data: FrameSet) -> Layers:
    def array(tensor: Tensor) -> NDArray[np.float32]:
        return tensor.detach().numpy().astype(np.float32)

    mean, deviation = standard(data)
    weight = array(network.entrance.weight) / deviation
    blocks: Sequence[Block] = [
        Block(array(norm.weight), array(norm.bias), array(convolution.weight), array(convolution.bias))
        for norm, convolution in zip(network.norms, network.convolutions, strict=True)
    ]
    return Layers(weight, array(network.entrance.bias) - weight @ mean, tuple(blocks))


@torch.no_grad()
def embed(layers: Layers, data: FrameSet) -> NDArray[np.float32]:
    """The embeddings of clips, `(clips, width)`."""
    embeddings = np.empty((len(data), len(layers.bias)), np.float32)
    entrance, bias = torch.from_numpy(layers.weight.T.copy()), torch.from_numpy(layers.bias)
    for clips in np.array_split(np.argsort(data.counts), max(1, len(data) // _TOGETHER)):
        frames = torch.zeros(len(clips), int(data.counts[clips].max()), data.values.shape[1])
        mask = torch.zeros(*frames.shape[:2], 1)
        for place, clip in enumerate(clips):
            frames[place, : data.counts[clip]] = torch.from_numpy(data.frames_of(clip).astype(np.float32))
            mask[place, : data.counts[clip]] = 1
        x = frames @ entrance + bias
        for block in layers.blocks:
            scale, shift, weight, added = map(torch.from_numpy, (block.scale, block.shift, block.weight, block.bias))
            inner = functional.gelu(functional.layer_norm(x, scale.shape, scale, shift)) * mask
            x = x + functional.conv1d(inner.transpose(1, 2), weight, added, padding=1).transpose(1, 2)
        embeddings[clips] = ((functional.gelu(x) * mask).sum(1) / mask.sum(1)).numpy()
    return embeddings
