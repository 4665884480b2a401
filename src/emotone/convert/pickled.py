"""The pickle inside a checkpoint, read by a machine that can make weights and nothing else.

Python's own unpickler imports what a pickle names, calls it and sets attributes. This one has no import, no call of what was
named and no attributes: a name must be on a list, and becomes either one of four constructors written here or a placeholder
that is only a name. What is done to a placeholder yields a placeholder, and its state is dropped.
"""

import pickle
import pickletools
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..errors import CheckpointError
from .archive import damaged

MAX_OPCODES = 1_000_000
MAX_DIMENSIONS = 8

FOREIGN_PACKAGES: Final = (
    *("data2vec", "emotion2vec", "examples.data2vec", "fairseq", "funasr", "omegaconf"),
    *("enum", "pathlib", "typing"),
)
"""Whatever is named in them becomes a placeholder; none is ever imported."""

_BUILTINS: Final = (
    "bool bytearray bytes complex dict float frozenset int list long object range set slice str tuple type unicode xrange"
)  # fmt: skip
FOREIGN_NAMES: Final = {
    f"{module}.{name}"
    for module, names in {
        "__builtin__": _BUILTINS,
        "_codecs": "encode",
        "argparse": "Namespace",
        "builtins": _BUILTINS,
        "collections": "Counter defaultdict deque",
        "numpy": "dtype ndarray",
        "numpy._core.multiarray": "_reconstruct scalar",
        "numpy.core.multiarray": "_reconstruct scalar",
        "operator": "getitem",
        "torch": "Size Tensor bfloat16 bool device float16 float32 float64 int16 int32 int64 int8 uint16 uint32 uint64 uint8",
        "torch._utils": "_rebuild_tensor_v3",
        "torch.nn.parameter": "Parameter",
    }.items()
    for name in names.split()
}
"""These too."""

_STORAGE = re.compile(r"torch\.(?:storage\.)?([A-Z][A-Za-z0-9]*Storage)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+")


@dataclass(frozen=True, slots=True)
class Foreign:
    """A class or object of another library, of which only the name is kept."""

    name: str


