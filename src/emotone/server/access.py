"""Who may use a server: keys, the names that it answers to, and what an address that others can reach asks for."""

import hashlib
import hmac
import ipaddress
import os
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import OptionError

KEYS_VARIABLE = "EMOTONE_API_KEYS"
MIN_KEY = 16  # characters; a key is guessed at the speed of the network, so length is what protects it
SESSION_SECONDS = 7 * 24 * 3600  # that a browser stays signed in
_LOCAL_NAMES = frozenset({"localhost"})


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use a server. The default is for a server that only this computer reaches.

    Attributes:
        keys: Any of them opens it; without one it is open to whoever reaches it.
        local: Only this computer reaches it: it answers to this computer's own names then, so that no page of the web can
            talk to it by a name of its own (DNS rebinding).
        names: Further names that it is reached by, such as a proxy's; other pages of these may talk to it.
    """

    keys: tuple[str, ...] = field(default=(), repr=False)
    local: bool = True
    names: frozenset[str] = frozenset()

    def admits(self, key: str) -> bool:
        """Whether this is one of the keys; as fast for a wrong one as for a right one."""
        return sum(hmac.compare_digest(_digest(key), _digest(known)) for known in self.keys) > 0

    def session(self, key: str) -> str:
        """What a browser keeps in place of a key: it runs out, and ends with the key."""
        text = f"{int(time.time()) + SESSION_SECONDS}.{secrets.token_urlsafe(12)}"
        return f"{text}.{_signature(key, text)}"

    def knows(self, session: str) -> bool:
        """Whether this is a session that has not run out."""
        text, _, signature = session.rpartition(".")
        end = text.partition(".")[0]
        good = sum(hmac.compare_digest(signature.encode(), _signature(key, text).encode()) for key in self.keys) > 0
        return good and end.isascii() and end.isdigit() and int(end) > time.time()

    def answers_to(self, host: str) -> bool:
        """Whether a request with this `Host` is meant for this server."""
        name = host_name(host)
        if not self.local and not self.names:
            return True
        return name in self.names or (self.local and is_loopback(name))

    def trusts(self, origin: str, host: str) -> bool:
        """Whether a page of this origin may change something here: its own pages may."""
        place = urlsplit(origin)
        return bool(place.netloc) and (place.netloc.lower() == host.lower() or host_name(place.netloc) in self.names)


def access_of(
    host: str, keys: Iterable[str], *, open_to_all: bool = False, names: Iterable[str] = (), file: Path | None = None
) -> Access:
    """What the command line asks for.

    Args:
        host: The address to listen on.
        keys: Keys of the command line; those of the environment variable EMOTONE_API_KEYS are added.
        open_to_all: Somebody has said that whoever reaches the server may use it.
        names: As in `Access`.
        file: A file with a key on each line; `#` begins a comment.

    Raises:
        OptionError: When others can reach the address and nothing protects it, or a key is short or cannot be read.
    """
    found = [*keys, *os.environ.get(KEYS_VARIABLE, "").replace(",", " ").split(), *_keys_in(file)]
    for number, key in enumerate(found, start=1):
        _check_key(key, number)
    local = is_loopback(host)
    if not (local or found or open_to_all):
        new = secrets.token_urlsafe(24)
        raise OptionError(
            f"Others can reach {host}, so it needs a key: --api-key {new} (new, by chance). Or say --no-auth, and everybody who "
            "reaches it may use it.",
            f"其他人可以访问 {host}，因此需要密钥：--api-key {new}（新随机生成）。若允许所有能访问的人使用，请指定 --no-auth。",
        )
    return Access(tuple(dict.fromkeys(found)), local, frozenset(name.lower() for name in names))


def host_name(host: str) -> str:
    """The name in a `Host` header, without port and brackets, in small letters."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def is_loopback(host: str) -> bool:
    """Whether only this computer reaches this address."""
    if host.lower() in _LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_key(key: str, number: int) -> None:
    if len(key) < MIN_KEY or not all("!" <= letter <= "~" for letter in key):
        raise OptionError(
            f"API key {number} has {len(key)} characters; wanted at least {MIN_KEY}, ASCII without spaces. A new one: "
            f"{secrets.token_urlsafe(24)}",
            f"第 {number} 个 API 密钥有 {len(key)} 个字符；至少需要 {MIN_KEY} 个 ASCII 字符且不含空格。可使用新密钥："
            f"{secrets.token_urlsafe(24)}",
        )


def _keys_in(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OptionError(
            f"The keys in '{file}' cannot be read ({reason}). Give a text file with a key on each line.",
            f"无法读取“{file}”中的密钥（{reason}）。请给出每行一个密钥的文本文件。",
        ) from error
    keys = [key for line in lines if (key := line.partition("#")[0].strip())]
    if not keys:
        raise OptionError(
            f"There is no key in '{file}'; wanted one on each line.", f"“{file}”中没有密钥；应每行一个密钥。"
        )
    return keys


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _signature(key: str, text: str) -> str:
    return hmac.new(_digest(key), f"emotone session {text}".encode("utf-8", "surrogateescape"), "sha256").hexdigest()
