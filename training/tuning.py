"""Whisper's layers, trained further together with the layers above them, and then taken a quarter of the way back.

What they were holds for voices and rooms that no corpus has, what they became for emotions: between both they are as good as at
the end on what was held out, and closer to where they came from (training/README.md).

Source: Wortsman et al. 2022, "Robust fine-tuning of zero-shot models" (arXiv 2109.01903).
"""

import math
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from emotone.training.frames import FrameSet
from emotone.training.layers import LayerOptions, Layers
from emotone.training.network import BRIEF, ROW, Clips, Network, Rows, follow, row_loss
from encoder import DIM, FLOOR, HEADS, MASKED, N_MELS, WINDOW, Weights
from ensemble import arrays_of, layers_of
from features import write_arrays

LAYERS = 3  # of Whisper
STEPS = 400
WARM_UP = 60  # steps in which only what is above learns
BATCH = 64  # clips
RATE = 6e-5  # of the last layer
RATE_BELOW = 0.6  # of each layer, against the one above it
RATE_ABOVE = 2e-4  # of the layers above Whisper
RATE_OF_HEADS = 1e-3
SHARE = 0.75  # of the way from what the layers were to what they became
IN_CONTEXT = 0.3  # of the clips: between pieces of others of the same session
LEVELS = 0.12  # standard deviation of what is added to a clip's log-mel, which is a tenth of the decibels over four
HIDDEN_BANDS, HIDDEN_MELS, HIDDEN_TIME = 2, 9, 24  # of a clip, in 10 ms

_PER_FRAME = 4  # mel frames in a frame of 25 a second
_LONGEST = WINDOW // 2  # such frames
_SHORTEST = _LONGEST // 4
_PARTS = 3  # of a batch, each of clips of similar length: less padding
_OPTIONS = LayerOptions()  # of the training of the layers above, which goes on
_QUIET = (FLOOR + 4) / 4  # the least value of a log-mel

Mel = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Tuned:
    """Whisper's tensors, those of the first layers changed, and the layers above them."""

    weights: Weights
    nets: list[Layers]


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Where training begins.

    Attributes:
        weights: Whisper's tensors.
        nets: Layers that were trained above them.
        mean, scale: How frames are standardised for these, `(dim,)`.
    """

    weights: Weights
    nets: Sequence[Layers]
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]


def tuned(start: Start, data: FrameSet, name: str, cache: Path) -> Tuned:
    """Trains all layers, and gives what lies `SHARE` of the way.

    Args:
        start: Where to begin.
        data: Log-mels of the clips to learn from, `(mel frames, 80)` each.
        name: What to call the end in the cache.
        cache: Where it is kept.
    """
    path = cache / f"tuned_{name}.npz"
    if not path.exists():
        write_arrays(path, **_trained(start, data))
    with np.load(path) as file:
        end = dict(file)
    weights = {key: value + SHARE * (end[key] - value) if key in end else value for key, value in start.weights.items()}
    nets = []
    for number, net in enumerate(start.nets):
        nets.append(layers_of(value + SHARE * (end[key] - value) for key, value in _named(net, number).items()))
    return Tuned(weights, nets)


def _named(net: Layers, number: int) -> dict[str, NDArray[np.float32]]:
    return {f"net {number} {place}": value for place, value in enumerate(arrays_of(net))}


class _Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.q_proj, self.v_proj, self.out_proj = (nn.Linear(DIM, DIM) for _ in range(3))
        self.k_proj = nn.Linear(DIM, DIM, bias=False)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        query, key, value = (
            part(x).unflatten(2, (HEADS, -1)).transpose(1, 2) for part in (self.q_proj, self.k_proj, self.v_proj)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias.to(query.dtype))
        return self.out_proj(mixed.transpose(1, 2).flatten(2))


class _Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.self_attn = _Attention()
        self.self_attn_layer_norm, self.final_layer_norm = nn.LayerNorm(DIM), nn.LayerNorm(DIM)
        self.fc1, self.fc2 = nn.Linear(DIM, 4 * DIM), nn.Linear(4 * DIM, DIM)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        x = x + self.self_attn(self.self_attn_layer_norm(x), bias)
        return x + self.fc2(functional.gelu(self.fc1(self.final_layer_norm(x))))


class Whisper(nn.Module):
    """Whisper's convolutions, which stay as they are, and its first layers. Tensors have the names that they have in its file."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(N_MELS, DIM, 3, padding=1)
        self.conv2 = nn.Conv1d(DIM, DIM, 3, stride=2, padding=1)
        self.layers = nn.ModuleList(_Layer() for _ in range(LAYERS))
        self.load_state_dict({name: torch.from_numpy(weights[name]) for name in self.state_dict()})
        self.places = torch.from_numpy(weights["embed_positions.weight"][:WINDOW])
        self.conv1.requires_grad_(False)
        self.conv2.requires_grad_(False)

    def forward(self, mels: Tensor, valid: Tensor) -> Tensor:
        """Frames `(clips, frames, dim)`, 25 a second, of log-mels `(clips, 4 * frames, 80)` of up to 4 s.

        `valid` `(clips, 4 * frames, 1)` is 0 in the padding.
        """
        x = functional.gelu(self.conv1(mels.transpose(1, 2))) * valid.transpose(1, 2)
        x = functional.gelu(self.conv2(x)).transpose(1, 2).float()
        bias = torch.where(valid[:, ::2, 0] > 0, 0.0, MASKED)[:, None, None, :]
        x = x + self.places[: x.shape[1]]
        for layer in self.layers:
            x = layer(x, bias)
        return x.float().unflatten(1, (-1, 2)).mean(2)

    def tensors(self) -> Weights:
        """Those of the layers, by their names."""
        return {name: value.numpy() for name, value in self.state_dict().items() if name.startswith("layers.")}


