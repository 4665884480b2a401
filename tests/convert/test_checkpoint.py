import json
import mmap
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import (
    SMALL,
    STORAGES,
    Call,
    Global,
    Member,
    New,
    Persistent,
    Raw,
    Tensor,
    checkpoint_members,
    random_weights,
    write_checkpoint,
    write_model_folder,
    write_value,
    write_zip,
)
from numpy.typing import NDArray

from emotone.convert.checkpoint import read_tensors
from emotone.convert.pickled import MAX_OPCODES
from emotone.errors import CheckpointError

PROJECT = Path(__file__).parent.parent.parent
WRITTEN_BY_TORCH = Path(__file__).parent / "data/written_by_torch.pt"
GRID = np.arange(12, dtype=np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.pt"


def refused(path: Path, *words: str) -> None:
    """Asserts that the file is refused, in both languages, by a message with these words."""
    with pytest.raises(CheckpointError) as caught:
        read_tensors(path)
    text = caught.value.text
    assert all(word in text.en for word in (str(path), *words)), text.en
    assert str(path) in text.zh
    assert any("一" <= character <= "鿿" for character in text.zh)
    assert caught.value.__context__ is None  # no traceback keeps the file mapped


def equal(found: dict[str, NDArray[Any]], wanted: dict[str, NDArray[Any]]) -> bool:
    return list(found) == list(wanted) and all(
        found[name].shape == array.shape and found[name].dtype == array.dtype and np.array_equal(found[name], array)
        for name, array in wanted.items()
    )


def is_mapped(array: NDArray[Any]) -> bool:
    """Whether the values lie in a file."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, memoryview) and isinstance(base.obj, mmap.mmap)


# What is read


@pytest.mark.parametrize("foreign", [True, False])
@pytest.mark.parametrize("zip64", [True, False])
def test_official_layout(path: Path, foreign: bool, zip64: bool) -> None:
    weights = random_weights(SMALL, seed=1)
    write_checkpoint(path, weights, foreign=foreign, zip64=zip64, folder="model_large")
    tensors = read_tensors(path)
    assert equal(tensors, weights)
    assert len(tensors) == 77
    assert all(is_mapped(array) and not array.flags.writeable for array in tensors.values())


def test_model_folder_has_the_official_files(tmp_path: Path) -> None:
    weights = write_model_folder(tmp_path, dim=32, heads=2, depth=1)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "config.yaml",
        "configuration.json",
        "model.pt",
        "tokens.txt",
    ]
    assert (tmp_path / "tokens.txt").stat().st_size == 119
    assert equal(read_tensors(tmp_path / "model.pt"), weights)


@pytest.mark.parametrize(
    "layout",
    [
        lambda tensors: tensors,
        lambda tensors: {"model": tensors, "optimizer": {"step": 1}},
        lambda tensors: {"epoch": 1, "state_dict": tensors, "model": {"other": 1}},
        lambda tensors: {"model_state_dict": tensors},
        lambda tensors: {"state_dict": {"model": tensors}},
    ],
)
def test_weights_are_where_funasr_looks_for_them(path: Path, layout: Callable[[Any], Any]) -> None:
    write_value(path, layout({"a": Tensor.of(GRID), "b": Tensor.of(GRID[:2])}))
    assert equal(read_tensors(path), {"a": GRID, "b": GRID[:2]})


@pytest.mark.parametrize("dtype", STORAGES)
def test_types(path: Path, dtype: str) -> None:
    array = np.array([[0, 1, 2], [3, 100, 0]]).astype(dtype)
    write_value(path, {"a": Tensor.of(array)})
    assert equal(read_tensors(path), {"a": array})


def test_bfloat16_becomes_float32(path: Path) -> None:
    values = np.array([1.5, -2, np.inf, 3.140625], np.float32)
    half = (values.view(np.uint32) >> 16).astype(np.uint16)
    write_value(path, {"a": Tensor(half, (2,), offset=1, kind=Global("torch", "BFloat16Storage"))})
    assert equal(read_tensors(path), {"a": values[1:3]})


def test_views(path: Path) -> None:
    tensors = {
        "whole": Tensor(GRID, (3, 4)),
        "transposed": Tensor(GRID, (4, 3), (1, 4)),
        "row": Tensor(GRID, (4,), offset=4),
        "column": Tensor(GRID, (3,), (4,), offset=1),
        "permuted": Tensor(GRID, (2, 3, 2), (2, 4, 1)),
        "axis of one": Tensor(GRID, (1, 12), (0, 1)),
        "scalar": Tensor(GRID, (), offset=11),
        "empty": Tensor(GRID, (0, 3)),
        "nothing": Tensor(np.empty(0, np.float32), (0,)),
    }
    write_value(path, {"model": tensors})
    found = read_tensors(path)
    grid = GRID.reshape(3, 4)
    wanted = [
        grid,
        grid.T,
        grid[1],
        grid[:, 1],
        GRID.reshape(3, 2, 2).transpose(1, 0, 2),
        GRID[None],
        GRID[11].reshape(()),
    ]
    assert equal(found, dict(zip(tensors, [*wanted, np.empty((0, 3), "f4"), np.empty(0, "f4")], strict=True)))
    assert np.shares_memory(found["whole"], found["transposed"])


def test_parameters(path: Path) -> None:
    def parameter(name: str, *more: Any) -> Call:
        return Call(
            Global("torch._utils", name), (Tensor.of(GRID), True, Call(Global("collections", "OrderedDict")), *more)
        )

    write_value(
        path, {"a": parameter("_rebuild_parameter"), "b": parameter("_rebuild_parameter_with_state", {"tag": 1})}
    )
    assert equal(read_tensors(path), {"a": GRID, "b": GRID})


def test_a_checkpoint_that_torch_wrote() -> None:
    grid = np.arange(12, dtype=np.float32).reshape(3, 4)
    third = (grid / 3).view(np.uint32)
    rounded = (third + 0x7FFF + (third >> 16 & 1) & 0xFFFF0000).view(np.float32)
    wanted = {
        "layer.weight": np.full((2, 2), 0.5, np.float32),
        "layer.bias": np.zeros(2, np.float32),
        "float32": grid,
        "float64": grid.astype("f8") / 3,
        "float16": grid.astype("f2"),
        "bfloat16": rounded,
        "int64": grid.astype("i8") - 5,
        "int32": grid.astype("i4"),
        "int16": grid.astype("i2"),
        "int8": (grid - 5).astype("i1"),
        "uint8": grid.astype("u1"),
        "bool": grid > 5,
        "transposed": grid.reshape(4, 3).T,
        "row": grid[1],
        "column": grid[:, 1],
        "corner": grid[1:, 2:],
        "scalar": np.float32(2.5).reshape(()),
        "empty": np.empty((0, 3), np.float32),
        "parameter": np.ones(2, np.float32),
        "tied": grid,
    }
    assert equal(read_tensors(WRITTEN_BY_TORCH), wanted)


def test_what_is_not_a_weight_is_not_read(path: Path) -> None:
    write_checkpoint(path, {"a": GRID}, extra={"rest": np.full(100, 7.5, np.float32)})
    data = path.read_bytes()
    path.write_bytes(data.replace(np.full(100, 7.5, np.float32).tobytes(), b"\xff" * 400))
    assert equal(read_tensors(path), {"a": GRID})


def test_without_checksums(path: Path) -> None:
    members = checkpoint_members({"a": Tensor.of(GRID)})
    write_zip(path, [Member(member.name, member.data, crc=0) for member in members])
    assert equal(read_tensors(path), {"a": GRID})


# Attacks


def call(module: str, name: str, *arguments: Any) -> Call:
    return Call(Global(module, name), arguments)


ATTACKS = """
    os.system posix.system nt.system subprocess.Popen subprocess.check_output pty.spawn os.execv shutil.rmtree
    builtins.eval builtins.exec __builtin__.eval builtins.getattr builtins.setattr builtins.__import__ builtins.open
    builtins.compile builtins.map importlib.import_module runpy.run_path sys.exit code.interact webbrowser.open
    pickle.loads _pickle.loads pickle.Unpickler torch.load torch.storage._load_from_bytes torch.jit.load torch.hub.load
    torch._utils._rebuild_tensor torch.serialization.load torch.evilStorage numpy.load numpy.f2py.crackfortran
    numpy.core.numeric._frombuffer numpy.testing._private.utils.runstring copyreg._reconstructor copy_reg.add_extension
    functools.partial operator.attrgetter operator.methodcaller types.CodeType types.FunctionType ctypes.CDLL socket.socket
    argparse.FileType argparse.os.system fairseqos.system collections.namedtuple __main__.Thing
    emotone.convert.checkpoint.read_tensors
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("make", [Call, New, None])
def test_names_that_are_not_listed_are_refused(tmp_path: Path, path: Path, name: str, make: type | None) -> None:
    canary = tmp_path / "canary"
    named = Global(*name.rsplit(".", 1))
    attack = make(named, arguments=(f"touch {canary}",)) if make else named
    write_value(path, {"model": {"a": Tensor.of(GRID)}, "args": [attack]})
    modules = set(sys.modules)
    refused(path, repr(name), "not on the list")
    assert not canary.exists()
    assert set(sys.modules) == modules


class Evil:
    """What Python's unpickler would run."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


def test_a_pickle_of_python_itself(tmp_path: Path, path: Path) -> None:
    canary = tmp_path / "canary"
    data = pickle.dumps({"model": Evil(f"touch {canary}")}, 2)
    write_zip(path, [Member("archive/data.pkl", data)])
    refused(path, "posix.system" if os.name == "posix" else "nt.system")
    assert not canary.exists()
    pickle.loads(data)
    assert canary.exists()


def test_pickles_in_pickles_stay_bytes(tmp_path: Path, path: Path) -> None:
    canary = tmp_path / "canary"
    inner = pickle.dumps(Evil(f"touch {canary}"), 0).decode("latin-1")
    hidden = New(Global("omegaconf.dictconfig", "DictConfig"), state=inner, arguments=(inner,))
    write_value(
        path, {"model": {"a": Tensor.of(GRID)}, "cfg": hidden, "args": call("_codecs", "encode", inner, "latin1")}
    )
    assert equal(read_tensors(path), {"a": GRID})
    assert not canary.exists()


@pytest.mark.parametrize(
    "foreign",
    [
        New(Global("argparse", "Namespace"), {"__class__": "x", "__dict__": {}, "a": 1}),
        New(Global("omegaconf.dictconfig", "DictConfig"), ({"_content": 1}, {"slot": 2})),
        Call(Call(Global("omegaconf", "OmegaConf"), ("create",)), ("again",), {"state": 1}),
        Call(Global("fairseq.os", "system"), ("exit 7",)),
        Call(Global("typing", "os.system"), ("exit 7",)),
        Call(Global("enum", "Enum"), (Global("pathlib", "os"),)),
        Call(Global("builtins", "type"), ("A", (Global("builtins", "object"),), {"__del__": Global("fairseq", "run")})),
        Call(
            Global("collections", "OrderedDict"),
            (),
            {"_metadata": {"": {"version": 1}}, "__class__": Global("builtins", "int")},
        ),
    ],
)
def test_foreign_objects_are_inert(path: Path, foreign: Any) -> None:
    write_value(path, {"model": {"a": Tensor.of(GRID)}, "rest": foreign})
    modules = set(sys.modules)
    assert equal(read_tensors(path), {"a": GRID})
    assert set(sys.modules) == modules


@pytest.mark.parametrize(
    ("opcodes", "name"),
    [
        (b"\x82\x01", "EXT1"),
        (b"\x83\x01\x00", "EXT2"),
        (b"\x84\x01\x00\x00\x00", "EXT4"),
        (b"(S'exit 7'\nios\nsystem\n", "STRING"),
        (b"(X\x06\x00\x00\x00exit 7ios\nsystem\n", "INST"),
        (b"(cos\nsystem\nX\x06\x00\x00\x00exit 7o", "os.system"),
        (b"(X\x06\x00\x00\x00exit 7o", "OBJ"),
        (b"X\x02\x00\x00\x00osX\x06\x00\x00\x00system\x93", "STACK_GLOBAL"),
        (b"Pstorage\n", "PERSID"),
        (b"\x92", "NEWOBJ_EX"),
        (b"\x95\xff\xff\xff\xff\xff\xff\xff\x7f", "FRAME"),
        (b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f", "BINBYTES8"),
        (b"\x8b\xff\xff\xff\x7f", "LONG4"),
        (b"I" + b"9" * 10_000 + b"\n", "INT"),
        (b"N2", "DUP"),
        (b"\xff", "0xff"),
        (b"\x80\x04", "PROTO"),
    ],
)
def test_opcodes_that_torch_never_writes_are_refused(path: Path, opcodes: bytes, name: str) -> None:
    write_value(path, {"model": {"a": Tensor.of(GRID)}, "args": Raw(opcodes)})
    refused(path, name)


@pytest.mark.parametrize("protocol", [0, 1, 3, 4, 5])
def test_other_protocols_are_refused(path: Path, protocol: int) -> None:
    write_zip(path, [Member("archive/data.pkl", pickle.dumps({"model": [1]}, protocol))])
    refused(path, "PROTO", "protocol 2")


@pytest.mark.parametrize(
    "opcodes",
    [
        *(b"", b"N", b"N.N", b"NN", b"}N.", b"R", b"b", b"u", b"t", b"0", b"Q", b"s", b"a", b"\x85", b"q\0", b"(.", b"G"),
        *(b"K", b"h\x09", b"X\xff\xff\xff\x7fa", b"cos", b"cos\nsystem", b"c" + b"a" * 300 + b"\nb\n.", b"NQ.", b"}Q."),
        *(b"NNR.", b"N}R.", b"NNb.", b"N(NNe.", b"}(NNNu.", b"N(NNu.", b"ccollections\nOrderedDict\n(NtR."),
        *(b"ctorch._utils\n_rebuild_tensor_v2\n)R.", b"ctorch._utils\n_rebuild_parameter\n)R."),
        b"}(X\x01\x00\x00\x00aNX\x01\x00\x00\x00aNu.",
    ],
)  # fmt: skip
def test_nonsense_is_refused(path: Path, opcodes: bytes) -> None:
    write_zip(path, [Member("archive/data.pkl", b"\x80\x02" + opcodes)])
    refused(path)


# Bombs


BOMBS = {
    "dictionaries": lambda: b"\x80\x02" + b"}" * 999_000,
    "marks": lambda: b"\x80\x02" + b"(" * 999_000,
    "steps": lambda: b"\x80\x02" + b"}" * 10_000_000,
    "tuples in tuples": lambda: b"\x80\x02" + b")" + b"\x85" * 999_000 + b".",
    "dictionaries in dictionaries": lambda: b"\x80\x02}" + b"X\1\0\0\0a}" * 300_000 + b"s" * 300_000 + b".",
    "memo": lambda: (
        b"\x80\x02N" + b"".join(b"r" + struct.pack("<I", 2**32 - 1 - index) for index in range(999_000)) + b"."
    ),
    "laughs": lambda: b"\x80\x02X\4\0\0\0haha" + b"q\0h\0\x86" * 300_000 + b".",
    "wide text": lambda: (
        b"\x80\x02(X" + struct.pack("<I", 15_000_000) + "😀".encode().ljust(15_000_000, b"a") + b"q\0h\0."
    ),
    "large numbers": lambda: b"\x80\x02" + (b"\x8a\xff" + b"\x7f" * 255) * 60_000 + b".",
    "length": lambda: b"\x80\x02" + b"N" * 17 * 2**20,
}
MEASURE = """
import sys
from pathlib import Path
from emotone.convert.checkpoint import read_tensors
from emotone.errors import CheckpointError

def peak():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024

before = peak()
for path in sys.argv[1:]:
    try:
        read_tensors(Path(path))
    except CheckpointError as error:
        print(error)
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux does")
def test_bombs_are_refused_with_little_memory(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in BOMBS]
    for path, data in zip(paths, BOMBS.values(), strict=True):
        write_zip(path, [Member("archive/data.pkl", data())])
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *paths], capture_output=True, text=True, check=True, timeout=60
    )
    *messages, megabytes = done.stdout.splitlines()
    assert len(messages) == len(BOMBS)
    assert int(megabytes) < 200


