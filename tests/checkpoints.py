"""Writes checkpoints as torch does, without torch, and emotion2vec+ models of any size with random weights.

A value is pickled as Python would pickle it; `Global`, `New`, `Call`, `Tensor` and `Raw` stand for what needs torch or
another library to exist.
"""

import io
import itertools
import json
import operator
import pickle
import struct
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Layer = tuple[int, int, int]

STORAGES = {
    "float64": "DoubleStorage",
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "int16": "ShortStorage",
    "int8": "CharStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
}
CONVOLUTIONS: tuple[Layer, ...] = ((512, 10, 5), *[(512, 3, 2)] * 4, *[(512, 2, 2)] * 2)
TOKENS = (
    "生气/angry",
    "厌恶/disgusted",
    "恐惧/fearful",
    "开心/happy",
    "中立/neutral",
    "其他/other",
    "难过/sad",
    "吃惊/surprised",
    "<unk>",
)


@dataclass(frozen=True)
class Global:
    """A class or function by its name; it need not exist."""

    module: str
    name: str


@dataclass(frozen=True, eq=False)
class Call:
    """What a function returns: `REDUCE`, then `BUILD` when there is a state."""

    function: Any
    arguments: Any = ()
    state: Any = None


@dataclass(frozen=True, eq=False)
class New:
    """An object: `NEWOBJ`, then `BUILD` when there is a state."""

    cls: Any
    state: Any = None
    arguments: Any = ()


@dataclass(frozen=True)
class Raw:
    """Opcodes as they are."""

    opcodes: bytes


@dataclass(frozen=True, eq=False)
class Persistent:
    """A persistent id."""

    id: Any