class _Model(nn.Module):
    def __init__(self, start: Start, labels: int) -> None:
        super().__init__()
        self.whisper = Whisper(start.weights)
        options = LayerOptions(width=len(start.nets[0].bias), blocks=len(start.nets[0].blocks))
        self.nets = nn.ModuleList(Network(DIM, labels, options) for _ in start.nets)
        for net, layers in zip(self.nets, start.nets, strict=True):
            net.begin_with(layers, start.mean, start.scale)
        self.mean, self.scale = torch.from_numpy(start.mean), torch.from_numpy(start.scale)

    def forward(self, part: "_Part", above: bool) -> list[Tensor]:
        """Embeddings `(clips, width)` of each net; when only what is above learns, Whisper's frames are taken as given."""
        with torch.set_grad_enabled(not above):
            frames = self.whisper(part.mels, part.valid)
        standard = (frames - self.mean) * self.scale
        return [net(standard, part.own) for net in self.nets]

    def arrays(self, start: Start) -> Weights:
        """Everything that was trained, by its name in the cache."""
        nets = [net.layers(start.mean, start.scale) for net in self.nets]
        return self.whisper.tensors() | {
            key: value for number, net in enumerate(nets) for key, value in _named(net, number).items()
        }


def _trained(start: Start, data: FrameSet) -> Weights:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = _Model(start, data.labels)
        averaged = deepcopy(model)
        groups = _groups(model)
        rates = [group["lr"] for group in groups]
        optimizer = torch.optim.AdamW(groups)
        model.train()
        for step, batch in zip(range(STEPS), _batches(data, np.random.default_rng(0)), strict=False):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * _pace(step)
            optimizer.zero_grad()
            _loss(model, batch, step < WARM_UP).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            follow(averaged, model, step)
    return averaged.arrays(start)


def _groups(model: _Model) -> list[dict[str, object]]:
    """What learns at which rate."""
    groups: list[dict[str, object]] = [
        {"params": list(layer.parameters()), "lr": RATE * RATE_BELOW**above, "weight_decay": 0.01}
        for above, layer in enumerate(reversed(list(model.whisper.layers)))
    ]
    for net in model.nets:
        layers = [value for name, value in net.named_parameters() if not name.startswith("head")]
        groups.append({"params": layers, "lr": RATE_ABOVE, "weight_decay": 0.05})
        groups.append({"params": list(net.head.parameters()), "lr": RATE_OF_HEADS, "weight_decay": 0.05})
    return groups