def test_too_many_steps_are_refused(path: Path) -> None:
    write_zip(path, [Member("archive/data.pkl", b"\x80\x02" + b"N0" * MAX_OPCODES)])
    refused(path, str(MAX_OPCODES))


def test_weights_larger_than_the_file_are_refused(path: Path) -> None:
    large = np.zeros(100_000, np.float32)
    write_value(path, {str(index): Tensor(large) for index in range(3)})
    refused(path, "1200000")


# The container


def official(path: Path) -> bytes:
    write_checkpoint(path, {"a": GRID, "b": GRID.reshape(3, 4)})
    return path.read_bytes()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated_files_are_refused(path: Path, share: float) -> None:
    data = official(path)
    path.write_bytes(data[: int(share * len(data))])
    refused(path, "cut off")


def test_every_flipped_bit_in_a_weight_is_noticed(path: Path) -> None:
    data = official(path)
    start = data.index(GRID.tobytes())
    for byte in range(GRID.nbytes):
        path.write_bytes(data[: start + byte] + bytes([data[start + byte] ^ 1 << byte % 8]) + data[start + byte + 1 :])
        refused(path, "archive/data/0", "checksum")


def test_flipped_bits_never_change_weights(path: Path) -> None:
    data = official(path)
    wanted = {"a": GRID, "b": GRID.reshape(3, 4)}
    noticed = 0
    for place in range(0, len(data), 7):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :])
        try:
            assert equal(read_tensors(path), wanted)
        except CheckpointError:
            noticed += 1
    assert noticed > len(data) / 14


