"""Options of `emotone serve` that say who may use it, what it keeps and what it notes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ..retention import Retention
from ..server import Access, access_of
from .console import say


@dataclass(frozen=True, slots=True)
class Guarding:
    """What the options say.

    Attributes:
        keys: `--api-key`.
        key_file: `--api-key-file`.
        open_to_all: `--no-auth`.
        names: `--allow-host`.
        retention: `--keep-days` and `--keep-gb`; `None` without both.
        store: Not `--no-store`.
        log: `--log`.
    """

    keys: tuple[str, ...]
    key_file: Path | None
    open_to_all: bool
    names: tuple[str, ...]
    retention: Retention | None
    store: bool
    log: str | None

    def access(self, host: str) -> Access:
        """Who may use a server on this address. Errors as in `access_of`."""
        return access_of(host, self.keys, open_to_all=self.open_to_all, names=self.names, file=self.key_file)


def guarding_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of `Guarding`, which the command gets as `guarding`."""

    @click.option(
        "--api-key",
        "keys",
        multiple=True,
        metavar="KEY",
        help=say(
            "Let in only who has this key. May be given again. Others can see it in the list of processes: better in a file, or "
            "in the environment variable EMOTONE_API_KEYS.",
            "仅允许持有此密钥者访问，可多次指定。命令行中的密钥会出现在进程列表中：建议使用文件或环境变量 EMOTONE_API_KEYS。",
        ),
    )
    @click.option(
        "--api-key-file",
        "key_file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar=say("FILE", "文件"),
        help=say("Keys, one on each line.", "密钥文件，每行一个。"),
    )
    @click.option(
        "--no-auth",
        "open_to_all",
        is_flag=True,
        help=say(
            "Everybody who reaches the address may use it. Without this, an address that others reach needs a key.",
            "允许所有能访问该地址的人使用。否则，他人可访问的地址必须设置密钥。",
        ),
    )
    @click.option(
        "--allow-host",
        "names",
        multiple=True,
        metavar=say("NAME", "名称"),
        help=say(
            "A further host name that it is reached by, such as a proxy's. May be given again.",
            "允许用于访问的其他主机名，例如反向代理的域名，可多次指定。",
        ),
    )
    @click.option(
        "--keep-days",
        type=click.FloatRange(min=0, min_open=True),
        metavar="N",
        help=say("Remove results that are older. Default: keep them.", "删除更早的结果。默认保留。"),
    )
    @click.option(
        "--keep-gb",
        type=click.FloatRange(min=0, min_open=True),
        metavar="N",
        help=say("Remove the oldest results when all take more.", "结果总量超过此大小时，删除最早的结果。"),
    )
    @click.option(
        "--no-store",
        is_flag=True,
        help=say("Keep nothing: results are shown, and not saved.", "不保存任何内容：只显示结果。"),
    )
    @click.option(
        "--log",
        metavar=say("FILE|-", "文件|-"),
        help=say(
            "Add a line of JSON for each request to a file; '-' is standard error. It holds no names, keys or results.",
            "将每个请求以一行 JSON 追加到文件；“-”表示标准错误。其中不含文件名、密钥与结果。",
        ),
    )
    @wraps(command)
    def wrapped(
        *, keep_days: float | None, keep_gb: float | None, no_store: bool, log: str | None, **others: Any
    ) -> None:
        retention = None if keep_days is None and keep_gb is None else Retention(keep_days, keep_gb)
        if no_store and retention is not None:
            raise click.UsageError(
                say(
                    "--no-store keeps nothing that could be removed later.", "--no-store 不保存结果，无需设置保留期限。"
                )
            )
        given = {name: others.pop(name) for name in ("keys", "key_file", "open_to_all", "names")}
        command(guarding=Guarding(**given, retention=retention, store=not no_store, log=log), **others)

    return wrapped