def _pace(step: int) -> float:
    """Of all rates: up in a tenth of the steps, and down along a cosine."""
    rising, done = (step + 1) / (0.1 * STEPS), max(0.0, step / STEPS - 0.1) / 0.9
    return max(0.02, min(1.0, rising) * (1 + math.cos(math.pi * done)) / 2)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Clips of similar length: their log-mels, where these are not padding, and which frames (25 a second) are a clip's own."""

    mels: Tensor
    valid: Tensor
    own: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    parts: list[_Part]
    back: Tensor  # the places of the clips in their rows among those of all parts
    truth: Tensor
    offered: Tensor
    relative: Tensor


def _loss(model: _Model, batch: _Batch, above: bool) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16, enabled=BRIEF):
        found = [model(part, above) for part in batch.parts]
        total = torch.zeros(())
        for net, embeddings in zip(model.nets, zip(*found, strict=True), strict=True):
            rows = torch.cat(embeddings)[batch.back]
            total = total + row_loss(net.head, rows, batch.truth, batch.offered, batch.relative, _OPTIONS.smoothing)
    return total


def _batches(data: FrameSet, random: np.random.Generator) -> Iterator[_Batch]:
    drawing, offered = Rows(data, random), data.offered
    while True:
        rows = [drawing.drawn() for _ in range(BATCH // ROW)]
        looks = [_look(data, clip, row, random) for row in rows for clip in row]
        order = np.argsort([len(mel) for mel, _ in looks], kind="stable")
        clips = np.concatenate(rows)
        yield _Batch(
            [_part([looks[place] for place in places]) for places in np.array_split(order, _PARTS)],
            torch.from_numpy(np.argsort(order, kind="stable")),
            torch.from_numpy(data.truth[clips]),
            torch.from_numpy(offered[clips]),
            torch.from_numpy(drawing.compared(rows, _OPTIONS.relative)),
        )


def _part(looks: Sequence[tuple[Mel, slice]]) -> _Part:
    frames = max(len(mel) for mel, _ in looks) // _PER_FRAME
    mels = torch.zeros(len(looks), frames * _PER_FRAME, N_MELS)
    valid, own = torch.zeros(*mels.shape[:2], 1), torch.zeros(len(looks), frames, 1)
    for place, (mel, span) in enumerate(looks):
        mels[place, : len(mel)] = torch.from_numpy(mel)
        valid[place, : len(mel)] = 1
        own[place, span] = 1
    return _Part(mels, valid, own)


def _look(data: FrameSet, clip: int, row: Clips, random: np.random.Generator) -> tuple[Mel, slice]:
    """A piece of a clip, perhaps between pieces of others of its row, and which frames are its own."""
    mel = data.frames_of(clip)
    count = len(mel) // _PER_FRAME
    size = min(int(random.integers(min(count, max(_SHORTEST, round(0.4 * count))), count + 1)), _LONGEST)
    start = int(random.integers(count - size + 1))
    parts = [mel[start * _PER_FRAME : (start + size) * _PER_FRAME]]
    before = 0
    if random.random() < IN_CONTEXT:
        room = _LONGEST - size
        before = int(random.integers(room + 1))
        left, right = (data.frames_of(int(random.choice(row))) for _ in range(2))
        before = min(before, len(left) // _PER_FRAME)
        after = min(room - before, len(right) // _PER_FRAME)
        parts = [left[len(left) - before * _PER_FRAME :], *parts, right[: after * _PER_FRAME]]
    look = np.concatenate(parts).astype(np.float32)
    if random.random() < 0.5:
        look = np.maximum(look + np.float32(random.normal(0, LEVELS)), _QUIET)
    if random.random() < 0.6:
        _hide(look, random)
    return look, slice(before, before + size)


def _hide(look: Mel, random: np.random.Generator) -> None:
    """Bands and a moment become the mean (Park et al. 2019, "SpecAugment", arXiv 1904.08779)."""
    mean = look.mean()
    for _ in range(HIDDEN_BANDS):
        width = int(random.integers(1, HIDDEN_MELS + 1))
        low = int(random.integers(N_MELS - width))
        look[:, low : low + width] = mean
    if len(look) > 120:
        width = int(random.integers(2, HIDDEN_TIME))
        begin = int(random.integers(len(look) - width))
        look[begin : begin + width] = mean
