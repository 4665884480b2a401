"""What an archive consists of."""

import hashlib
import io
import json
import pickle
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pyarrow
import pytest
from bucket import options_for, serving
from pyarrow import parquet

from emotone.batch import Item, Read, Worker, items_of
from emotone.errors import AudioError, AudioNotFoundError, ManifestError, OptionError, UnsupportedAudioError

SOUNDS = {"a.wav": b"sound a", "sub/b.mp3": b"sound b" * 1000, "sub/deep/c.OGG": b"sound c"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three recordings, and what is none."""
    folder = tmp_path / "archive"
    for name, data in {
        **SOUNDS,
        "notes.txt": b"-",
        ".hidden.wav": b"-",
        ".git/x.wav": b"-",
        "sub/._b.mp3": b"-",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def contents(items: list[Item], root: str) -> dict[str, bytes]:
    """Name below the root → bytes; each item goes through a process border first."""
    found = {}
    for item in items:
        assert item.name.startswith(root)
        with pickle.loads(pickle.dumps(item)).place.open() as file:
            found[item.name[len(root) :]] = file.read()
    return found


def test_a_folder_has_its_recordings_and_those_below(folder: Path) -> None:
    items = list(items_of([str(folder)]))
    assert contents(items, f"{folder}/") == SOUNDS
    assert [item.size for item in items] == [len(data) for data in SOUNDS.values()]


def test_a_file_may_have_any_ending(folder: Path) -> None:
    assert contents(list(items_of([str(folder / "notes.txt")])), f"{folder}/") == {"notes.txt": b"-"}


@pytest.mark.parametrize(
    ("pattern", "found"), [("*.wav", {"a.wav"}), ("**/*.mp3", {"sub/b.mp3"}), ("s?b", {"sub/b.mp3", "sub/deep/c.OGG"})]
)
def test_patterns(folder: Path, pattern: str, found: set[str]) -> None:
    assert set(contents(list(items_of([str(folder / pattern)])), f"{folder}/")) == found


def test_a_name_with_brackets_is_a_name_first(folder: Path) -> None:
    (folder / "[x].wav").write_bytes(b"bracket")
    assert contents(list(items_of([str(folder / "[x].wav")])), f"{folder}/") == {"[x].wav": b"bracket"}


def test_the_stamp_changes_with_the_file(folder: Path) -> None:
    (before,) = items_of([str(folder / "a.wav")])
    assert before == next(items_of([str(folder / "a.wav")]))
    (folder / "a.wav").write_bytes(b"another")
    assert next(items_of([str(folder / "a.wav")])).stamp != before.stamp


def test_items_come_as_they_are_found(folder: Path) -> None:
    items = items_of([str(folder), str(folder)])
    next(items)
    (folder / "sub" / "b.mp3").unlink()  # nobody has looked into this folder yet
    assert [Path(item.name).name for item in items] == ["c.OGG", "a.wav", "c.OGG"]


def as_csv(path: Path, rows: list[dict[str, str]]) -> Path:
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    path.with_suffix(".csv").write_text("\n".join(lines), encoding="utf-8-sig")
    return path.with_suffix(".csv")


def as_jsonl(path: Path, rows: list[dict[str, str]]) -> Path:
    path.with_suffix(".jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path.with_suffix(".jsonl")


def as_parquet(path: Path, rows: list[dict[str, str]]) -> Path:
    parquet.write_table(pyarrow.Table.from_pylist(rows), path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


@pytest.mark.parametrize("write", [as_csv, as_jsonl, as_parquet])
def test_tables_name_files_and_what_is_known_of_them(
    folder: Path, write: Callable[[Path, list[dict[str, str]]], Path]
) -> None:
    rows = [
        {"file": "a.wav", "Speaker": "Anna", "date": "2026-01-02"},
        {"file": (folder / "sub/b.mp3").as_uri(), "Speaker": "", "date": "x"},
    ]
    items = list(items_of([str(write(folder / "list", rows))]))
    assert contents(items, f"{folder}/") == {name: SOUNDS[name] for name in ("a.wav", "sub/b.mp3")}
    assert [item.metadata for item in items] == [{"speaker": "Anna", "date": "2026-01-02"}, {"date": "x"}]


def test_a_row_without_a_file_fails_alone(folder: Path) -> None:
    (folder / "list.csv").write_text("file,speaker\na.wav,1\n,2\nnowhere.wav,3\nsub/b.mp3,4\n")
    good, blank, gone, last = items_of([str(folder / "list.csv")])
    assert (good.metadata["speaker"], last.metadata["speaker"]) == ("1", "4")
    with pytest.raises(ManifestError, match=r"list\.csv:3' names no file"):
        blank.place.open()
    with pytest.raises(AudioNotFoundError, match="nowhere"):
        gone.place.open()


def test_a_table_without_files_is_refused(folder: Path) -> None:
    (folder / "list.csv").write_text("path,speaker\na.wav,1\n")
    with pytest.raises(ManifestError, match="no column file; found: path, speaker"):
        list(items_of([str(folder / "list.csv")]))


def test_a_kaldi_script(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)  # whose paths are relative to the working directory
    (folder / "sub" / "wav.scp").write_text(f"anna-1 a.wav\n\nanna-2\t{folder / 'sub/b.mp3'}\n")
    first, second = items_of(["sub/wav.scp"])
    assert [first.metadata, second.metadata] == [{"utterance": "anna-1"}, {"utterance": "anna-2"}]
    assert (first.place.open().read(), second.place.open().read()) == (b"sound a", SOUNDS["sub/b.mp3"])


def test_commands_in_a_kaldi_script_are_refused_before_anything_is_done(folder: Path) -> None:
    proof = folder / "proof"
    (folder / "wav.scp").write_text(f"one {folder}/a.wav\ntwo touch {proof} |\n")
    with pytest.raises(ManifestError, match=r"Line 2 .* is a command .*commands are not run"):
        items_of([str(folder / "wav.scp")])
    assert not proof.exists()


def tar_of(folder: Path, path: Path) -> Path:
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        archive.add(folder, arcname="in")
    return path


def zip_of(folder: Path, path: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, f"in/{file.relative_to(folder)}")
    return path


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz", "x.zip"])
def test_shards(folder: Path, tmp_path: Path, name: str) -> None:
    shard = (zip_of if name.endswith(".zip") else tar_of)(folder, tmp_path / name)
    items = list(items_of([str(shard)]))
    assert contents(items, f"{shard}::in/") == SOUNDS
    assert {item.stamp for item in items} == {next(items_of([str(shard)])).stamp}


def test_members_stored_in_a_zip_without_compression(folder: Path, tmp_path: Path) -> None:
    shard = zip_of(folder, tmp_path / "x.zip", zipfile.ZIP_STORED)
    found = contents(list(items_of([str(shard)])), f"{shard}::in/")
    assert found["sub/b.mp3"] == SOUNDS["sub/b.mp3"]


def test_a_damaged_member_of_a_zip_fails_alone(folder: Path, tmp_path: Path) -> None:
    shard = zip_of(folder, tmp_path / "x.zip", zipfile.ZIP_STORED)
    shard.write_bytes(shard.read_bytes().replace(b"sound a", b"sound ?"))
    items = {item.name.rpartition("/")[2]: item for item in items_of([str(shard)])}
    with pytest.raises(UnsupportedAudioError, match="damaged"):
        items["a.wav"].place.open()
    assert items["b.mp3"].place.open().read() == SOUNDS["sub/b.mp3"]


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz", "x.zip"])
def test_a_shard_that_is_cut_off_says_so(folder: Path, tmp_path: Path, name: str) -> None:
    shard = (zip_of if name.endswith(".zip") else tar_of)(folder, tmp_path / name)
    shard.write_bytes(shard.read_bytes()[: shard.stat().st_size * 2 // 3])
    bad = []
    for item in items_of([str(shard)]):
        try:
            item.place.open()
        except AudioError as error:
            bad.append((item.name, str(error)))
    assert bad or name == "x.tar"  # two thirds of this one end between members, which looks like an end
    assert all("damaged" in text or "to its end" in text for _, text in bad)


def test_an_empty_zip_and_what_is_no_tar(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w"):
        pass
    with pytest.raises(AudioNotFoundError, match=r"no recording in '.*x\.zip'"):
        list(items_of([str(tmp_path / "x.zip")]))
    (tmp_path / "x.tar").write_bytes(b"no archive at all")
    (item,) = items_of([str(tmp_path / "x.tar")])
    with pytest.raises(UnsupportedAudioError, match=r"x\.tar' cannot be read to its end"):
        item.place.open()


def test_file_urls_are_paths(folder: Path) -> None:
    assert contents(list(items_of([folder.as_uri()])), f"{folder}/") == SOUNDS


@pytest.fixture
def bucket(folder: Path) -> str:
    """The folder and a shard of it in a store that is reached through fsspec."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    for name in SOUNDS:
        memory.pipe(f"/bucket/{name}", (folder / name).read_bytes())
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.add(folder, arcname="in")
    memory.pipe("/shards/x.tar", data.getvalue())
    return "memory://bucket"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", set(SOUNDS)),
        ("/", set(SOUNDS)),
        ("/sub", {"sub/b.mp3", "sub/deep/c.OGG"}),
        ("/a.wav", {"a.wav"}),
        ("/*.wav", {"a.wav"}),
        ("/**/*.*[3G]", {"sub/b.mp3", "sub/deep/c.OGG"}),
    ],
)
def test_urls_are_files_folders_and_patterns(bucket: str, path: str, found: set[str]) -> None:
    items = list(items_of([bucket + path]))
    assert {item.name for item in items} == {f"{bucket}/{name}" for name in found}
    assert all(item.place.open().read() == SOUNDS[item.name[len(bucket) + 1 :]] for item in items)