@dataclass(frozen=True, eq=False)
class Tensor:
    """A view on a storage, which is a flat array; tensors of one storage object share it.

    What is `None` is what fits a tensor that is the whole storage.
    """

    storage: Array
    size: Any = None
    stride: Any = None
    offset: Any = 0
    kind: Any = None
    numel: Any = None
    key: Any = None
    rebuild: str = "_rebuild_tensor_v2"
    more: tuple[Any, ...] = ()

    @classmethod
    def of(cls, array: Array, **changes: Any) -> "Tensor":
        """A whole array; transposed ones (Fortran order) stay so."""
        transposed = array.flags.f_contiguous and not array.flags.c_contiguous
        flat = (array.T if transposed else np.ascontiguousarray(array)).reshape(-1)
        steps = tuple(step // array.itemsize for step in array.strides) if transposed else None
        return cls(flat, array.shape, steps, **changes)


def contiguous(size: Sequence[int]) -> tuple[int, ...]:
    """Strides of a contiguous tensor, in elements."""
    steps = itertools.accumulate((max(1, length) for length in reversed(size)), operator.mul, initial=1)
    return tuple(steps)[: len(size)][::-1]


class Pickler(pickle._Pickler):  # type: ignore[misc,name-defined]
    """Python's pickler, protocol 2, for the stand-ins too; collects the storages that it meets."""

    def __init__(self, protocol: int = 2) -> None:
        self.file = io.BytesIO()
        self.storages: dict[str, Array] = {}
        self._keys: dict[int, str] = {}
        self._alive: list[Any] = []
        self._globals: dict[Global, Global] = {}
        super().__init__(self.file, protocol)

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if isinstance(obj, Global):
            obj = self._globals.setdefault(obj, obj)
        if type(obj) not in (Global, Call, New, Raw, Persistent, Tensor) or self.memo.get(id(obj)):
            super().save(obj, save_persistent_id)
            return
        self._alive.append(obj)
        match obj:
            case Global(module, name):
                self.write(pickle.GLOBAL + f"{module}\n{name}\n".encode())
                self.memoize(obj)
            case Call(function, arguments, state):
                self._build(obj, function, arguments, pickle.REDUCE, state)
            case New(cls, state, arguments):
                self._build(obj, cls, arguments, pickle.NEWOBJ, state)
            case Raw(opcodes):
                self.write(opcodes)
            case Persistent(pid):
                self.save(pid)
                self.write(pickle.BINPERSID)
            case Tensor():
                self._build(obj, Global("torch._utils", obj.rebuild), self._arguments(obj), pickle.REDUCE, None)

    def _build(self, obj: Any, function: Any, arguments: Any, opcode: bytes, state: Any) -> None:
        self.save(function)
        self.save(arguments)
        self.write(opcode)
        self.memoize(obj)
        if state is not None:
            self.save(state)
            self.write(pickle.BUILD)

    def _arguments(self, tensor: Tensor) -> tuple[Any, ...]:
        storage = tensor.storage
        key = self._keys.setdefault(id(storage), str(len(self._keys)))
        self.storages[key] = storage
        self._alive.append(storage)
        size = (storage.size,) if tensor.size is None else tensor.size
        kind = tensor.kind or Global("torch", STORAGES[storage.dtype.name])
        numel = storage.size if tensor.numel is None else tensor.numel
        return (
            Persistent(("storage", kind, key if tensor.key is None else tensor.key, "cpu", numel)),
            tensor.offset,
            size,
            contiguous(size) if tensor.stride is None else tensor.stride,
            False,
            Call(Global("collections", "OrderedDict")),
            *tensor.more,
        )


def pickled(value: Any, protocol: int = 2) -> tuple[bytes, dict[str, Array]]:
    """The pickle of a value, and its storages by key."""
    pickler = Pickler(protocol)
    pickler.dump(value)
    return pickler.file.getvalue(), pickler.storages


@dataclass
class Member:
    """A member of a zip, as torch writes it unless told otherwise; `None` is what is true."""

    name: str
    data: Any
    directory_name: bytes | None = None
    crc: int | None = None
    size: int | None = None
    compressed: int | None = None
    offset: int | None = None
    method: int = 0
    flags: int = 0x0808
    local_sizes: bool = False
    extra: bytes = b""
    length: int = field(init=False)

    def __post_init__(self) -> None:
        self.data = memoryview(self.data).cast("B") if memoryview(self.data).nbytes else memoryview(b"")
        self.length = len(self.data)


def write_zip(path: Path, members: Iterable[Member], *, zip64: bool = False, comment: bytes = b"") -> None:
    """Writes a zip as torch does: data aligned to 64 bytes, sizes and CRC behind the data and in the directory.

    Args:
        path: The file.
        members: In this order.
        zip64: Sizes and offsets in zip64 fields although they would fit the plain ones.
        comment: At the end of the file.
    """
    directory = b""
    count = 0
    with path.open("wb") as file:
        for member in members:
            name = member.name.encode()
            start = file.tell()
            padding = -(start + 30 + len(name) + 4) % 64
            crc = zlib.crc32(member.data) if member.crc is None else member.crc
            size = member.length if member.size is None else member.size
            compressed = member.length if member.compressed is None else member.compressed
            offset = start if member.offset is None else member.offset
            said = (crc, compressed, size) if member.local_sizes else (0, 0, 0)
            flags = member.flags & ~8 if member.local_sizes else member.flags
            file.write(
                struct.pack("<IHHHHHIIIHH", 0x04034B50, 0, flags, member.method, 0, 0, *said, len(name), padding + 4)
            )
            file.write(name + b"FB" + struct.pack("<H", padding) + b"Z" * padding)
            file.write(member.data)
            if flags & 8:
                file.write(struct.pack("<IIII", 0x08074B50, crc, compressed & 0xFFFFFFFF, size & 0xFFFFFFFF))
            wide = zip64 or max(size, compressed, offset) >= 0xFFFFFFFF
            extra = (struct.pack("<HHQQQ", 1, 24, size, compressed, offset) if wide else b"") + member.extra
            fields = (0xFFFFFFFF,) * 3 if wide else (compressed, size, offset)
            listed = member.directory_name or name
            directory += struct.pack(
                *("<IHHHHHHIIIHHHHHII", 0x02014B50, 0, 45 if wide else 0, flags, member.method, 0, 0, crc),
                *(fields[0], fields[1], len(listed), len(extra), 0, 0, 0, 0, fields[2]),
            )
            directory += listed + extra
            count += 1
        start = file.tell()
        file.write(directory)
        end = file.tell()
        file.write(struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 0x31E, 45, 0, 0, count, count, len(directory), start))
        file.write(struct.pack("<IIQI", 0x07064B50, 0, end, 1))
        places = (
            (0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF) if zip64 else (count, count, len(directory), min(start, 2**32 - 1))
        )
        file.write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, *places, len(comment)) + comment)