def changed(name: str, /, **changes: Any) -> Callable[[list[Member]], list[Member]]:
    """Members with one changed in what the archive says of it."""

    def change(members: list[Member]) -> list[Member]:
        for member in members:
            if member.name.endswith(name):
                for key, value in changes.items():
                    setattr(member, key, value)
        return members

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (changed("data.pkl", method=8), ("archive/data.pkl", "compressed")),
        (changed("data/0", method=8), ("archive/data/0", "compressed")),
        (changed("data.pkl", flags=0x0809), ("archive/data.pkl", "encrypted")),
        (changed("data/0", flags=0x2808), ("archive/data/0", "flags")),
        (changed("data/0", name="archive/../data/0"), ("'archive/../data/0'",)),
        (changed("data/0", name="/etc/passwd"), ("'/etc/passwd'",)),
        (changed("data/0", name="archive\\data\\0"), ("data",)),
        (changed("data/0", name="archive/\x1b[31m"), ("'archive/\\x1b[31m'",)),
        (changed("data/0", name="archive/" + "a" * 1000), ("torch never writes",)),
        (changed("data/0", directory_name=b"archive/\xff"), ("contradicts itself",)),
        (changed("data/0", name="archive/data/1"), ("archive/data/0", "missing")),
        (changed("data/0", directory_name=b"archive/data.pkl"), ("two members 'archive/data.pkl'",)),
        (changed("data/0", directory_name=b"archive/data/9"), ("archive/data/0", "missing")),
        (changed("data.pkl", directory_name=b"archive2/data.pkl"), ("archive2/data.pkl", "does not agree")),
        (changed("data/0", size=49, compressed=49), ("archive/data/0", "49 bytes; wanted 48")),
        (changed("data/0", size=49), ("archive/data/0", "49")),
        (changed("data/0", size=2**40, compressed=2**40), ("archive/data/0", "outside")),
        (changed("data/0", offset=2**40), ("archive/data/0", "outside")),
        (changed("data/0", offset=0), ("overlaps",)),
        (changed("data/0", offset=5), ("overlaps",)),
        (changed("data/0", crc=1), ("archive/data/0", "checksum", "00000001")),
        (changed("data.pkl", crc=1), ("archive/data.pkl", "checksum")),
        (changed("byteorder", data=memoryview(b"big"), length=3), ("big-endian",)),
        (changed("data.pkl", name="data.pkl"), ("0 members data.pkl",)),
        (changed("data.pkl", name="archive/code/data.pkl"), ("data.pkl",)),
        (changed("version", name="archive/code/a.py", method=8), ("archive/code/a.py", "TorchScript")),
        (changed("version", name="other/data.pkl"), ("2 members data.pkl",)),
        (lambda members: [*members, members[0]], ("two members",)),
        (lambda members: members * 5000, ("members", "at most")),
        (lambda members: [member for member in members if not member.name.endswith("/0")], ("archive/data/0", "missing")),
    ],
)  # fmt: skip
def test_containers_that_torch_never_writes_are_refused(
    path: Path, change: Callable[[list[Member]], list[Member]], words: tuple[str, ...]
) -> None:
    write_zip(path, change(checkpoint_members({"model": {"a": Tensor.of(GRID)}})))
    refused(path, *words)


