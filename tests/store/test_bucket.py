"""A store in an object store: S3 on loopback."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from archives import MODEL, row, rows
from bucket import serving

from emotone.errors import StoreError
from emotone.store import Added, EmbeddingStore, parse_condition

PLACE = "s3://bucket/archive"


@pytest.fixture(scope="module")
def objects() -> Iterator[dict[str, bytes]]:
    """What is in the bucket; LanceDB and pyarrow find it through the environment."""
    objects: dict[str, bytes] = {}
    with pytest.MonkeyPatch.context() as patch, serving(objects) as address:
        for name, value in (
            ("ACCESS_KEY_ID", "x"),
            ("SECRET_ACCESS_KEY", "y"),
            ("REGION", "us-east-1"),
            ("ENDPOINT_URL", f"http://{address}"),
            ("ALLOW_HTTP", "true"),
        ):
            patch.setenv(f"AWS_{name}", value)
        yield objects


def test_what_a_folder_can_a_bucket_can(objects: dict[str, bytes]) -> None:
    store = EmbeddingStore(PLACE, MODEL)
    assert store.add(rows(40)) == Added(new=40)
    assert store.add([*rows(100), row(200, note="zebrafinch")]) == Added(new=61, same=40)
    reader = EmbeddingStore(PLACE)
    assert (reader.model, len(reader)) == (MODEL, 101)
    assert reader.search(row(3).embedding, limit=1)[0].row.file == "clip3.wav"
    assert any(b"zebrafinch" in data for data in objects.values())
    assert store.remove([parse_condition("note=zebrafinch")]) == 1
    assert not any(b"zebrafinch" in data for key, data in objects.items() if key.endswith(".lance"))
    assert len(reader) == 100
    assert {key.split("/")[0] for key in objects} == {"archive"}


def test_the_command_line(objects: dict[str, bytes], clips: list[Path]) -> None:
    def emotone(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "emotone", "store", *map(str, words)], capture_output=True, text=True, env=os.environ
        )

    objects["calls/a.ogg"] = clips[0].read_bytes()
    place = "s3://bucket/second"
    added = emotone("add", place, "s3://bucket/calls", clips[1])
    assert "2 rows added, 0 changed, 0 were there." in added.stderr, added.stderr
    found = emotone("search", place, clips[0], "--limit", 1)
    assert "s3://bucket/calls/a.ogg" in found.stdout, found.stderr


_ADDING = """
from archives import MODEL, rows
from emotone.store import EmbeddingStore

store = EmbeddingStore("s3://bucket/killed", MODEL)
for first in range(0, 100_000, 10):
    store.add(rows(10, first))
    print(first, flush=True)
"""


def test_a_process_that_is_killed_while_it_adds_breaks_nothing(objects: dict[str, bytes]) -> None:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n{_ADDING}"]
    for steps in (2, 6):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as adding:
            assert adding.stdout is not None
            for _ in range(steps):
                said = adding.stdout.readline()
            adding.kill()
        store = EmbeddingStore("s3://bucket/killed")
        assert len(store) >= int(said) + 10
        assert len(store) % 10 == 0  # a step is there as a whole, or not at all
        assert store.search(row(3).embedding, limit=1)[0].row.file == "clip3.wav"
    assert store.add(rows(len(store))).new == 0


def test_what_cannot_be_reached_is_said_in_words(objects: dict[str, bytes]) -> None:
    with pytest.raises(StoreError, match=r"The specified bucket does not exist\. Check the address"):
        EmbeddingStore("s3://other/archive", MODEL)
    with pytest.raises(StoreError, match="There is no store in 's3://bucket/nothing'"):
        EmbeddingStore("s3://bucket/nothing")