def checkpoint_members(value: Any, *, folder: str = "archive", protocol: int = 2) -> list[Member]:
    """The members of a checkpoint that holds this value."""
    data, storages = pickled(value, protocol)
    return [
        Member(f"{folder}/data.pkl", data),
        Member(f"{folder}/byteorder", b"little"),
        *(Member(f"{folder}/data/{key}", np.ascontiguousarray(storage)) for key, storage in storages.items()),
        Member(f"{folder}/version", b"3\n"),
        Member(f"{folder}/.data/serialization_id", b"0849488847965048735016090043435029277293"),
    ]


def write_value(path: Path, value: Any, *, folder: str = "archive", protocol: int = 2, zip64: bool = False) -> None:
    """What `torch.save(value, path)` writes."""
    write_zip(path, checkpoint_members(value, folder=folder, protocol=protocol), zip64=zip64)


def config_node(value: Any) -> Any:
    """A value as omegaconf pickles it: nodes of its classes with metadata, down to the leaves."""
    metadata = {"ref_type": Global("typing", "Any"), "optional": True, "key": None, "flags": {}, "flags_root": False}
    builtin = {dict: Global("__builtin__", "dict"), list: Global("__builtin__", "list")}
    cache = Call(Global("collections", "defaultdict"), (builtin[dict],))
    if isinstance(value, Mapping | list):
        any_type = Global("typing", "Any")
        more = {"resolver_cache": cache, "key_type": any_type, "element_type": any_type}
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        nodes = {key: config_node(item) for key, item in items}
        content = nodes if isinstance(value, Mapping) else list(nodes.values())
        state = {
            "_metadata": New(
                Global("omegaconf.base", "ContainerMetadata"),
                metadata | {"object_type": builtin[dict if isinstance(value, Mapping) else list]} | more,
            ),
            "_parent": None,
            "_content": content,
        }
        kind = ("dictconfig", "DictConfig") if isinstance(value, Mapping) else ("listconfig", "ListConfig")
        return New(Global(f"omegaconf.{kind[0]}", kind[1]), state)
    state = {
        "_metadata": New(
            Global("omegaconf.base", "Metadata"), metadata | {"object_type": None, "resolver_cache": cache}
        ),
        "_parent": None,
        "_val": value,
    }
    return New(Global("omegaconf.nodes", "AnyNode"), state)


def numpy_float(value: float) -> Call:
    """A numpy scalar as numpy < 2 pickles it."""
    state = (3, "<", None, None, None, -1, -1, 0)
    dtype = Call(Global("numpy", "dtype"), ("f8", False, True), state)
    return Call(Global("numpy.core.multiarray", "scalar"), (dtype, Call(Global("_codecs", "encode"), _latin(value))))


def _latin(value: float) -> tuple[str, str]:
    return struct.pack("<d", value).decode("latin1"), "latin1"


def official_layout(tensors: Mapping[str, Any], *, optimizer: bool = True, foreign: bool = True) -> dict[str, Any]:
    """The top level of an official checkpoint; state of the optimizer is zeros. See `write_checkpoint`."""
    arrays = [value for value in tensors.values() if isinstance(value, np.ndarray)] if optimizer else []
    moments = {
        index: {"step": 1000, "exp_avg": np.zeros_like(array), "exp_avg_sq": np.zeros_like(array)}
        for index, array in enumerate(arrays)
    }
    backend = Call(Global("fairseq.dataclass.constants", "ChoiceEnum"), ("pytorch_ddp",))
    arguments = {"arch": "data2vec_multi", "lr": [1e-4], "backend": backend if foreign else "pytorch_ddp"}
    choices = {"common": {"fp16": True, "seed": 1}, "task": {"_name": "audio", "data": ["train", "valid"]}}
    meter = {"val": numpy_float(0.5), "type": Global("fairseq.logging.meters", "AverageMeter")}
    save_dir = Call(Global("pathlib", "PosixPath"), ("checkpoints", "large"))
    return {
        "args": New(Global("argparse", "Namespace"), arguments) if foreign else None,
        "cfg": config_node(choices) if foreign else choices,
        "criterion": None,
        "model": OrderedDict(tensors),
        "optimizer_history": [
            {
                "criterion_name": "ModelCriterion",
                "optimizer_name": "FairseqAdam",
                "lr_scheduler_state": {},
                "num_updates": 9,
            }
        ],
        "task_state": {},
        "extra_state": {"metrics": [(0, "loss", meter)], "save_dir": save_dir} if foreign else {"val_loss": 0.5},
        "last_optimizer_state": {"state": moments, "param_groups": [{"lr": 1e-4, "params": list(moments)}]},
    }


