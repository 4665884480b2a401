"""A client of `emotone serve`, with nothing but the standard library: the same verbs and words as a `Recognizer`.

Answers are records, the fields of `result.json`: a `Prediction` also holds what is not sent, such as the embedding.
"""

from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode, urlsplit

import numpy as np
from numpy.typing import NDArray

from .errors import OptionError
from .types import Failure
from .writers import Record

Sent: TypeAlias = str | Path | bytes
"""A recording to send: a path, or encoded bytes."""

_BLOCK = 2**16  # bytes that are read from a file at once


class Client:
    """A server of Emotone.

    Args:
        url: Where it is, such as `http://127.0.0.1:7860`.
        api_key: What it asks for, if it does.
        timeout: Seconds to wait for each answer.
        patience: Seconds for which a request is sent again while the server says that it is busy; 0 sends it once.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:7860",
        *,
        api_key: str | None = None,
        timeout: float = 900,
        patience: float = 60,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise OptionError(
                f"'{url}' is no address of a server. Wanted one such as http://127.0.0.1:7860.",
                f"“{url}”不是服务器地址。应类似 http://127.0.0.1:7860。",
            )
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path.rstrip("/")
        self._headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}
        self._timeout, self._patience = timeout, patience

    def predict(self, source: Sent, **options: Any) -> Record:
        """Which emotion is expressed in a recording as a whole: the fields of `result.json`.

        Args:
            source: The recording.
            options: Those of `POST /v1/predict`: `model`, `channel`, `abstain`; `baseline` and `head` take a path or several.

        Raises:
            EmotoneError: The same class as a `Recognizer` would raise.
            ServerError: When the server cannot be reached, or is busy for too long.
        """
        record: Record = self._ask("/v1/predict", [source], options)
        return record

    def predict_many(self, sources: Sequence[Sent], **options: Any) -> list[Record | Failure]:
        """One record for each recording, in order, from one request; a `Failure` in place of each that cannot be analysed."""
        if not sources:
            return []
        answer = self._ask("/v1/predict", sources, options)
        records = answer if isinstance(answer, list) else [answer]
        return [_failure(one) if "problem" in one else one for one in records]

    def timeline(self, source: Sent, **options: Any) -> Record:
        """Which emotion is expressed when. As `predict`, and `window`, `hop`, `min_segment` in seconds."""
        record: Record = self._ask("/v1/timeline", [source], options)
        return record

    def embed(self, source: Sent, **options: Any) -> NDArray[np.float32]:
        """The embedding of a recording: float32 `(dim,)`; with `granularity="frame"`, `(frames, dim)`."""
        vectors: NDArray[np.float32] = self._ask("/v1/embed", [source], {**options, "format": "npy"})
        return vectors

    def models(self) -> list[Record]:
        """The models that the server knows, and which of them can be named in a request now."""
        found: list[Record] = self._answer("GET", "/v1/models", None)["models"]
        return found

    def _ask(self, path: str, sources: Sequence[Sent], options: Mapping[str, Any]) -> Any:
        files = [("file", source) for source in sources]
        fields: list[tuple[str, str]] = []
        for name, value in options.items():
            for one in value if isinstance(value, list | tuple) else [value]:
                if name in ("baseline", "head") and one not in ("auto", "emotions"):
                    files.append((name, one))
                elif one is not None:
                    fields.append((name, str(one)))
        return self._answer("POST", f"{path}?{urlencode(fields)}" if fields else path, files)
