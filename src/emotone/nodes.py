"""A Ray cluster: the one that there is, or one on this machine."""

import logging
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .errors import MissingExtraError, OptionError

ADDRESS = "RAY_ADDRESS"
_PATIENCE = 5.0  # seconds until a cluster must be reached


@contextmanager
def connected() -> Iterator[Any]:
    """Ray, connected: to the cluster that this process is connected to, else to the one in the environment variable
    RAY_ADDRESS, else to one on this machine, which is started and ended with it. Ray's own messages are kept quiet.

    Raises:
        MissingExtraError: When Ray is not installed.
        OptionError: When there is no such cluster.
    """  # noqa: D205 - one sentence
    try:
        import ray  # noqa: PLC0415 - heavy, and may be missing
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("batch") from error
    mine = not ray.is_initialized()
    if mine:
        address = os.environ.get(ADDRESS, "")
        _check(address)
        quiet = {} if address else {"include_dashboard": False}
        ray.init(address or "local", logging_level="ERROR", log_to_driver=False, **quiet)
    data = logging.getLogger("ray.data")  # it shows tracebacks of what is dealt with
    level = data.level
    data.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="ray|emotone.batch.ray", category=DeprecationWarning)
            yield ray
    finally:
        data.setLevel(level)
        if mine:
            ray.shutdown()


def _check(address: str) -> None:
    """Whether somebody is there: Ray itself would try for minutes."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit():
        return
    try:
        socket.create_connection((host.rpartition("/")[2].strip("[]"), int(port)), timeout=_PATIENCE).close()
    except OSError as error:
        reason = error.strerror or error
        raise OptionError(
            f"There is no Ray cluster at '{address}' ({reason}). Check {ADDRESS}, or unset it for a cluster on this machine.",
            f"“{address}”处没有 Ray 集群（{reason}）。请检查 {ADDRESS}；取消该变量则在本机启动集群。",
        ) from error
