"""The two hubs through their own clients: what they announce about files, and a file's bytes from any offset.

The clients make the addresses, find mirrors, tokens and proxies in the environment, and follow redirects. Their downloaders
are not used: that of Hugging Face begins anew in each process (since 1.18), that of ModelScope draws bars of its own.
This is the only module that imports them, and the only one that sees their exceptions.
"""

import os
import warnings
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from ..errors import DownloadError, MissingExtraError
from ..models import Place

CHUNK = 256 * 1024  # bytes read at once: small enough for a bar that moves on a slow line
PATIENCE = 30.0  # seconds without a byte after which a connection counts as broken
ATTEMPTS = (429, 500, 502, 503, 504)  # answers after which another attempt may succeed
_SHA256_LENGTH = 64


Blocks: TypeAlias = Generator[tuple[int, bytes], None, None]
"""Bytes of a file, each block with its offset."""


class HubError(DownloadError):
    """A hub does not give a file; another hub may."""


class ConnectionBrokenError(HubError):
    """The hub cannot be reached, or stopped in the middle; another attempt may help."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What a hub says about a file.

    Attributes:
        size: In bytes; `None` when it does not say.
        sha256: In hex; `None` when it does not say.
        commit: The revision that the file belongs to.
    """

    size: int | None
    sha256: str | None
    commit: str


class Source(Protocol):
    """A model on a hub."""

    place: Place

    def announce(self, path: str) -> Announced | None:
        """What the hub says about a file; `None` when there is none. Raises `HubError`."""

    def read(self, path: str, start: int) -> Blocks:
        """The bytes from `start` on, each block with its offset; from 0 on when the hub ignores `start`. Raises `HubError`."""


def open_source(place: Place) -> Source:
    """The hub of this place. Raises `MissingExtraError` when its client is not installed."""
    try:
        return _HuggingFace(place) if place.hub == "huggingface" else _ModelScope(place)
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("convert") from error


class _HuggingFace:
    """Follows HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE and what else the client knows."""

    def __init__(self, place: Place) -> None:
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # read at import: nothing is asked but what is wanted
        import huggingface_hub.errors  # noqa: PLC0415
        import huggingface_hub.utils  # noqa: PLC0415

        self.place = place
        self._hub: Any = huggingface_hub  # which loads its names when they are used

    def announce(self, path: str) -> Announced | None:
        try:
            found = self._hub.get_hf_file_metadata(self._url(path), timeout=PATIENCE)
        except self._hub.errors.EntryNotFoundError:
            return None
        except Exception as error:  # the client's own, and those of an HTTP library that differs between versions
            raise self._error(error) from error
        sha256 = found.etag if found.etag and len(found.etag) == _SHA256_LENGTH else None  # others are git's
        return Announced(found.size, sha256, found.commit_hash or self.place.revision)

    def read(self, path: str, start: int) -> Blocks:
        try:
            headers = self._hub.utils.build_hf_headers() | _range(start)
            session = self._hub.get_session()
            with session.stream("GET", self._url(path), headers=headers, timeout=PATIENCE) as response:
                self._hub.hf_raise_for_status(response)
                yield from _numbered(response.iter_bytes(CHUNK), start if response.status_code == 206 else 0)
        except Exception as error:
            raise self._error(error) from error

    def _url(self, path: str) -> str:
        mirror = os.environ.get("HF_ENDPOINT", "").rstrip("/") or None  # the client reads it once only, at import
        return str(self._hub.hf_hub_url(self.place.repo, path, revision=self.place.revision, endpoint=mirror))

    def _error(self, error: Exception) -> HubError:
        errors = self._hub.errors
        if isinstance(error, errors.OfflineModeIsEnabled):
            return HubError(
                "HF_HUB_OFFLINE is set, so Hugging Face is not asked. Unset it, or use files that you have: --from FOLDER.",
                "已设置 HF_HUB_OFFLINE，因此不会访问 Hugging Face。请取消该设置，或使用已有文件：--from 文件夹。",
            )
        if isinstance(error, errors.HfHubHTTPError):
            return _refused(self.place, error.response.status_code)
        return _broken(self.place, error)


class _ModelScope:
    """Follows MODELSCOPE_ENDPOINT, the older MODELSCOPE_DOMAIN, MODELSCOPE_API_TOKEN and what else the client knows."""

    def __init__(self, place: Place) -> None:
        import modelscope_hub  # noqa: PLC0415
        import modelscope_hub.errors  # noqa: PLC0415
        import requests  # noqa: PLC0415 - a part of the client

        self.place = place
        self._errors = modelscope_hub.errors
        self._broken_errors = (requests.RequestException, modelscope_hub.errors.NetworkError)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # about MODELSCOPE_DOMAIN, which still works
            self._api: Any = modelscope_hub.HubApi(modelscope_hub.HubConfig())
        self._files: dict[str, Announced] | None = None

    def announce(self, path: str) -> Announced | None:
        if self._files is None:
            try:
                listed = self._api.list_repo_files(self.place.repo, "model", revision=self.place.revision)
            except (*self._broken_errors, self._errors.HubError) as error:
                raise self._error(error) from error
            self._files = {
                file.path: Announced(file.size or None, file.sha256 or None, self.place.revision) for file in listed
            }
        return self._files.get(path)

    def read(self, path: str, start: int) -> Blocks:
        try:
            response = self._api.legacy.download_stream(
                self.place.repo, "model", path, self.place.revision, headers=_range(start)
            )
            with response:
                yield from _numbered(response.iter_content(CHUNK), start if response.status_code == 206 else 0)
        except (*self._broken_errors, self._errors.HubError) as error:
            raise self._error(error) from error

    def _error(self, error: Exception) -> HubError:
        if isinstance(error, self._broken_errors):
            return _broken(self.place, error)
        status: Any = getattr(error, "status_code", None)
        return _refused(self.place, int(status)) if status else _broken(self.place, error)


def _range(start: int) -> dict[str, str]:
    """Headers for the rest of a file, as it is."""
    return {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})


def _numbered(blocks: Iterable[bytes], offset: int) -> Blocks:
    for block in blocks:
        yield offset, block
        offset += len(block)


def _refused(place: Place, status: int) -> HubError:
    if status in ATTEMPTS:
        return ConnectionBrokenError(
            f"{place.title} is busy or out of order (answer {status}). Try again later.",
            f"{place.title} 繁忙或出现故障（响应 {status}）。请稍后重试。",
        )
    return HubError(
        f"{place.title} does not give '{place.repo}', revision {place.revision} (answer {status}). Take the other hub with "
        "--from, or files that you have: --from FOLDER.",
        f"{place.title} 未提供“{place.repo}”（版本 {place.revision}，响应 {status}）。"
        "请用 --from 选择另一个平台，或使用已有文件：--from 文件夹。",
    )


def _broken(place: Place, error: Exception) -> ConnectionBrokenError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return ConnectionBrokenError(
        f"The connection to {place.title} failed ({reason}). Check the network and try again.",
        f"与 {place.title} 的连接失败（{reason}）。请检查网络后重试。",
    )