def test_a_shard_in_a_store(bucket: str) -> None:
    items = list(items_of(["memory://shards/x.tar"]))
    found = {item.name: item.place.open().read() for item in items}
    assert found["memory://shards/x.tar::in/sub/b.mp3"] == SOUNDS["sub/b.mp3"]


@pytest.fixture
def s3(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What goes behind the URLs of an S3 bucket with the recordings and a ZIP archive of them."""
    for name, value in (("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "y"), ("EC2_METADATA_DISABLED", "true")):
        monkeypatch.setenv(f"AWS_{name}", value)
    objects = {f"in/{name}": data for name, data in SOUNDS.items()}
    shard = zip_of(folder, tmp_path / "x.zip").read_bytes()
    with serving({**objects, "in/notes.txt": b"-", "shards/x.zip": shard}) as address:
        yield options_for(address)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/in", set(SOUNDS)),
        ("/in/a.wav", {"a.wav"}),
        ("/in/**/b.*", {"sub/b.mp3"}),
        ("/in/s*/deep/*", {"sub/deep/c.OGG"}),
    ],
)
def test_a_bucket(s3: str, path: str, found: set[str]) -> None:
    items = list(items_of([f"s3://bucket{path}{s3}"]))
    assert contents(items, "s3://bucket/in/") == {name: SOUNDS[name] for name in found}
    assert all(item.size == len(SOUNDS[item.name.removeprefix("s3://bucket/in/")]) for item in items)
    assert all(item.stamp for item in items)


def test_a_shard_in_a_bucket_is_read_where_it_lies(s3: str) -> None:
    items = list(items_of([f"s3://bucket/shards/x.zip{s3}"]))
    assert contents(items, "s3://bucket/shards/x.zip::in/") == SOUNDS


def test_a_list_of_files_in_a_bucket(s3: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"file,n\ns3://bucket/in/a.wav{s3},1\ns3://bucket/in/gone.wav{s3},2\n")
    there, gone = items_of([str(tmp_path / "list.csv")])
    assert (there.place.open().read(), there.metadata) == (b"sound a", {"n": "1"})
    with pytest.raises(AudioNotFoundError, match="gone"):
        gone.place.open().read()


def test_a_bucket_that_cannot_be_reached(s3: str) -> None:
    with pytest.raises(AudioNotFoundError, match="Nothing can be read at 's3://other"):
        list(items_of([f"s3://other/in{s3}"]))


def test_a_list_of_urls(bucket: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"file\n{bucket}/a.wav\n{bucket}/gone.wav\n")
    there, gone = items_of([str(tmp_path / "list.csv")])
    assert there.place.open().read() == b"sound a"
    with pytest.raises(AudioNotFoundError, match="gone"):
        gone.place.open()


@pytest.mark.parametrize("url", ["memory://bucket/nix", "memory://bucket/*.flac"])
def test_a_url_with_nothing_says_so(bucket: str, url: str) -> None:
    with pytest.raises(AudioNotFoundError, match=f"Nothing can be read at '{url}|no recording in '{re.escape(url)}'"):
        list(items_of([url]))


def test_a_place_without_recordings_says_what_was_looked_for(folder: Path, s3: str) -> None:
    tar_of(folder, folder / "sub" / "deep" / "x.tar")
    (folder / "sub" / "deep" / "c.OGG").unlink()
    for place in (str(folder / "sub" / "deep"), f"s3://bucket/shards{s3}", f"s3://bucket/in/*.flac{s3}"):
        with pytest.raises(
            AudioNotFoundError, match=r"no recording in .* tar and ZIP archives and lists must be named"
        ):
            list(items_of([place]))
    shard = str(folder / "sub" / "deep" / "*.tar")
    assert {item.name.rpartition("/")[2] for item in items_of([shard])} == {"a.wav", "b.mp3", "c.OGG"}


def test_what_comes_before_an_empty_folder_is_found(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    items = items_of([str(folder / "a.wav"), str(tmp_path / "empty")])
    assert next(items).name == str(folder / "a.wav")
    with pytest.raises(AudioNotFoundError, match="no recording"):
        next(items)


def test_inputs_that_are_not_there_are_refused_at_once(folder: Path) -> None:
    with pytest.raises(AudioNotFoundError, match="nothing that matches"):
        items_of([str(folder), str(folder / "*.flac")])
    with pytest.raises(OptionError, match="nothing to analyse"):
        items_of([])
    with pytest.raises(ManifestError, match="Download it"):
        items_of(["s3://bucket/list.csv"])
    with pytest.raises(ManifestError, match="Download it"):
        items_of(["s3://bucket/list.csv?region=us-east-1"])


def test_a_recording_in_an_object_store_takes_few_requests() -> None:
    requests: list[str] = []
    recording = b"sound" * 200_000
    with serving({"calls/a.ogg": recording}, requests) as address:
        (item,) = items_of([f"s3://bucket/calls{options_for(address)}"])
        requests.clear()
        read = Worker().read(item)
    assert isinstance(read, Read)
    assert read.sha256 == hashlib.sha256(recording).hexdigest()
    assert requests == ["HEAD calls/a.ogg", "GET calls/a.ogg"]