def test_local_headers_must_agree_with_the_directory(path: Path) -> None:
    members = checkpoint_members({"a": Tensor.of(GRID)})
    write_zip(path, changed("data/0", local_sizes=True)(members))
    data = path.read_bytes()
    assert equal(read_tensors(path), {"a": GRID})
    header = data.index(b"archive/data/0") - 30
    for place, value in ((8, 8), (6, 1), (14, 1), (18, 47), (22, 47), (26, 13), (28, 60), (0, 0)):
        path.write_bytes(data[: header + place] + struct.pack("<H", value) + data[header + place + 2 :])
        refused(path, "archive/data/0")


@pytest.mark.parametrize("zip64", [True, False])
def test_every_field_of_the_end_must_agree(path: Path, zip64: bool) -> None:
    write_zip(path, checkpoint_members({"a": Tensor.of(GRID)}), zip64=zip64)
    data = path.read_bytes()
    ignored = {*range(len(data) - 98 + 12, len(data) - 98 + 16)}  # versions of the writer
    for place in set(range(len(data) - 98, len(data))) - ignored:
        for value in (data[place] ^ 1, data[place] ^ 0x80):
            path.write_bytes(data[:place] + bytes([value]) + data[place + 1 :])
            refused(path)


def test_a_comment_or_more_at_the_end_is_refused(path: Path) -> None:
    members = checkpoint_members({"a": Tensor.of(GRID)})
    write_zip(path, members, comment=b"hello")
    refused(path, "cut off")
    write_zip(path, members)
    path.write_bytes(path.read_bytes() + b"\0")
    refused(path, "cut off")


