"""How tests send recordings."""

import base64
from pathlib import Path


def upload(path: Path, field: str = "file") -> tuple[str, tuple[str, bytes]]:
    return field, (path.name, path.read_bytes())


def json_body(clips: list[Path], **options: object) -> dict[str, object]:
    files = [{"name": clip.name, "data": base64.b64encode(clip.read_bytes()).decode()} for clip in clips]
    return {"files": files, **options}
