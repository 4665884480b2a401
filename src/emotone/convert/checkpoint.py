"""The weights of a torch checkpoint, without torch and without running any of it."""

import math
import mmap
import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import CheckpointError
from .archive import Archive, damaged
from .pickled import Storage, Tensor, unpickle

MAX_DESCRIPTION = 16 * 2**20
MAX_TENSORS = 10_000

_DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",  # numpy has none: the upper half of a float32
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """The weights in a checkpoint that `torch.save` wrote, by their names in the file, in its order.

    They lie where FunASR looks for them: in the entry `state_dict`, `model_state_dict` or `model`, or at the top. The rest of
    the file, such as the state of an optimizer, is not read.

    Args:
        path: A zip as torch 1.6 and later write it.

    Returns:
        Read-only views on the file, which stays open as long as one of them lives; bfloat16 is copied to float32.

    Raises:
        CheckpointError: When the file is missing, damaged, something else, or names what is not on the list of what a
            checkpoint may name. Nothing that it names is ever imported or called.
    """
    try:
        return _weights(_open(path))
    except CheckpointError as error:
        text = error.text
        en, zh = text.en, text.zh
    except OSError as error:
        reason = error.strerror or type(error).__name__
        en, zh = f"It cannot be read ({reason}). Wanted a file model.pt.", f"无法读取（{reason}）。应为 model.pt 文件。"
    except Exception as error:  # whatever a hostile file provokes
        fault = damaged(f"It cannot be understood ({type(error).__name__}).", f"无法解析（{type(error).__name__}）。")
        en, zh = fault.text.en, fault.text.zh
    # raised here, where no traceback holds the mapping of the file
    raise CheckpointError(f"Checkpoint '{path}': {en}", f"检查点“{path}”：{zh}")


