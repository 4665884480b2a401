"""Options of `emotone serve` that say how much it takes on."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from ..server import ServerOptions
from .console import say

_DEFAULTS = ServerOptions()


def limiting_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of `ServerOptions` that people change, which the command gets as `limits`."""

    @click.option(
        "--workers",
        type=click.IntRange(min=0),
        default=_DEFAULTS.workers,
        metavar="N",
        help=say(
            "Runs of the model side by side, one thread each. Default: one for each core.",
            "API 同时运行模型的次数，每次一个线程。默认每个处理器核心一个。",
        ),
    )
    @click.option(
        "--replicas",
        type=click.IntRange(min=0),
        default=_DEFAULTS.replicas,
        metavar="N",
        help=say(
            "Run the model in up to N processes under Ray Serve, on this machine or in the cluster of RAY_ADDRESS.",
            "在本机或 RAY_ADDRESS 指定的集群中，用 Ray Serve 以最多 N 个进程运行模型。",
        ),
    )
    @click.option(
        "--max-waiting",
        type=click.IntRange(min=1),
        default=_DEFAULTS.max_waiting,
        show_default=True,
        metavar="N",
        help=say(
            "Recordings that may wait for a worker; further requests are told to come back later (503).",
            "可排队等待的录音数；超出后的请求会被告知稍后再试（503）。",
        ),
    )
    @click.option(
        "--max-seconds",
        type=click.FloatRange(min=0, min_open=True),
        default=_DEFAULTS.max_seconds,
        show_default=True,
        metavar=say("SECONDS", "秒"),
        help=say("Longest recording that the API takes.", "API 接受的最长录音。"),
    )
    @wraps(command)
    def wrapped(*, workers: int, replicas: int, max_waiting: int, max_seconds: float, **others: Any) -> None:
        limits = ServerOptions(workers=workers, replicas=replicas, max_waiting=max_waiting, max_seconds=max_seconds)
        command(limits=limits, **others)

    return wrapped