@dataclass(frozen=True, slots=True)
class Storage:
    """The flat array of a tensor.

    Attributes:
        kind: Such as `FloatStorage`.
        key: Of its member, `data/<key>`.
        numel: Values that it says to have.
    """

    kind: str
    key: str
    numel: int


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A view on a storage, as the pickle says it; only the types are checked.

    Attributes:
        storage: May be shared.
        offset: First value.
        size: Of each axis.
        stride: Of each axis, in values.
    """

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def unpickle(data: bytes) -> object:
    """The value of a pickle: `dict`, `tuple`, `str`, `int`, `float`, `bool`, `None`, `Tensor`, `Storage`, or `Foreign`.

    Lists, bytes and all other classes are `Foreign`; dictionaries keep their entries with a text as key.

    Raises:
        CheckpointError: When it names what is not on the list, uses what torch never writes, or is damaged.
    """
    return _Machine(data).run()


@dataclass(frozen=True, slots=True)
class _StorageClass:
    kind: str


@dataclass(frozen=True, slots=True)
class _Constructor:
    build: Callable[[object], object]


class _Mapping(dict[str, object]):
    """A dictionary that the machine made; nothing else is ever changed."""

    __slots__ = ()


def _tensor(arguments: object) -> Tensor:
    match arguments:
        case (Storage() as storage, int(offset), tuple() as size, tuple() as stride, *_):
            numbers = (offset, *size, *stride)
            if len(size) == len(stride) <= MAX_DIMENSIONS and all(
                type(number) is int and abs(number) < 2**63 for number in numbers
            ):
                return Tensor(storage, offset, size, stride)
    raise damaged("It has a tensor without a shape.", "其中有张量缺少形状。")


def _parameter(arguments: object) -> Tensor:
    match arguments:
        case (Tensor() as tensor, *_):
            return tensor
    raise damaged("It has a parameter without a tensor.", "其中有参数缺少张量。")


def _ordered_dict(arguments: object) -> _Mapping:
    if arguments != ():
        raise damaged("It has an OrderedDict with arguments.", "其中有带参数的 OrderedDict。")
    return _Mapping()


_CONSTRUCTORS: Final = {
    "torch._utils._rebuild_tensor_v2": _Constructor(_tensor),
    "torch._utils._rebuild_parameter": _Constructor(_parameter),
    "torch._utils._rebuild_parameter_with_state": _Constructor(_parameter),
    "collections.OrderedDict": _Constructor(_ordered_dict),
}


def _named(name: str) -> object:
    """What stands for a global."""
    if constructor := _CONSTRUCTORS.get(name):
        return constructor
    if storage := _STORAGE.fullmatch(name):
        return _StorageClass(storage[1])
    in_package = name.startswith(tuple(f"{package}." for package in FOREIGN_PACKAGES)) and _NAME.fullmatch(name)
    if in_package or name in FOREIGN_NAMES:
        return Foreign(name)
    raise CheckpointError(
        f"It names {name[:100]!r}, which is not on the list of what a checkpoint may name, and could run code. Nothing was run. "
        "Do not use this file; get it from its official source. If it is your own, save its state_dict alone.",
        f"其中引用了 {name[:100]!r}，它不在检查点允许引用的名单上，可能会执行代码。没有执行任何代码。"
        "请勿使用此文件，请从官方来源获取。如果是自己训练的模型，请只保存其 state_dict。",
    )


class _Machine:
    """A stack, a memo and the opcodes that torch writes (pickle protocol 2)."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.stack: list[object] = []
        self.outer: list[list[object]] = []
        self.memo: dict[int, object] = {}

    def run(self) -> object:
        if self.take(2) != pickle.PROTO + b"\2":
            raise _unknown("PROTO", self.data[1] if len(self.data) > 1 else 0)
        for _ in range(MAX_OPCODES):
            opcode = self.take(1)
            if opcode == pickle.STOP:
                break
            handler = _HANDLERS.get(opcode)
            if handler is None:
                names = {known.code: known.name for known in pickletools.opcodes}
                raise _unknown(names.get(opcode.decode("latin-1"), "?"), opcode[0])
            handler(self)
        else:
            raise CheckpointError(
                f"Its description is longer than {MAX_OPCODES} steps. Only emotion2vec+ checkpoints can be converted.",
                f"其描述超过 {MAX_OPCODES} 步。只能转换 emotion2vec+ 检查点。",
            )
        if len(self.stack) != 1 or self.outer or self.at != len(self.data):
            raise damaged("Its description does not end where it should.", "其描述没有在应有的位置结束。")
        return self.stack[0]

    def take(self, count: int) -> bytes:
        start = self.at
        self.at += count
        if self.at > len(self.data):
            raise damaged("Its description is cut off.", "其描述不完整。")
        return self.data[start : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def line(self) -> str:
        end = self.data.find(b"\n", self.at, self.at + 256)
        if end < 0:
            raise damaged("It has a name without an end.", "其中有名称没有结尾。")
        line = self.data[self.at : end].decode()
        self.at = end + 1
        return line

    def push(self, value: object) -> None:
        self.stack.append(value)

    def mark(self) -> None:
        self.outer.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[object]:
        items, self.stack = self.stack, self.outer.pop()
        return items

    def top(self, count: int) -> tuple[object, ...]:
        items = tuple(self.stack[-count:])
        if len(items) < count:
            raise damaged("Its description takes what it never made.", "其描述取用了从未生成的内容。")
        del self.stack[-count:]
        return items

    def put(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def set_items(self, items: list[object]) -> None:
        target = self.stack[-1]
        if isinstance(target, _Mapping):
            for key, value in zip(items[::2], items[1::2], strict=True):
                if isinstance(key, str):
                    if key in target:
                        raise damaged(f"It has two entries {key[:100]!r}.", f"其中有两个条目 {key[:100]!r}。")
                    target[key] = value
        else:
            self.require_foreign(target)

    def append(self, items: list[object]) -> None:
        self.require_foreign(self.stack[-1])

    def reduce(self) -> None:
        function, arguments = self.top(2)
        if isinstance(function, _Constructor):
            self.push(function.build(arguments))
        else:
            self.require_foreign(function)
            self.push(function)

    def build(self) -> None:
        target, _ = self.top(2)
        if not isinstance(target, _Mapping | Tensor):  # a state_dict has metadata; they are dropped too
            self.require_foreign(target)
        self.push(target)

    def persistent(self) -> None:
        match self.stack.pop():
            case ("storage", _StorageClass(kind), str(key), str(), int(numel)) if type(numel) is int:
                self.push(Storage(kind, key, numel))
            case _:
                raise damaged("It has a tensor without a storage.", "其中有张量缺少存储。")

    def require_foreign(self, value: object) -> None:
        if not isinstance(value, Foreign):
            raise damaged("Its description changes what cannot be changed.", "其描述修改了不可修改的内容。")


def _unknown(name: str, code: int) -> CheckpointError:
    return CheckpointError(
        f"Its description uses {name} ({code:#04x}), which torch.save does not write by default (pickle protocol 2). Save "
        "the weights again with its default options, or get the file again.",
        f"其描述使用了 {name}（{code:#04x}），而 torch.save 默认（pickle 协议 2）不会写出它。请用默认选项重新保存权重，"
        "或重新获取文件。",
    )


_LIST: Final = Foreign("builtins.list")

_HANDLERS: Final[dict[bytes, Callable[[_Machine], object]]] = {
    pickle.NONE: lambda machine: machine.push(None),
    pickle.NEWTRUE: lambda machine: machine.push(True),
    pickle.NEWFALSE: lambda machine: machine.push(False),
    pickle.BININT: lambda machine: machine.push(int.from_bytes(machine.take(4), "little", signed=True)),
    pickle.BININT1: lambda machine: machine.push(machine.number(1)),
    pickle.BININT2: lambda machine: machine.push(machine.number(2)),
    pickle.LONG1: lambda machine: machine.push(int.from_bytes(machine.take(machine.number(1)), "little", signed=True)),
    pickle.BINFLOAT: lambda machine: machine.push(struct.unpack(">d", machine.take(8))[0]),
    pickle.BINUNICODE: lambda machine: machine.push(machine.take(machine.number(4)).decode("utf-8", "replace")),
    pickle.EMPTY_TUPLE: lambda machine: machine.push(()),
    pickle.EMPTY_LIST: lambda machine: machine.push(_LIST),
    pickle.EMPTY_DICT: lambda machine: machine.push(_Mapping()),
    pickle.MARK: _Machine.mark,
    pickle.TUPLE: lambda machine: machine.push(tuple(machine.since_mark())),
    pickle.TUPLE1: lambda machine: machine.push(machine.top(1)),
    pickle.TUPLE2: lambda machine: machine.push(machine.top(2)),
    pickle.TUPLE3: lambda machine: machine.push(machine.top(3)),
    pickle.APPEND: lambda machine: machine.append([*machine.top(1)]),
    pickle.APPENDS: lambda machine: machine.append(machine.since_mark()),
    pickle.SETITEM: lambda machine: machine.set_items([*machine.top(2)]),
    pickle.SETITEMS: lambda machine: machine.set_items(machine.since_mark()),
    pickle.POP: lambda machine: machine.top(1),
    pickle.POP_MARK: lambda machine: machine.since_mark(),
    pickle.BINPUT: lambda machine: machine.put(machine.number(1)),
    pickle.LONG_BINPUT: lambda machine: machine.put(machine.number(4)),
    pickle.BINGET: lambda machine: machine.push(machine.memo[machine.number(1)]),
    pickle.LONG_BINGET: lambda machine: machine.push(machine.memo[machine.number(4)]),
    pickle.GLOBAL: lambda machine: machine.push(_named(f"{machine.line()}.{machine.line()}")),
    pickle.REDUCE: _Machine.reduce,
    pickle.NEWOBJ: _Machine.reduce,
    pickle.BUILD: _Machine.build,
    pickle.BINPERSID: _Machine.persistent,
}
