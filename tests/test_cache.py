"""The cache of embeddings: what is put in comes out, whatever happens to the process or the disk."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotone.cache import Embedding, EmbeddingCache, cache_folder
from emotone.errors import OutputError
from emotone.quality import REASONS
from emotone.types import ModelInfo

MODEL = ModelInfo("toy", "1", "ab" * 32, ("low", "high"), 3, 50.0, "MIT")


def key(number: int) -> bytes:
    return number.to_bytes(32, "little")


def embedding(number: float) -> Embedding:
    return Embedding(np.array([number, -number, 0.1], np.float32), number / 3, ("noisy", "length_advice"))


def same(left: Embedding | None, right: Embedding) -> bool:
    assert left is not None
    return (left.values == right.values).all() and (left.duration, left.quality) == (right.duration, right.quality)


def test_what_is_put_in_comes_out_at_once_and_later(tmp_path: Path) -> None:
    cache = EmbeddingCache(MODEL, tmp_path)
    for number in range(5):
        cache.put(key(number), embedding(number))
    assert all(same(cache.get(key(number)), embedding(number)) for number in range(5))
    later = EmbeddingCache(MODEL, tmp_path)
    assert all(same(later.get(key(number)), embedding(number)) for number in range(5))
    assert later.get(key(5)) is None
    assert len(list(tmp_path.rglob("*.bin"))) == 1


def test_all_reasons_fit(tmp_path: Path) -> None:
    cache = EmbeddingCache(MODEL, tmp_path)
    cache.put(key(1), replace(embedding(1), quality=tuple(REASONS)))
    found = cache.get(key(1))
    assert found is not None
    assert found.quality == tuple(REASONS)


def test_models_do_not_meet(tmp_path: Path) -> None:
    EmbeddingCache(MODEL, tmp_path).put(key(1), embedding(1))
    assert EmbeddingCache(replace(MODEL, sha256="cd" * 32, dim=4), tmp_path).get(key(1)) is None


def test_a_record_that_was_cut_or_damaged_is_not_found_and_the_others_are(tmp_path: Path) -> None:
    cache = EmbeddingCache(MODEL, tmp_path)
    for number in range(4):
        cache.put(key(number), embedding(number))
    (part,) = tmp_path.rglob("*.bin")
    data = bytearray(part.read_bytes())
    size = len(data) // 4
    data[size + 40] ^= 1
    part.write_bytes(data[: 3 * size + size // 2])
    later = EmbeddingCache(MODEL, tmp_path)
    assert [later.get(key(number)) is not None for number in range(4)] == [True, False, True, False]
    later.put(key(3), embedding(3))
    assert same(EmbeddingCache(MODEL, tmp_path).get(key(3)), embedding(3))


def test_a_cache_that_is_deleted_meanwhile_is_empty(tmp_path: Path) -> None:
    cache = EmbeddingCache(MODEL, tmp_path)
    cache.put(key(1), embedding(1))
    for part in tmp_path.rglob("*.bin"):
        part.unlink()
    assert cache.get(key(1)) is None
    cache.put(key(1), embedding(1))
    assert same(cache.get(key(1)), embedding(1))


def test_processes_write_side_by_side(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path\n"
        "from test_cache import *\n"
        "cache, first = EmbeddingCache(MODEL, Path(sys.argv[2])), int(sys.argv[3])\n"
        "for number in range(first, first + 200): cache.put(key(number), embedding(number))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path), str(first)])
        for first in (0, 100)
    ]
    assert [process.wait() for process in started] == [0, 0]
    cache = EmbeddingCache(MODEL, tmp_path)
    assert all(same(cache.get(key(number)), embedding(number)) for number in range(300))


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="EMOTONE_CACHE"):
        EmbeddingCache(MODEL, tmp_path / "file").put(key(1), embedding(1))


def test_the_folder_is_chosen_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTONE_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("EMOTONE_CACHE")
    assert cache_folder().name == "emotone"
