"""The computer: cores, memory, disks, the port."""

import os
import shutil
import socket
import tempfile
from contextlib import suppress
from pathlib import Path

from ..cache import cache_folder
from ..engine import usable_cores
from ..models import models_folder
from ..text import Text
from .finding import Finding, plain

_LITTLE_MEMORY, _LITTLE_DISK, _NO_DISK = 1.0, 1.0, 0.05  # GB
_CGROUP = Path("/sys/fs/cgroup")


def cores() -> Finding:
    """Processor cores, and what a container or a service manager allows of them."""
    title, usable, there = Text("cores", "处理器核心"), usable_cores(), os.cpu_count() or 1
    quota = _cpu_quota()
    facts = {"there": there, "usable": usable, "quota": quota}
    if quota is not None and quota < usable:
        return Finding(
            "cores",
            title,
            "warning",
            Text(f"{usable}, but only the time of {quota:g}", f"{usable} 个，但只分得 {quota:g} 个核心的时间"),
            Text(
                "More threads than cores wait for each other: start it with taskset, or with --cpuset-cpus in a container.",
                "线程多于可用核心会互相等待：请用 taskset 启动，或在容器中使用 --cpuset-cpus。",
            ),
            facts,
        )
    return Finding("cores", title, "ok", Text(f"{usable} of {there}", f"{there} 个中可用 {usable} 个"), None, facts)


def memory() -> Finding:
    """Memory that is free, and what a container allows."""
    title, free = Text("memory", "内存"), _free_memory()
    if free is None:
        return Finding("memory", title, "ok", Text("not known on this system", "此系统无法获知"))
    facts = {"free_gb": round(free, 2)}
    text = Text(f"{free:.1f} GB free", f"可用 {free:.1f} GB")
    if free >= _LITTLE_MEMORY:
        return Finding("memory", title, "ok", text, None, facts)
    advice = Text("Close other programs, or raise the container's limit.", "请关闭其他程序，或提高容器的内存上限。")
    return Finding("memory", title, "warning", text, advice, facts)


def folders(outputs: Path) -> list[Finding]:
    """Whether results, models and caches can be written, and how much room there is."""
    places = (
        ("outputs", Text("results folder", "结果文件夹"), outputs),
        ("models", Text("models folder", "模型文件夹"), models_folder()),
        ("cache", Text("cache folder", "缓存文件夹"), cache_folder()),
        ("temporary", Text("temporary files", "临时文件"), Path(tempfile.gettempdir())),
    )
    return [_folder(code, title, place) for code, title, place in places]


def port(host: str, number: int) -> Finding:
    """Whether a server could listen there now."""
    title, facts = Text("port", "端口"), {"host": host, "port": number}
    try:
        family = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0][0]
        socket.create_server((host, number), family=family).close()
    except OSError as error:
        reason = error.strerror or str(error)
        return Finding(
            "port",
            title,
            "warning",
            Text(f"{host}:{number} is not free: {reason}", f"{host}:{number} 不可用：{reason}"),
            Text("Perhaps Emotone runs already; else use --port.", "可能情声已在运行；否则请用 --port 指定其他端口。"),
            facts,
        )
    return Finding("port", title, "ok", Text(f"{host}:{number} is free", f"{host}:{number} 空闲"), None, facts)


def _folder(code: str, title: Text, place: Path) -> Finding:
    code, there = f"folder.{code}", _nearest(place.absolute())
    try:
        with tempfile.TemporaryFile(dir=there, prefix=".emotone_") as file:
            file.write(b"1" * 4096)
            file.flush()
        free = shutil.disk_usage(there).free / 1e9
    except OSError as error:
        reason = error.strerror or str(error)
        return Finding(
            code,
            title,
            "wrong",
            Text(f"{place}: {reason}", f"{place}：{reason}"),
            Text("Change its permissions, free space, or choose another folder.", "请修改权限、清理空间或更换文件夹。"),
            {"path": str(place), "writable": False},
        )
    facts = {"path": str(place), "writable": True, "free_gb": round(free, 2)}
    text = Text(f"{place}: {free:.1f} GB free", f"{place}：剩余 {free:.1f} GB")
    if free >= _LITTLE_DISK:
        return Finding(code, title, "ok", text, None, facts)
    advice = Text("Free space; serve --keep-gb N removes old results.", "请清理空间；serve --keep-gb N 可删除旧结果。")
    return Finding(code, title, "warning" if free >= _NO_DISK else "wrong", text, advice, facts)


def _nearest(place: Path) -> Path:
    """The folder itself, or the one that it would be made in."""
    while not place.exists() and place != place.parent:
        place = place.parent
    return place


def _cpu_quota() -> float | None:
    """Cores' worth of time that this process's group may use (Linux); `None` without a limit."""
    with suppress(OSError, ValueError):
        quota, period = (_CGROUP / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    with suppress(OSError, ValueError):
        quota = (_CGROUP / "cpu/cpu.cfs_quota_us").read_text()
        period = (_CGROUP / "cpu/cpu.cfs_period_us").read_text()
        return int(quota) / int(period) if int(quota) > 0 else None
    return None


def _free_memory() -> float | None:
    """Gigabytes that this process could still take (Linux)."""
    found = []
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        found.append(next(int(line.split()[1]) / 1e6 for line in lines if line.startswith("MemAvailable")))
    with suppress(OSError, ValueError):  # "max" is no number
        used = int((_CGROUP / "memory.current").read_text())
        found.append((int((_CGROUP / "memory.max").read_text()) - used) / 1e9)
    return min(found) if found else None


def system() -> Finding:
    """The operating system and Python."""
    import platform  # noqa: PLC0415 - of this line only

    text = f"Python {platform.python_version()}, {platform.system()} {platform.release()}, {platform.machine()}"
    return Finding("system", Text("system", "系统"), "ok", plain(text))
