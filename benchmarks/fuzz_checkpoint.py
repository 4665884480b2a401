"""Feeds damaged and hostile checkpoints to the reader, and watches that it refuses them and runs nothing.

    python benchmarks/fuzz_checkpoint.py --mutations 50000 --seed 1

Bits, pieces, members, directory fields and opcodes are changed; the checksums of changed members are put right, so that the
pickle is reached. Whatever the reader does beside opening that one file for reading ends the run: an import, a call of `exec`
or `os.system`, a process, a socket, another file. So does an error that is no `CheckpointError`, a second of work, and 200 MB
of memory. Weights that were accepted from a damaged file must be the undamaged ones. The last line is JSON.
"""

import argparse
import json
import os
import pickle
import pickletools
import random
import resource
import signal
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from emotone.convert.checkpoint import read_tensors
from emotone.errors import CheckpointError

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path.insert(0, str(TESTS))

from checkpoints import (  # noqa: E402
    Call,
    Global,
    Member,
    Tensor,
    checkpoint_members,
    config_node,
    write_checkpoint,
    write_zip,
)

SECONDS = 1.0
MEGABYTES = 200
INTERESTING = (0, 1, 2, 7, 8, 22, 30, 46, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
SIGNATURES = (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\7\10")
DANGEROUS = (
    *(
        "os system",
        "posix system",
        "nt system",
        "builtins eval",
        "builtins exec",
        "__builtin__ eval",
        "builtins getattr",
    ),
    *(
        "builtins __import__",
        "builtins open",
        "subprocess Popen",
        "subprocess check_output",
        "pickle loads",
        "_pickle loads",
    ),
    *("torch load", "torch.storage _load_from_bytes", "numpy load", "numpy.core.numeric _frombuffer", "runpy run_path"),
    *(
        "importlib import_module",
        "operator attrgetter",
        "functools partial",
        "copyreg _reconstructor",
        "sys exit",
        "fairseq os.system",
    ),
)
DAMAGE = ("bits", "cut", "splice", "fields")  # checksums are not put right after these
HARMLESS = ("argparse Namespace", "omegaconf.dictconfig DictConfig", "collections OrderedDict", "torch FloatStorage")


class TooSlow(BaseException):
    """A checkpoint took longer than `SECONDS`."""


class Watch:
    """An audit hook that allows the reader what reading a file needs."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.armed = False
        self.events: Counter[str] = Counter()
        self.violations: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        self.events[event] += 1
        if event == "open":
            place, _, flags = arguments
            if str(place) == self.path and not flags & (
                os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
            ):
                return
        elif event in ("mmap.__new__", "sys._getframe"):
            return
        self.violations.append(f"{event} {arguments!r}"[:200])


def corpus(folder: Path) -> list[list[Member]]:
    """Small checkpoints of every kind, as members."""
    grid = np.arange(24, dtype=np.float32).reshape(4, 6)
    half = Tensor(np.arange(8, dtype=np.uint16), (2, 4), kind=Global("torch", "BFloat16Storage"))
    layered = {
        "args": None,
        "cfg": config_node({"a": 1, "b": ["c"]}),
        "model": {
            "w": Tensor.of(grid),
            "b": Tensor.of(np.ones(6, np.float32)),
            "t": Tensor.of(np.asfortranarray(grid)),
            "h": half,
        },
        "extra": [Tensor.of(np.arange(3)), Call(Global("pathlib", "PosixPath"), ("a",)), 1 << 40, -1, 2.5, "é"],
    }
    flat = {"w": Tensor.of(grid), "s": Tensor(np.float32([1.5]), ()), "e": Tensor(np.empty(0, np.float32), (0, 3))}
    torch_written = read_members(TESTS / "convert/data/written_by_torch.pt")
    official = folder / "official.pt"
    write_checkpoint(official, {"proj.weight": grid, "d2v_model.x": grid[0]})
    unchecked = [Member(member.name, member.data, crc=0) for member in checkpoint_members(flat)]
    return [checkpoint_members(layered), checkpoint_members(flat), unchecked, read_members(official), torch_written]


def read_members(path: Path) -> list[Member]:
    """The members of a file that torch wrote."""
    with ZipFile(path) as archive:
        return [Member(name, archive.read(name)) for name in archive.namelist()]


def flip(random_: random.Random, data: bytearray, count: int) -> None:
    """Changes bits anywhere."""
    for _ in range(count if data else 0):
        data[random_.randrange(len(data))] ^= 1 << random_.randrange(8)


def splice(random_: random.Random, data: bytearray, other: bytes) -> None:
    """Puts a piece of `other` into `data`, or over a piece of it."""
    start, length = random_.randrange(len(other) or 1), random_.choice((1, 4, 30, 46, 100, 1000))
    at = random_.randrange(len(data) + 1)
    data[at : at + random_.choice((0, length))] = other[start : start + length]


def split(data: bytes) -> list[bytes]:
    """The opcodes of a pickle, each with its argument."""
    places = [place or 0 for _, _, place in pickletools.genops(data)]
    return [data[start:end] for start, end in zip(places, [*places[1:], len(data)], strict=True)]


def any_opcode(random_: random.Random) -> bytes:
    """An opcode with an argument that may be out of bounds."""
    number = random_.choice(INTERESTING)
    name = random_.choice(DANGEROUS if random_.random() < 0.5 else HARMLESS)
    return random_.choice(
        (
            lambda: pickle.GLOBAL + name.replace(" ", "\n").encode() + b"\n",
            lambda: pickle.BINUNICODE + struct.pack("<I", 1) + b"a",
            lambda: pickle.BINUNICODE + struct.pack("<I", number),
            lambda: pickle.BININT + struct.pack("<I", number),
            lambda: (
                pickle.LONG1 + bytes([random_.choice((0, 1, 8, 9, 255))]) + random_.randbytes(random_.choice((8, 255)))
            ),
            lambda: pickle.LONG_BINPUT + struct.pack("<I", number),
            lambda: random_.choice((pickle.BINGET, pickle.BINPUT)) + bytes([random_.randrange(256)]),
            lambda: random_.choice((pickle.REDUCE, pickle.BUILD, pickle.NEWOBJ, pickle.OBJ, pickle.INST, pickle.EXT1)),
            lambda: random_.choice(
                (pickle.MARK, pickle.TUPLE, pickle.DICT, pickle.LIST, pickle.SETITEMS, pickle.APPENDS, pickle.POP)
            ),
            lambda: random_.choice(
                (pickle.EMPTY_DICT, pickle.EMPTY_LIST, pickle.EMPTY_TUPLE, pickle.NONE, pickle.DUP, pickle.STOP)
            ),
            lambda: random_.choice(
                (pickle.BINPERSID, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3, pickle.SETITEM, pickle.POP_MARK)
            ),
            lambda: (
                random_.choice((pickle.FRAME, pickle.BINBYTES8, pickle.BINUNICODE8)) + struct.pack("<Q", number << 20)
            ),
            lambda: bytes([random_.randrange(256)]),
        )
    )()


def attack(random_: random.Random) -> bytes:
    """What would run a command in Python's unpickler."""
    module, name = random_.choice(DANGEROUS).split(" ")
    return (
        pickle.GLOBAL
        + f"{module}\n{name}\n".encode()
        + pickle.BINUNICODE
        + struct.pack("<I", 6)
        + b"exit 7"
        + pickle.TUPLE1
        + random_.choice((pickle.REDUCE, pickle.NEWOBJ))
        + random_.choice((b"", pickle.POP))
    )


def mutate_opcodes(random_: random.Random, data: bytes) -> bytes:
    """Opcodes of a pickle are taken away, doubled, exchanged, replaced, or joined by an attack."""
    opcodes = split(data)
    for _ in range(random_.choice((1, 1, 2, 5))):
        at = random_.randrange(1, len(opcodes))
        other = random_.randrange(1, len(opcodes))
        match random_.randrange(8):
            case 0:
                del opcodes[at]
            case 1:
                opcodes.insert(at, opcodes[other])
            case 2:
                opcodes[at], opcodes[other] = opcodes[other], opcodes[at]
            case 3:
                opcodes[at] = any_opcode(random_)
            case 4:
                opcodes.insert(at, any_opcode(random_))
            case 5:
                opcodes.insert(at, attack(random_))
            case 6:
                opcodes[at:at] = opcodes[at : at + 40] * random_.choice((1, 2, 50))
            case 7:
                changed = bytearray(opcodes[at])
                flip(random_, changed, 1)
                opcodes[at] = bytes(changed)
        if len(opcodes) < 2:
            break
    return b"".join(opcodes)


def mutate_members(random_: random.Random, members: list[Member]) -> list[Member]:
    """One member is changed in what the archive says of it, or taken away, doubled, resized or renamed."""
    members = [Member(member.name, member.data, crc=member.crc) for member in members]
    member = random_.choice(members)
    number = random_.choice((*INTERESTING, max(0, member.length - 1), member.length + 1, 2 * member.length, 1 << 40))
    match random_.randrange(9):
        case 0:
            members.remove(member)
        case 1:
            members.append(member)
        case 2:
            return [Member(m.name, bytes(m.data)[: number % (m.length + 1)]) if m is member else m for m in members]
        case 3:
            return [Member(m.name, bytes(m.data) + bytes(number % 100)) if m is member else m for m in members]
        case 4:
            member.name = random_.choice(
                ("../x", "archive/../data.pkl", "/etc/passwd", "a\\b", "archive/data/0", "x/data.pkl", "")
            )
        case 5:
            member.size = member.compressed = number
        case 6:
            member.size = number
        case 7:
            member.offset = number
        case 8:
            member.flags = random_.choice((0, 1, 0x0809, 0x0801, 0x2000, 0xFFFF))
            member.method = random_.choice((0, 8, 12, 14))
    return members


def mutate_fields(random_: random.Random, data: bytearray) -> None:
    """A field of a header, a directory entry or an end record."""
    signature = random_.choice(SIGNATURES)
    places = [at for at in range(len(data) - 4) if data[at : at + 4] == signature]
    if places:
        at = random_.choice(places) + random_.randrange(56)
        field = struct.pack(random_.choice("BHIQ"), 0)
        data[at : at + len(field)] = (random_.choice(INTERESTING) % 2 ** (8 * len(field))).to_bytes(
            len(field), "little"
        )


def mutant(random_: random.Random, members: list[Member], path: Path) -> str:
    """Writes a mutated checkpoint; returns the kind of the mutation."""
    kind = random_.choice(
        ("bits", "cut", "splice", "fields", "pickle bits", "pickle splice", "opcodes", "opcodes", "opcodes", "members")
    )
    pickled = next(index for index, member in enumerate(members) if member.name.endswith("/data.pkl"))
    if kind in ("pickle bits", "pickle splice", "opcodes"):
        description = bytes(members[pickled].data)
        changed = bytearray(description)
        if kind == "pickle bits":
            flip(random_, changed, random_.choice((1, 2, 8)))
        elif kind == "pickle splice":
            splice(random_, changed, description)
        else:
            changed = bytearray(mutate_opcodes(random_, description))
        name = members[pickled].name
        members = [Member(name, bytes(changed)) if index == pickled else member for index, member in enumerate(members)]
    elif kind == "members":
        members = mutate_members(random_, members)
    write_zip(path, members, zip64=random_.random() < 0.1)
    if kind in DAMAGE:
        data = bytearray(path.read_bytes())
        if kind == "bits":
            flip(random_, data, random_.choice((1, 1, 3, 20)))
        elif kind == "cut":
            del data[random_.randrange(len(data)) :]
        elif kind == "splice":
            splice(random_, data, bytes(data))
        else:
            mutate_fields(random_, data)
        path.write_bytes(data)
    return kind


def contents(tensors: Mapping[str, NDArray[Any]]) -> dict[str, bytes]:
    """Every byte of the weights; refuses what a reader must not return."""
    if any(array.flags.writeable for array in tensors.values()):
        raise AssertionError("a weight can be written to")
    return {name: array.tobytes() for name, array in tensors.items()}


def judge(path: Path, original: Mapping[str, bytes] | None) -> str:
    """`accepted` or `refused`; raises what must not be.

    Args:
        path: The checkpoint.
        original: What is in it, unless refused; `None` when anything may be.
    """
    try:
        found = contents(read_tensors(path))
    except CheckpointError as error:
        if not error.text.en.isprintable() or not any("一" <= character <= "鿿" for character in error.text.zh):
            raise AssertionError(f"a message that is no text: {error.text!r}") from error
        return "refused"
    if original is not None and found != original:
        raise AssertionError("damage was not noticed")
    if sum(map(len, found.values())) > 4 * path.stat().st_size:
        raise AssertionError("weights are larger than the file")
    return "accepted"


def peak_memory() -> float:
    """The most memory that this process ever had, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says includes the parent's memory at the fork
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def too_slow(signal_number: int, frame: FrameType | None) -> None:
    """Handles the alarm."""
    raise TooSlow


def main() -> None:
    """Prints what happened as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="where to leave the checkpoint that ended the run")
    options = parser.parse_args()
    random_ = random.Random(options.seed)
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        bases = corpus(Path(folder))
        originals = []
        for members in bases:
            write_zip(path, members)
            originals.append(contents(read_tensors(path)))
        watch = Watch(path)
        signal.signal(signal.SIGALRM, too_slow)
        before = peak_memory()
        modules = set(sys.modules)
        for index in range(options.mutations):
            base = random_.randrange(len(bases))
            kind = mutant(random_, bases[base], path)
            checked = kind in DAMAGE and any(member.crc is None for member in bases[base])
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            watch.armed = True
            start = time.perf_counter()
            try:
                outcome = judge(path, originals[base] if checked else None)
            except BaseException as error:
                watch.armed = False
                if options.keep:
                    options.keep.write_bytes(path.read_bytes())
                raise SystemExit(f"mutation {index} ({kind}): {error!r}") from error
            slowest = max(slowest, time.perf_counter() - start)
            watch.armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            outcomes[outcome] += 1
            outcomes[f"{outcome}, {kind}"] += 1
            if watch.violations or set(sys.modules) != modules:
                raise SystemExit(f"mutation {index} ({kind}) ran: {watch.violations or set(sys.modules) - modules}")
        grown = peak_memory() - before
    if grown > MEGABYTES:
        raise SystemExit(f"memory grew by {grown:.0f} MB")
    result = {
        "mutations": options.mutations,
        "accepted": outcomes["accepted"],
        "refused": outcomes["refused"],
        "slowest_ms": round(1000 * slowest, 1),
        "memory_growth_mb": round(grown, 1),
        "audit_events": dict(watch.events),
        "outcomes": dict(sorted(outcomes.items())),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
