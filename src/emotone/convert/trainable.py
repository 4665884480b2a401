"""emotion2vec+ as a torch module: from a checkpoint's folder, to be trained on, and back into such a folder.

What it computes is what `graph` computes. There is no dropout and no masking: it is for a few passes over few clips at a low
rate, with all but the last blocks as they are.
"""

import math
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import OptionError, OutputError
from .architecture import AUDIO, UNUSED
from .checkpoint import read_tensors
from .conversion import FILES, PREFIX, read_model
from .graph import EPSILON, alibi_slopes

_SEPARATOR = "/"  # in the names of torch's parameters, which may have no dots


class TrainableEncoder(nn.Module):
    """An emotion2vec+ checkpoint that can be trained. Only the head is, until `unfreeze` says more.

    Attributes:
        architecture: Its sizes.
        labels: Lines of `tokens.txt`, one for each output of the head.

    Args:
        folder: `model.pt`, `config.yaml` and `tokens.txt`.
        labels: Of a new head, whose weights are 0; `None` keeps the checkpoint's.

    Raises:
        CheckpointError: When the folder holds no emotion2vec+ checkpoint.
        OptionError: When labels are fewer than two, not different, or cannot be lines of `tokens.txt`.
    """

    def __init__(self, folder: str | Path, labels: Sequence[str] | None = None) -> None:
        super().__init__()
        self._folder = Path(folder)
        model = read_model(self._folder)
        self.architecture = model.architecture
        self.labels = model.architecture.tokens if labels is None else _checked(labels)
        wanted = model.architecture.shapes()
        tensors = {name: torch.from_numpy(np.array(model.tensors[name])) for name in wanted}
        if labels is not None:
            tensors["proj.weight"] = torch.zeros(len(self.labels), model.architecture.dim)
            tensors["proj.bias"] = torch.zeros(len(self.labels))
        self._weights = nn.ParameterDict(
            {name.replace(".", _SEPARATOR): nn.Parameter(tensor, False) for name, tensor in tensors.items()}
        )
        self.unfreeze(0)

    def unfreeze(self, blocks: int) -> list[nn.Parameter]:
        """Lets the head and the last so many blocks be trained, and nothing else. Returns what is trained.

        Raises:
            OptionError: When there are not so many blocks.
        """
        names = self.architecture.block_names()
        if not 0 <= blocks <= len(names):
            raise OptionError(
                f"The model has {len(names)} blocks; {blocks} cannot be trained. Give 0 to {len(names)}.",
                f"模型有 {len(names)} 个块，无法训练 {blocks} 个。请给出 0 至 {len(names)}。",
            )
        open_ = ("proj.", *names[len(names) - blocks :])
        for name, weight in self._named():
            weight.requires_grad_(name.startswith(open_))
        return [weight for _, weight in self._named() if weight.requires_grad]

    def forward(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Frames `(batch, frames, dim)`, 0 behind a signal's own, and how many each has `(batch,)`.

        Args:
            waveforms: float32 `(batch, samples)`, 16 kHz. What stands behind a signal changes nothing.
            lengths: int64 `(batch,)`: samples of each, at least 1.
        """
        architecture = self.architecture
        counts = ((lengths - architecture.reach).div(architecture.stride, rounding_mode="floor") + 1).clamp(min=1)
        x = self._local(self._normalised(waveforms, lengths))[:, : int(counts.max())]
        inside = torch.arange(x.shape[1]) < counts[:, None]
        mask = inside[:, :, None].to(x.dtype)
        x = self._linear(self._norm(x, f"{AUDIO}project_features.1."), f"{AUDIO}project_features.2.")
        x = x + self._positions(x, mask)
        if architecture.extra_tokens:
            x = torch.cat([self._weight(f"{AUDIO}extra_tokens").expand(len(x), -1, -1), x], dim=1)
        x = self._norm(x, f"{AUDIO}context_encoder.norm.", architecture.norm_eps)
        distances, slopes = self._distances(inside), self._slopes()
        for index, name in enumerate(architecture.block_names()):
            x = self._block(x, distances, slopes[index % len(slopes)], name)
        return x[:, architecture.extra_tokens :] * mask, counts

    def logits(self, waveforms: Tensor, lengths: Tensor) -> Tensor:
        """`(batch, labels)`: the head on the mean of each signal's frames. Arguments as in `forward`."""
        frames, counts = self(waveforms, lengths)
        return self._linear(frames.sum(1) / counts[:, None], "proj.")

    def save(self, folder: str | Path) -> None:
        """Writes a checkpoint that `emotone models convert` takes: `model.pt`, `config.yaml` and `tokens.txt`.

        Raises:
            OutputError: When it cannot be written; what was there stays then.
        """
        folder = Path(folder)
        tensors = {f"{PREFIX}{name}": weight.detach() for name, weight in self._named() if not name.startswith("proj.")}
        tensors |= {name: weight.detach() for name, weight in self._named() if name.startswith("proj.")}
        unused = read_tensors(self._folder / FILES[0])
        tensors |= {
            name: torch.from_numpy(np.array(values))
            for name, values in unused.items()
            if name.removeprefix(PREFIX).startswith(UNUSED)
        }
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as drafts:
                draft = Path(drafts)
                torch.save({"model": tensors}, draft / FILES[0])
                shutil.copyfile(self._folder / FILES[1], draft / FILES[1])
                (draft / FILES[2]).write_text("\n".join(self.labels), encoding="utf-8")
                folder.mkdir(exist_ok=True)
                for name in FILES:
                    (draft / name).replace(folder / name)
        except OSError as error:
            raise OutputError(
                f"The checkpoint cannot be written to '{folder}': {error.strerror or error}. Free space or choose another place.",
                f"无法将检查点写入“{folder}”：{error.strerror or error}。请清理磁盘空间或更换位置。",
            ) from error

    def _named(self) -> Iterator[tuple[str, nn.Parameter]]:
        return ((name.replace(_SEPARATOR, "."), weight) for name, weight in self._weights.items())

    def _weight(self, name: str) -> Tensor:
        return self._weights[name.replace(".", _SEPARATOR)]

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, self._weight(f"{name}weight"), self._weight(f"{name}bias"))

    def _norm(self, x: Tensor, name: str, eps: float = EPSILON) -> Tensor:
        return functional.layer_norm(x, x.shape[-1:], self._weight(f"{name}weight"), self._weight(f"{name}bias"), eps)

    def _normalised(self, waveforms: Tensor, lengths: Tensor) -> Tensor:
        """Each signal with mean 0 and deviation 1, zeros behind it; long enough for one frame."""
        inside = torch.arange(waveforms.shape[1]) < lengths[:, None]
        x = torch.where(inside, waveforms, 0)
        if self.architecture.normalize:
            x = torch.where(inside, x - x.sum(1, keepdim=True) / lengths[:, None], 0)
            x = x / (x.square().sum(1, keepdim=True) / lengths[:, None] + EPSILON).sqrt()
        return functional.pad(x, (0, max(0, self.architecture.reach - x.shape[1])))

    def _local(self, x: Tensor) -> Tensor:
        """`(batch, samples)` → `(batch, frames, channels)`."""
        x = x[:, :, None]
        for index, layer in enumerate(self.architecture.convolutions):
            name = f"{AUDIO}local_encoder.conv_layers.{index}."
            x = functional.conv1d(x.transpose(1, 2), self._weight(f"{name}0.weight"), stride=layer.stride).transpose(
                1, 2
            )
            x = functional.gelu(self._norm(x, f"{name}2.1."))
        return x

    def _positions(self, x: Tensor, mask: Tensor) -> Tensor:
        kernel = self.architecture.position_kernel
        for index in range(1, self.architecture.position_depth + 1):
            name = f"{AUDIO}relative_positional_encoder.{index}.0."
            padded = functional.pad((x * mask).transpose(1, 2), (kernel // 2, (kernel - 1) // 2))
            weight, bias = self._weight(f"{name}weight"), self._weight(f"{name}bias")
            x = functional.conv1d(padded, weight, bias, groups=self.architecture.position_groups).transpose(1, 2)
            x = functional.gelu(functional.layer_norm(x, x.shape[-1:], eps=EPSILON))
        return x

    def _distances(self, inside: Tensor) -> Tensor:
        """Minus the distance in frames between any two tokens, 0 for the extra tokens: `(batch, 1, tokens, tokens)`.

        Minus infinity for those behind the end of a signal.
        """
        extra = self.architecture.extra_tokens
        times = torch.arange(inside.shape[1])
        apart = functional.pad(-(times[:, None] - times).abs().float(), (extra, 0, extra, 0))
        behind = functional.pad(~inside, (extra, 0), value=False)
        return apart.masked_fill(behind[:, None, None, :], -math.inf)

    def _slopes(self) -> list[Tensor]:
        """What a head multiplies distances with, `(1, heads, 1, 1)`: one for all blocks, or one for each."""
        heads = self.architecture.heads
        slopes = torch.tensor(alibi_slopes(heads)).reshape(1, 1, heads, 1, 1)
        return list((slopes * self._weight(f"{AUDIO}alibi_scale").clamp(min=0)).unbind(0))

    def _block(self, x: Tensor, distances: Tensor, slopes: Tensor, name: str) -> Tensor:
        eps, heads = self.architecture.norm_eps, self.architecture.heads
        parts = self._linear(x, f"{name}attn.qkv.").unflatten(2, (3, heads, -1))  # (batch, tokens, 3, heads, values)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        # minus infinity times a slope of 0 would be no number
        bias = torch.where(distances.isinf(), -math.inf, distances.clamp(min=-1e9) * slopes)
        mixed = functional.scaled_dot_product_attention(query, key, value, bias).transpose(1, 2).flatten(2)
        x = self._norm(x + self._linear(mixed, f"{name}attn.proj."), f"{name}norm1.", eps)
        hidden = functional.gelu(self._linear(x, f"{name}mlp.fc1."))
        return self._norm(x + self._linear(hidden, f"{name}mlp.fc2."), f"{name}norm2.", eps)


def _checked(labels: Sequence[str]) -> tuple[str, ...]:
    lines = tuple(label.strip() for label in labels)
    usable = all(
        line and line.isprintable() and "/" not in line and not line.startswith(("unuse", "<")) for line in lines
    )
    if not usable or len(set(lines)) != len(lines) or len(lines) < 2:
        raise OptionError(
            f"Found the labels {', '.join(map(repr, lines)) or '–'}; wanted two or more that differ, without '/'.",
            f"标签为 {'、'.join(map(repr, lines)) or '–'}；应为两个以上互不相同、不含“/”的标签。",
        )
    return lines