def _open(path: Path) -> mmap.mmap:
    with open(path, "rb", opener=_open_file) as file:
        start = file.read(512)
        if not start.startswith(b"PK\3\4"):
            raise _no_checkpoint(start)
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _open_file(path: str, flags: int) -> int:
    """Opens regular files only; a pipe would wait forever."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise CheckpointError("It is no regular file. Wanted a file model.pt.", "它不是普通文件。应为 model.pt 文件。")


def _no_checkpoint(start: bytes) -> CheckpointError:
    """Says what a file is that is no zip, as far as its first bytes tell."""
    text = start.lstrip().lower()
    if not start:
        found = ("is empty", "是空文件")
    elif text.startswith(b"version https://git-lfs"):
        found = (
            "is a Git LFS pointer, not the file itself; run: git lfs pull",
            "是 Git LFS 指针，不是文件本身，请运行 git lfs pull",
        )
    elif text.startswith((b"<!doctype", b"<html", b"<?xml")):
        found = ("is a web page, not a checkpoint", "是网页，不是检查点")
    elif text.startswith(b"{"):
        found = ("is JSON, not a checkpoint", "是 JSON，不是检查点")
    elif start[8:9] == b"{":
        found = ("is in the safetensors format, not torch's", "是 safetensors 格式，不是 torch 格式")
    elif start[:1] == b"\x80" or start[257:262] == b"ustar":
        found = (
            "is in a format of torch before 1.6; load it there and save it again",
            "是 torch 1.6 以前的格式，请用 torch 重新保存",
        )
    else:
        found = ("is no torch checkpoint", "不是 torch 检查点")
    return CheckpointError(
        f"It {found[0]}. Wanted model.pt as the hub of the model has it.",
        f"它{found[1]}。应为模型发布页上的 model.pt。",
    )


def _weights(data: mmap.mmap) -> dict[str, NDArray[Any]]:
    archive = Archive(data)
    folder = _folder(archive)
    name = f"{folder}/data.pkl"
    if (size := archive.size(name)) > MAX_DESCRIPTION:
        raise CheckpointError(
            f"Its description {name!r} has {size} bytes; wanted at most {MAX_DESCRIPTION}. Only emotion2vec+ checkpoints can be "
            "converted.",
            f"其描述 {name!r} 有 {size} 字节；最多应为 {MAX_DESCRIPTION} 字节。只能转换 emotion2vec+ 检查点。",
        )
    entries = _entries(unpickle(bytes(archive.read(name))))
    claimed = sum(_claimed(tensor) for tensor in entries.values())
    if claimed > 2 * len(data):
        raise damaged(
            f"Its weights claim {claimed} bytes, but the file has {len(data)}.",
            f"其权重声称有 {claimed} 字节，但文件只有 {len(data)} 字节。",
        )
    values: dict[Storage, NDArray[Any]] = {}
    for tensor in entries.values():
        if tensor.storage not in values:
            values[tensor.storage] = _values(archive, folder, tensor.storage)
    return {name: _view(name, tensor, values[tensor.storage]) for name, tensor in entries.items()}


def _folder(archive: Archive) -> str:
    """The folder in the archive that holds everything."""
    folders = [name.removesuffix("/data.pkl") for name in archive.names if name.endswith("/data.pkl")]
    if len(folders) != 1 or "/" in folders[0]:
        raise CheckpointError(
            f"It is a zip with {len(folders)} members data.pkl; wanted one, as torch.save writes it.",
            f"它是含有 {len(folders)} 个 data.pkl 成员的 zip；应有一个，如 torch.save 所写。",
        )
    folder = folders[0]
    order = f"{folder}/byteorder"
    if order in archive and bytes(archive.read(order)[:16]) != b"little":
        raise CheckpointError(
            "It was saved on a big-endian machine. Save it again on a little-endian one.",
            "它是在大端序机器上保存的。请在小端序机器上重新保存。",
        )
    return folder


def _entries(value: object) -> dict[str, Tensor]:
    """The tensors by name, found as FunASR finds them."""
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(value, dict) and key in value:
            value = value[key]
    if not isinstance(value, dict) or not value or len(value) > MAX_TENSORS:
        raise CheckpointError(
            f"Its weights were not found. Wanted 1 to {MAX_TENSORS} tensors by name, under 'model' or at the top.",
            f"未找到权重。应在 'model' 下或顶层有 1 至 {MAX_TENSORS} 个命名张量。",
        )
    for name, tensor in value.items():
        if not isinstance(tensor, Tensor):
            kind = getattr(tensor, "name", type(tensor).__name__.strip("_"))
            raise CheckpointError(
                f"Its weight {name[:100]!r} is no tensor but {kind}. Wanted tensors only.",
                f"其权重 {name[:100]!r} 不是张量，而是 {kind}。应全部为张量。",
            )
    return value


def _claimed(tensor: Tensor) -> int:
    return math.prod(tensor.size) * np.dtype(_DTYPES.get(tensor.storage.kind, "u1")).itemsize


def _values(archive: Archive, folder: str, storage: Storage) -> NDArray[Any]:
    """All values of a storage."""
    name = f"{folder}/data/{storage.key}"
    dtype = _DTYPES.get(storage.kind)
    if dtype is None:
        raise CheckpointError(
            f"A weight is kept as torch.{storage.kind[:100]}. Wanted one of: {', '.join(_DTYPES)}.",
            f"有权重以 torch.{storage.kind[:100]} 保存。应为以下之一：{'、'.join(_DTYPES)}。",
        )
    if name not in archive:
        raise damaged(f"Its member {name[:100]!r} is missing.", f"缺少成员 {name[:100]!r}。")
    wanted = storage.numel * np.dtype(dtype).itemsize
    if (found := archive.size(name)) != wanted:
        raise damaged(
            f"Its member {name!r} has {found} bytes; wanted {wanted}.",
            f"其中的成员 {name!r} 有 {found} 字节；应为 {wanted} 字节。",
        )
    values = np.frombuffer(archive.read(name), dtype) if wanted else np.empty(0, dtype)
    if storage.kind == "BFloat16Storage":
        wide = values.astype("<u4")
        wide <<= 16
        values = wide.view("<f4")
    values.flags.writeable = False
    return values


def _view(name: str, tensor: Tensor, values: NDArray[Any]) -> NDArray[Any]:
    """The view that a tensor is; every value in it must have a place of its own in the storage."""
    used = 1
    fits = min(tensor.offset, *tensor.size, 0) >= 0
    for stride, size in sorted(zip(tensor.stride, tensor.size, strict=True)):
        if size > 1:
            fits = fits and stride >= used
            used += (size - 1) * stride
    empty = 0 in tensor.size
    if not fits or (not empty and tensor.offset + used > len(values)):
        raise CheckpointError(
            f"Its weight {name[:100]!r} has size {tensor.size}, strides {tensor.stride} and offset {tensor.offset}, which do not "
            f"fit its {len(values)} values or overlap. Save the weights again with .contiguous(), or get the file again.",
            f"其权重 {name[:100]!r} 的大小为 {tensor.size}、步长为 {tensor.stride}、偏移为 {tensor.offset}，"
            f"与其 {len(values)} 个值不符或相互重叠。请用 .contiguous() 重新保存权重，或重新获取文件。",
        )
    if empty:
        view = np.empty(tensor.size, values.dtype)
    else:
        strides = [
            stride * values.itemsize if size > 1 else 0 for size, stride in zip(tensor.size, tensor.stride, strict=True)
        ]
        view = np.ndarray(tensor.size, values.dtype, values, tensor.offset * values.itemsize, strides)
    view.flags.writeable = False
    return view