# Tensors


@pytest.mark.parametrize(
    "changes",
    [
        {"size": (13,)},
        {"size": (3, 4), "offset": 1},
        {"size": (2,), "offset": 11},
        {"size": (), "offset": 12},
        {"size": (12,), "offset": -1},
        {"size": (3, 4), "stride": (0, 1)},
        {"size": (12,), "stride": (0,)},
        {"size": (3, 4), "stride": (1, 1)},
        {"size": (3, 4), "stride": (2, 1)},
        {"size": (2, 2, 2), "stride": (3, 2, 1)},
        {"size": (3,), "stride": (-1,), "offset": 2},
        {"size": (-1,), "stride": (1,)},
        {"size": (2, -3), "stride": (1, 1)},
        {"size": (0, -3), "stride": (1, 1)},
        {"size": (0,), "stride": (1,), "offset": -5},
        {"size": (2**62,), "stride": (1,)},
        {"size": (2**40, 2**40), "stride": (1, 1)},
        {"size": (2,), "stride": (2**62,)},
        {"size": (0, 2**62, 2**62), "stride": (1, 1, 1)},
        {"size": (2**64,), "stride": (1,)},
        {"size": (2, 2), "stride": (1,)},
        {"size": (1,) * 9, "stride": (1,) * 9},
        {"size": [12]},
        {"size": (12.0,), "stride": (1,)},
        {"size": (True,), "stride": (1,)},
        {"size": ("12",), "stride": (1,)},
        {"size": 12, "stride": (1,)},
        {"size": (12,), "stride": {}},
        {"offset": "0"},
        {"offset": None},
        {"numel": 11},
        {"numel": 13},
        {"numel": -12},
        {"numel": 2**70},
        {"numel": "12"},
        {"numel": True},
        {"key": "../data.pkl"},
        {"key": "7"},
        {"key": 0},
        {"kind": Global("torch", "DoubleStorage")},
        {"kind": Global("torch", "ComplexFloatStorage")},
        {"kind": Global("torch.storage", "UntypedStorage")},
        {"kind": Global("torch", "float32")},
        {"kind": Global("collections", "OrderedDict")},
        {"kind": "FloatStorage"},
    ],
)
def test_tensors_that_do_not_fit_their_storage_are_refused(path: Path, changes: dict[str, Any]) -> None:
    write_value(path, {"model": {"a": Tensor(GRID, **{"size": (12,)} | changes)}})
    refused(path)


