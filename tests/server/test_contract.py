"""The API does what its description says, whatever is sent."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from pydantic import BaseModel
from sending import upload

from emotone.server import Served, schemas

HERE = Path(__file__).parent


def test_schemathesis_finds_nothing(api: Served, tmp_path: Path):
    command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
    options = ["--max-examples=8", "--no-color", "--generation-deterministic"]
    config = ["--config-file", str(HERE / "schemathesis.toml")]
    done = subprocess.run(
        [*command, *config, "run", f"{api.url}openapi.json", *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"NO_PROXY": "127.0.0.1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 selected" in done.stdout


def unknown(kind: type[BaseModel], fields: object, path: str = "") -> list[str]:
    """Members that the description of an answer does not have."""
    left = kind.model_validate(fields).model_dump(exclude_unset=True)
    return _missing(fields, left, path)


def _missing(fields: object, described: object, path: str) -> list[str]:
    if isinstance(fields, dict):
        assert isinstance(described, dict)
        return [
            found
            for key, value in fields.items()
            for found in (_missing(value, described[key], f"{path}.{key}") if key in described else [f"{path}.{key}"])
        ]
    if isinstance(fields, list):
        assert isinstance(described, list)
        return [
            found for one, other in zip(fields, described, strict=True) for found in _missing(one, other, f"{path}[]")
        ]
    return []


@pytest.mark.parametrize(
    ("route", "kind", "params"),
    [
        ("predict", schemas.Result, {}),
        ("predict", schemas.Result, {"baseline": "auto", "abstain": "true"}),
        ("timeline", schemas.TimelineResult, {}),
        ("timeline", schemas.TimelineResult, {"baseline": "auto"}),
        ("embed", schemas.Embedding, {}),
    ],
)
def test_every_member_of_an_answer_is_described(
    http: httpx.Client, four_moods: Path, route: str, kind: type[BaseModel], params: dict[str, str]
):
    fields = http.post(f"/v1/{route}", params=params, files=[upload(four_moods)]).json()
    assert unknown(kind, fields) == []


def test_every_member_of_a_conversation_is_described(http: httpx.Client, four_moods: Path):
    turns = (
        "turns",
        ("turns.json", b'[{"start": 0, "end": 5, "speaker": "A", "text": "Hi."}, {"start": 5, "end": 9}]'),
    )
    fields = http.post("/v1/timeline", data={"baseline": "auto"}, files=[upload(four_moods), turns]).json()
    assert unknown(schemas.ConversationResult, fields) == []


def test_the_documentation_needs_no_network(http: httpx.Client):
    page = http.get("/docs").text
    addresses = [part.split('"')[0] for part in page.split("http")[1:]]
    assert addresses == []
    for name, kind in (("swagger-ui.css", "text/css"), ("swagger-ui-bundle.js", "text/javascript")):
        assert f"docs/{name}" in page
        asset = http.get(f"/docs/{name}")
        assert asset.headers["content-type"].startswith(kind)
        assert len(asset.content) > 100_000
    assert http.get("/docs/../app.py").status_code == 404
    assert http.get("/docs/redoc.standalone.js").status_code == 404
