"""Looks at everything. What goes wrong while looking is itself a finding."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .. import __version__
from ..errors import EmotoneError
from ..text import Text
from . import computer, parts
from .finding import Finding, plain

_Look = Callable[[], Finding | list[Finding]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server would work.

    Attributes:
        outputs: Its folder of results.
        host: Its address.
        port: Its port.
    """

    outputs: Path = Path("outputs")
    host: str = "127.0.0.1"
    port: int = 7860


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that was found, in order."""

    findings: tuple[Finding, ...]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong; warnings are not wrong."""
        return all(finding.state != "wrong" for finding in self.findings)


def examine(place: Place | None = None) -> Examination:
    """Looks at packages, computer, models, codecs and folders, and hears one recording: about two seconds."""
    place = place or Place()
    looks: dict[str, _Look] = {
        "packages": partial(parts.packages, __version__),
        "system": computer.system,
        "engine": parts.engine,
        "cores": computer.cores,
        "memory": computer.memory,
        "codecs": parts.codecs,
        "decoders": parts.decoders,
        "models": parts.models,
        "self_test": parts.self_test,
        "folders": partial(computer.folders, place.outputs),
        "port": partial(computer.port, place.host, place.port),
    }
    return Examination(tuple(finding for code, look in looks.items() for finding in _findings(code, look)))


def _findings(code: str, look: _Look) -> Iterator[Finding]:
    try:
        found = look()
    except EmotoneError as error:
        yield Finding(code, plain(code), "wrong", error.text)
    except Exception as error:  # a broken installation may break in any way, and this is who should say so
        text = f"{type(error).__name__}: {error}"
        yield Finding(code, plain(code), "wrong", plain(text), Text("Install Emotone again.", "请重新安装情声。"))
    else:
        yield from [found] if isinstance(found, Finding) else found