def test_the_weight_is_named(path: Path) -> None:
    write_value(path, {"model": {"fine": Tensor(GRID), "blocks.0.weight": Tensor(GRID, (3, 4), (0, 1))}})
    refused(path, "'blocks.0.weight'", "(3, 4)", "(0, 1)")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"model": {}}, ("not found",)),
        ({}, ("not found",)),
        ([], ("not found",)),
        (None, ("not found",)),
        (Tensor(GRID), ("not found",)),
        ({"model": New(Global("fairseq.models", "Model"))}, ("not found",)),
        ({"model": {"a": Tensor(GRID), "b": 1}}, ("'b'", "int")),
        ({"model": {"a": [1]}}, ("'a'", "builtins.list")),
        ({"a": Global("argparse", "Namespace")}, ("'a'", "argparse.Namespace")),
        ({"a": Call(Global("torch._utils", "_rebuild_tensor_v3"))}, ("'a'", "_rebuild_tensor_v3")),
        ({"a": Persistent(("storage", Global("torch", "FloatStorage"), "0", "cpu", 1))}, ("'a'", "Storage")),
        ({"a": Persistent("0")}, ("storage",)),
        ({"model": {str(index): None for index in range(10_001)}}, ("not found",)),
    ],
)
def test_other_contents_are_refused(path: Path, value: Any, words: tuple[str, ...]) -> None:
    write_value(path, value)
    refused(path, *words)