def write_checkpoint(
    path: Path,
    tensors: Mapping[str, Any],
    *,
    extra: Mapping[str, Any] | None = None,
    optimizer: bool = True,
    foreign: bool = True,
    folder: str = "archive",
    zip64: bool = False,
) -> None:
    """Writes a checkpoint in the official layout.

    Args:
        path: The file.
        tensors: Arrays (or `Tensor`) by name, kept under `model`.
        extra: Top-level entries that are added, or replace those of the same key.
        optimizer: Also the two moments of each tensor, two thirds of the file.
        foreign: With objects of argparse, omegaconf, fairseq, numpy and pathlib. `torch.load` reads the file without them only.
        folder: The prefix of the members.
        zip64: See `write_zip`.
    """
    layout = official_layout(tensors, optimizer=optimizer, foreign=foreign) | dict(extra or {})
    write_value(path, _with_tensors(layout), folder=folder, zip64=zip64)


def _with_tensors(value: Any) -> Any:
    """Arrays become tensors, however deep in plain containers."""
    match value:
        case np.ndarray():
            return Tensor.of(value)
        case dict():
            return type(value)((key, _with_tensors(item)) for key, item in value.items())
        case list() | tuple():
            return type(value)(map(_with_tensors, value))
    return value


@dataclass(frozen=True, slots=True)
class Size:
    """How large an emotion2vec+ model is.

    Attributes:
        dim: Values in a frame; divisible by `heads`, by `position_groups` and by 16.
        heads: Attention heads.
        depth: Blocks of the second stage.
        prenet_depth: Blocks of the first stage, the context encoder.
        convolutions: `(channels, kernel, stride)` of each layer of the local encoder.
        position_width: Frames that the positional convolutions see; a kernel is this over `position_depth`.
        position_groups: Groups of a positional convolution.
        position_depth: Positional convolutions.
        extra_tokens: Learned frames in front.
        mlp_ratio: Hidden values of a block's MLP over `dim`.
    """

    dim: int = 64
    heads: int = 4
    depth: int = 2
    prenet_depth: int = 1
    convolutions: Sequence[Layer] = tuple((32, kernel, stride) for _, kernel, stride in CONVOLUTIONS)
    position_width: int = 95
    position_groups: int = 16
    position_depth: int = 5
    extra_tokens: int = 10
    mlp_ratio: int = 4


SMALL = Size()
BASE = Size(768, 12, 8, 4, CONVOLUTIONS)
LARGE = Size(1024, 16, 8, 4, CONVOLUTIONS)


