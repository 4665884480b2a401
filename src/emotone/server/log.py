"""The log of a server as lines of JSON, each with the id of the request that it is about. Standard library only."""

import json
import logging
from contextvars import ContextVar
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..errors import OptionError

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that this thread or task works for."""


def log_to(place: str) -> None:
    """Writes the log of this process as lines of JSON to a file, at its end; `-` is standard error.

    Raises:
        OptionError: When the file cannot be written.
    """
    try:
        handler = logging.StreamHandler() if place == "-" else logging.FileHandler(Path(place), encoding="utf-8")
    except OSError as error:
        raise OptionError(
            f"The log cannot be written to '{place}': {error.strerror}. Choose another file, or '-' for standard error.",
            f"无法将日志写入“{place}”：{error.strerror}。请更换文件，或用“-”表示标准错误。",
        ) from error
    handler.setFormatter(_Lines())
    root = logging.getLogger()
    root.addHandler(handler)
    logging.getLogger("emotone").setLevel(logging.INFO)


class _Lines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "id": request_id.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