# Other files


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:be501a01\nsize 1945790254\n", "git lfs pull"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
        (b"\r\n<html>", "web page"),
        (b'{"error": "not found"}', "JSON"),
        (struct.pack("<Q", 60) + b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', "safetensors"),
        (pickle.dumps(0x1950A86A20F9469CFC6C, 2), "before 1.6"),
        (b"\0" * 257 + b"ustar".ljust(300, b"\0"), "before 1.6"),
        (b"RIFF1234WAVE", "no torch checkpoint"),
        (b"\0" * 1000, "no torch checkpoint"),
        (b"PK\3\4", "cut off"),
        (b"PK\5\6" + bytes(18), "no torch checkpoint"),
    ],
)
def test_other_files_are_refused(path: Path, data: bytes, words: str) -> None:
    path.write_bytes(data)
    refused(path, words)


def test_no_file(tmp_path: Path) -> None:
    refused(tmp_path / "missing.pt", "No such file")
    refused(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_does_not_hang(path: Path) -> None:
    os.mkfifo(path)
    refused(path, "no regular file")


# Mutations


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits on resources")
def test_mutated_checkpoints_are_refused_or_harmless() -> None:
    command = [
        sys.executable,
        str(PROJECT / "benchmarks/fuzz_checkpoint.py"),
        "--mutations",
        "3000",
        "--seed",
        "20240501",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["accepted"] + result["refused"] == 3000
    assert result["refused"] > 2000
    assert set(result["audit_events"]) <= {"open", "mmap.__new__"}