def random_weights(size: Size = SMALL, *, labels: int = len(TOKENS), seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """The tensors of an emotion2vec+ model, in the official order, so large that frames differ in every block.

    The last head's `alibi_scale` is below 0, which counts as 0.
    """
    dim = size.dim
    rng = np.random.default_rng(seed)
    weights: dict[str, NDArray[np.float32]] = {}

    def normal(*shape: int, mean: float = 0.0, scale: float) -> NDArray[np.float32]:
        return mean + np.float32(scale) * rng.standard_normal(shape, np.float32)

    def linear(name: str, out: int, fan_in: int, *kernel: int) -> None:
        scale = float(fan_in * np.prod(kernel)) ** -0.5
        weights[f"{name}.weight"] = normal(out, fan_in, *kernel, scale=scale)
        weights[f"{name}.bias"] = normal(out, scale=0.05)

    def norm(name: str, size: int) -> None:
        weights[f"{name}.weight"] = normal(size, mean=1.0, scale=0.1)
        weights[f"{name}.bias"] = normal(size, scale=0.1)

    def block(name: str) -> None:
        norm(f"{name}.norm1", dim)
        linear(f"{name}.attn.qkv", 3 * dim, dim)
        weights[f"{name}.attn.qkv.weight"][: 2 * dim] *= (
            2  # attention that picks: a mean over all frames makes them equal
        )
        linear(f"{name}.attn.proj", dim, dim)
        weights[f"{name}.attn.proj.weight"] /= 2
        norm(f"{name}.norm2", dim)
        linear(f"{name}.mlp.fc1", size.mlp_ratio * dim, dim)
        linear(f"{name}.mlp.fc2", dim, size.mlp_ratio * dim)

    encoder = "d2v_model.modality_encoders.AUDIO"
    scales = normal(1, 1, size.heads, 1, 1, mean=1.0, scale=0.2)
    scales[0, 0, -1] = -0.1
    weights[f"{encoder}.alibi_scale"] = scales
    weights[f"{encoder}.extra_tokens"] = normal(1, size.extra_tokens, dim, scale=1.0)
    channels = 1
    for index, (out, kernel, _) in enumerate(size.convolutions):
        layer = f"{encoder}.local_encoder.conv_layers.{index}"
        weights[f"{layer}.0.weight"] = normal(out, channels, kernel, scale=(2 / (channels * kernel)) ** 0.5)
        norm(f"{layer}.2.1", out)
        channels = out
    norm(f"{encoder}.project_features.1", channels)
    linear(f"{encoder}.project_features.2", dim, channels)
    width = max(3, size.position_width // size.position_depth)
    for index in range(1, size.position_depth + 1):
        linear(f"{encoder}.relative_positional_encoder.{index}.0", dim, dim // size.position_groups, width)
    for index in range(size.prenet_depth):
        block(f"{encoder}.context_encoder.blocks.{index}")
    norm(f"{encoder}.context_encoder.norm", dim)
    for index in range(size.depth):
        block(f"d2v_model.blocks.{index}")
    linear("proj", labels, dim)
    return weights


def write_model_folder(
    folder: Path,
    size: Size | None = None,
    *,
    tokens: Sequence[str] = TOKENS,
    normalize: bool = True,
    optimizer: bool = True,
    foreign: bool = False,
    changes: Mapping[str, str] | None = None,
    seed: int = 0,
    **sizes: Any,
) -> dict[str, NDArray[np.float32]]:
    """Writes `model.pt`, `config.yaml`, `tokens.txt` and `configuration.json` of an emotion2vec+ model.

    Args:
        folder: Made when it is missing.
        size: `SMALL`, `BASE`, `LARGE` or another.
        tokens: Lines of `tokens.txt`.
        normalize: Whether the waveform is normalized.
        optimizer: See `write_checkpoint`.
        foreign: See `write_checkpoint`; FunASR reads the folder without only.
        changes: Lines of `config.yaml` to change, such as `{"norm_eps": "1e-06"}`; every line with the key.
        seed: Of the weights.
        **sizes: Fields of `Size`, instead of `size`.

    Returns:
        The weights by their names in the file.
    """
    size = size or Size(**sizes)
    folder.mkdir(parents=True, exist_ok=True)
    weights = random_weights(size, labels=len(tokens), seed=seed)
    groups = [(layer, len(list(equal))) for layer, equal in itertools.groupby(size.convolutions)]
    config = CONFIG.format(
        size=size,
        mlp_ratio=float(size.mlp_ratio),
        normalize=str(normalize).lower(),
        spec=" + ".join(f"[{layer}]" + (f" * {count}" if count > 1 else "") for layer, count in groups),
    )
    for key, value in (changes or {}).items():
        lines = [
            line.split(":")[0] + f": {value}" if line.strip().startswith(f"{key}:") else line
            for line in config.split("\n")
        ]
        config = "\n".join(lines)
    write_checkpoint(folder / "model.pt", weights, optimizer=optimizer, foreign=foreign)
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    (folder / "tokens.txt").write_text("\n".join(tokens), encoding="utf-8")
    (folder / "configuration.json").write_text(json.dumps(CONFIGURATION, indent=2), encoding="utf-8")
    return weights


CONFIGURATION = {
    "framework": "pytorch",
    "task": "emotion-recognition",
    "pipeline": {"type": "funasr-pipeline"},
    "model": {"type": "funasr"},
    "file_path_metas": {
        "init_param": "model.pt",
        "tokenizer_conf": {"token_list": "tokens.txt"},
        "config": "config.yaml",
    },
    "model_name_in_hub": {"ms": "iic/emotion2vec_plus_large", "hf": ""},
}

CONFIG = """\
# network architecture
model: Emotion2vec
model_conf:
    loss_beta: 0.0
    loss_scale: null
    depth: {size.depth}
    start_drop_path_rate: 0.0
    end_drop_path_rate: 0.0
    num_heads: {size.heads}
    norm_eps: 1e-05
    norm_affine: true
    encoder_dropout: 0.1
    post_mlp_drop: 0.1
    attention_dropout: 0.1
    activation_dropout: 0.0
    dropout_input: 0.0
    layerdrop: 0.05
    embed_dim: {size.dim}
    mlp_ratio: {mlp_ratio}
    layer_norm_first: false
    average_top_k_layers: {size.depth}
    end_of_block_targets: false
    clone_batch: 8
    layer_norm_target_layer: false
    batch_norm_target_layer: false
    instance_norm_target_layer: true
    instance_norm_targets: false
    layer_norm_targets: false
    ema_decay: 0.999
    ema_same_dtype: true
    log_norms: true
    ema_end_decay: 0.99999
    ema_anneal_end_step: 20000
    ema_encoder_only: false
    max_update: 100000
    extractor_mode: layer_norm
    shared_decoder: null
    min_target_var: 0.1
    min_pred_var: 0.01
    supported_modality: AUDIO
    mae_init: false
    seed: 1
    skip_ema: false
    cls_loss: 1.0
    recon_loss: 0.0
    d2v_loss: 1.0
    decoder_group: false
    adversarial_training: false
    adversarial_hidden_dim: 128
    adversarial_weight: 0.1
    cls_type: chunk
    normalize: {normalize}
    project_dim:

    modalities:
        audio:
            type: AUDIO
            prenet_depth: {size.prenet_depth}
            prenet_layerdrop: 0.05
            prenet_dropout: 0.1
            start_drop_path_rate: 0.0
            end_drop_path_rate: 0.0
            num_extra_tokens: {size.extra_tokens}
            init_extra_token_zero: true
            mask_noise_std: 0.01
            mask_prob_min: null
            mask_prob: 0.5
            inverse_mask: false
            mask_prob_adjust: 0.05
            keep_masked_pct: 0.0
            mask_length: 5
            add_masks: false
            remove_masks: false
            mask_dropout: 0.0
            encoder_zero_mask: true
            mask_channel_prob: 0.0
            mask_channel_length: 64
            ema_local_encoder: false
            local_grad_mult: 1.0
            use_alibi_encoder: true
            alibi_scale: 1.0
            learned_alibi: false
            alibi_max_pos: null
            learned_alibi_scale: true
            learned_alibi_scale_per_head: true
            learned_alibi_scale_per_layer: false
            num_alibi_heads: {size.heads}
            model_depth: {size.depth}
            decoder:
                decoder_dim: 384
                decoder_groups: 16
                decoder_kernel: 7
                decoder_layers: 4
                input_dropout: 0.1
                add_positions_masked: false
                add_positions_all: false
                decoder_residual: true
                projection_layers: 1
                projection_ratio: 2.0
            extractor_mode: layer_norm
            feature_encoder_spec: '{spec}'
            conv_pos_width: {size.position_width}
            conv_pos_groups: {size.position_groups}
            conv_pos_depth: {size.position_depth}
            conv_pos_pre_ln: false

tokenizer: CharTokenizer
tokenizer_conf:
    unk_symbol: <unk>
    split_with_space: true

scope_map:
    - 'd2v_model.'
    - none
"""
