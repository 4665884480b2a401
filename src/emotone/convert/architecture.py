"""What an emotion2vec+ checkpoint is: its sizes, read from `config.yaml`, `tokens.txt` and the shapes of its tensors."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import CheckpointError

Shape = tuple[int, ...]
AUDIO = "modality_encoders.AUDIO."
UNUSED = (f"{AUDIO}decoder.",)  # tensors that only training needs
LIMIT = 2**16  # no size of a model is as large as this


@dataclass(frozen=True, slots=True)
class Convolution:
    """A layer of the local encoder."""

    channels: int
    kernel: int
    stride: int


@dataclass(frozen=True, slots=True)
class Architecture:
    """The sizes of an emotion2vec+ model.

    Attributes:
        dim: Values in a frame.
        heads: Attention heads.
        hidden: Values inside a block's MLP.
        prenet_depth: Blocks of the context encoder.
        depth: Blocks behind it.
        convolutions: Layers of the local encoder.
        position_kernel, position_groups, position_depth: Of the positional convolutions.
        extra_tokens: Learned frames in front of the signal's.
        scale_layers, scale_heads: Learned ALiBi scales: one for all or one for each.
        norm_eps: Of the blocks' layer norms.
        normalize: Whether the waveform is normalised first.
        tokens: Lines of `tokens.txt`, one for each output of the head.
    """

    dim: int
    heads: int
    hidden: int
    prenet_depth: int
    depth: int
    convolutions: tuple[Convolution, ...]
    position_kernel: int
    position_groups: int
    position_depth: int
    extra_tokens: int
    scale_layers: int
    scale_heads: int
    norm_eps: float
    normalize: bool
    tokens: tuple[str, ...]

    @property
    def stride(self) -> int:
        """Samples from one frame to the next."""
        stride = 1
        for layer in self.convolutions:
            stride *= layer.stride
        return stride

    @property
    def reach(self) -> int:
        """Samples that one frame is made of."""
        reach = 1
        for layer in reversed(self.convolutions):
            reach = (reach - 1) * layer.stride + layer.kernel
        return reach

    def block_names(self) -> list[str]:
        """Prefixes of the transformer blocks, in the order in which they run."""
        context = [f"{AUDIO}context_encoder.blocks.{index}." for index in range(self.prenet_depth)]
        return context + [f"blocks.{index}." for index in range(self.depth)]

    def shapes(self) -> dict[str, Shape]:
        """Every tensor that such a model has, with its shape."""
        dim, shapes = self.dim, dict[str, Shape]()

        def linear(name: str, outputs: int, inputs: int) -> None:
            shapes[f"{name}weight"], shapes[f"{name}bias"] = (outputs, inputs), (outputs,)

        def norm(name: str, size: int) -> None:
            shapes[f"{name}weight"] = shapes[f"{name}bias"] = (size,)

        channels = 1
        for index, layer in enumerate(self.convolutions):
            name = f"{AUDIO}local_encoder.conv_layers.{index}."
            shapes[f"{name}0.weight"] = (layer.channels, channels, layer.kernel)
            norm(f"{name}2.1.", layer.channels)
            channels = layer.channels
        norm(f"{AUDIO}project_features.1.", channels)
        linear(f"{AUDIO}project_features.2.", dim, channels)
        for index in range(1, self.position_depth + 1):
            name = f"{AUDIO}relative_positional_encoder.{index}.0."
            shapes[f"{name}weight"] = (dim, dim // self.position_groups, self.position_kernel)
            shapes[f"{name}bias"] = (dim,)
        shapes[f"{AUDIO}alibi_scale"] = (self.scale_layers, 1, self.scale_heads, 1, 1)
        if self.extra_tokens:
            shapes[f"{AUDIO}extra_tokens"] = (1, self.extra_tokens, dim)
        norm(f"{AUDIO}context_encoder.norm.", dim)
        for name in self.block_names():
            norm(f"{name}norm1.", dim)
            norm(f"{name}norm2.", dim)
            linear(f"{name}attn.qkv.", 3 * dim, dim)
            linear(f"{name}attn.proj.", dim, dim)
            linear(f"{name}mlp.fc1.", self.hidden, dim)
            linear(f"{name}mlp.fc2.", dim, self.hidden)
        linear("proj.", len(self.tokens), dim)
        return shapes


def read_architecture(config: object, tokens: Sequence[str], shapes: Mapping[str, Shape]) -> Architecture:
    """The architecture of a checkpoint.

    Args:
        config: `config.yaml`, parsed.
        tokens: The lines of `tokens.txt`.
        shapes: Tensor name (without `d2v_model.`) → shape.

    Raises:
        CheckpointError: When the three do not agree, or ask for something that emotion2vec+ does not have; it names the
            setting or the tensor.
    """
    model = _Settings(config, "config.yaml").section("model_conf")
    audio = model.section("modalities").section("audio")
    for settings, name, wanted in (
        (model, "layer_norm_first", False),
        (model, "norm_affine", True),
        (audio, "extractor_mode", "layer_norm"),
        (audio, "use_alibi_encoder", True),
        (audio, "learned_alibi", False),
        (audio, "conv_pos_pre_ln", False),
    ):
        settings.expect(name, wanted)
    position_depth = audio.integer("conv_pos_depth")
    prenet_depth, depth, heads = audio.integer("prenet_depth"), model.integer("depth"), model.integer("num_heads")
    dim = model.integer("embed_dim")
    architecture = Architecture(
        dim=dim,
        heads=heads,
        hidden=int(dim * model.number("mlp_ratio")),
        prenet_depth=prenet_depth,
        depth=depth,
        convolutions=_convolutions(audio.value("feature_encoder_spec")),
        position_kernel=max(3, audio.integer("conv_pos_width") // position_depth),
        position_groups=audio.integer("conv_pos_groups"),
        position_depth=position_depth,
        extra_tokens=audio.integer("num_extra_tokens", least=0),
        scale_layers=prenet_depth + depth if audio.flag("learned_alibi_scale_per_layer") else 1,
        scale_heads=heads if audio.flag("learned_alibi_scale_per_head") else 1,
        norm_eps=model.number("norm_eps"),
        normalize=model.flag("normalize"),
        tokens=tuple(tokens),
    )
    audio.expect("num_alibi_heads", heads)
    if dim % heads or dim % architecture.position_groups:
        raise CheckpointError(
            f"config.yaml has embed_dim {dim}, which num_heads {heads} or conv_pos_groups "
            f"{architecture.position_groups} do not divide. Get the model's files again.",
            f"config.yaml 中的 embed_dim 为 {dim}，不能被 num_heads（{heads}）或 conv_pos_groups"
            f"（{architecture.position_groups}）整除。请重新获取模型文件。",
        )
    _compare(architecture.shapes(), shapes)
    return architecture


def _compare(wanted: Mapping[str, Shape], found: Mapping[str, Shape]) -> None:
    used = {name: shape for name, shape in found.items() if not name.startswith(UNUSED)}
    if "proj.weight" not in used:
        raise CheckpointError(
            "The checkpoint has no tensor 'proj.weight': it is an encoder without a head, such as emotion2vec_base. Use an "
            "emotion2vec+ checkpoint (emotion2vec_plus_seed, _base or _large), or one that was fine-tuned.",
            "检查点中没有张量“proj.weight”：它只有编码器、没有分类头（例如 emotion2vec_base）。请使用 emotion2vec+ 检查点"
            "（emotion2vec_plus_seed、_base 或 _large），或微调后的检查点。",
        )
    for name, shape in wanted.items():
        if name not in used:
            raise CheckpointError(
                f"The checkpoint lacks the tensor '{name}' of shape {shape}. Get the model's files again.",
                f"检查点缺少张量“{name}”（形状 {shape}）。请重新获取模型文件。",
            )
        if used[name] != shape:
            raise CheckpointError(
                f"The tensor '{name}' has shape {used[name]}; config.yaml and tokens.txt ask for {shape}. Give the three "
                "files of one model.",
                f"张量“{name}”的形状为 {used[name]}，而 config.yaml 与 tokens.txt 要求 {shape}。请使用同一模型的三个文件。",
            )
    for name in used:
        if name not in wanted:
            raise CheckpointError(
                f"The checkpoint has a tensor '{name}' of shape {used[name]}, which emotion2vec+ does not have. Give an "
                "emotion2vec+ checkpoint.",
                f"检查点含有 emotion2vec+ 没有的张量“{name}”（形状 {used[name]}）。请使用 emotion2vec+ 检查点。",
            )


class _Settings:
    """A section of `config.yaml`."""

    def __init__(self, values: object, name: str) -> None:
        if not isinstance(values, Mapping):
            raise CheckpointError(
                f"'{name}' in config.yaml is {_shown(values)}; wanted a section with settings of emotion2vec+. Get the "
                "model's files again.",
                f"config.yaml 中的“{name}”为 {_shown(values)}；应为 emotion2vec+ 的配置段。请重新获取模型文件。",
            )
        self._values: Mapping[Any, Any] = values
        self._name = name

    def section(self, name: str) -> "_Settings":
        return _Settings(self.value(name), name)

    def value(self, name: str) -> object:
        if name not in self._values:
            raise CheckpointError(
                f"config.yaml has no '{name}' in '{self._name}'. Give the config.yaml of an emotion2vec+ model.",
                f"config.yaml 的“{self._name}”中没有“{name}”。请使用 emotion2vec+ 模型的 config.yaml。",
            )
        return self._values[name]

    def integer(self, name: str, *, least: int = 1) -> int:
        value = self.value(name)
        if type(value) is not int or not least <= value < LIMIT:
            raise self._unfit(name, value, f"{least} … {LIMIT - 1}")
        return value

    def number(self, name: str) -> float:
        value = self.value(name)
        # YAML 1.1 takes '1e-05' as text: it wants a dot in a float.
        try:
            number = float(value) if isinstance(value, int | float | str) else 0.0
        except ValueError:
            number = 0.0
        if not 0 < number < LIMIT:
            raise self._unfit(name, value, f"0 … {LIMIT}")
        return number

    def flag(self, name: str) -> bool:
        value = self.value(name)
        if not isinstance(value, bool):
            raise self._unfit(name, value, "true, false")
        return value

    def expect(self, name: str, wanted: object) -> None:
        value = self.value(name)
        if value != wanted or type(value) is not type(wanted):
            raise self._unfit(name, value, str(wanted))

    def _unfit(self, name: str, value: object, wanted: str) -> CheckpointError:
        return CheckpointError(
            f"config.yaml says {name}: {_shown(value)}; wanted: {wanted}. Only models built like emotion2vec+ can be converted.",
            f"config.yaml 中 {name} 为 {_shown(value)}；应为：{wanted}。只能转换与 emotion2vec+ 结构相同的模型。",
        )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _convolutions(spec: object) -> tuple[Convolution, ...]:
    """Reads a text such as `[(512, 10, 5)] + [(512, 3, 2)] * 4`, which the reference evaluates as Python."""
    try:
        rows = _evaluate(ast.parse(str(spec)[:1000], mode="eval").body)
        if not isinstance(rows, list):
            raise TypeError
        layers = tuple(Convolution(*row) for row in rows)
        # A window of a layer's input reaches from one stride into the next at most.
        if layers and all(
            0 < layer.channels < LIMIT and 0 < layer.stride <= layer.kernel <= 2 * layer.stride for layer in layers
        ):
            return layers
    except (SyntaxError, TypeError, ValueError, RecursionError, MemoryError):
        pass
    raise CheckpointError(
        f"config.yaml says feature_encoder_spec: {_shown(spec)}; wanted a list of (channels, kernel, stride) with "
        "stride ≤ kernel ≤ 2 · stride, such as [(512, 10, 5)] + [(512, 3, 2)] * 4.",
        f"config.yaml 中 feature_encoder_spec 为 {_shown(spec)}；应为由（通道数、卷积核、步长）组成的列表，"
        "且步长 ≤ 卷积核 ≤ 2 倍步长，例如 [(512, 10, 5)] + [(512, 3, 2)] * 4。",
    )


def _evaluate(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=int() as value):
            return value
        case ast.Tuple(elts=elements):
            return tuple(map(_evaluate, elements))
        case ast.List(elts=elements):
            return list(map(_evaluate, elements))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _evaluate(left) + _evaluate(right)
        case ast.BinOp(left=left, op=ast.Mult(), right=ast.Constant(value=int() as times)) if times <= 100:
            return (_evaluate(left) * times)[:100]
    raise ValueError(ast.dump(node))
