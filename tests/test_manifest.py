"""Every form of a manifest, and every way in which one is wrong."""

import json
import os
import pickle
import sys
from pathlib import Path

import pytest

from emotone.errors import ManifestError, MissingExtraError
from emotone.manifest import Clip, read_manifest

ROWS = [
    {"file": "a.wav", "emotion": "angry", "speaker": "1", "sex": "f"},
    {"file": "deep/b.wav", "emotion": "joy", "speaker": "2", "sex": None},
]


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def expected(folder: Path) -> list[Clip]:
    return [
        Clip(folder / "a.wav", "angry", {"speaker": "1", "sex": "f"}),
        Clip(folder / "deep" / "b.wav", "joy", {"speaker": "2"}),
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_as_spreadsheets_write_it(tmp_path: Path, separator: str, encoding: str) -> None:
    lines = [["File", "emotion ", "speaker", "sex"], ["a.wav", "angry", "1", "f"], ["deep/b.wav", "joy", "2", ""]]
    text = "\r\n".join(separator.join(line) for line in lines) + "\r\n\r\n"
    assert read_manifest(write(tmp_path / "list.csv", text, encoding)) == expected(tmp_path)


def test_csv_with_quoted_names(tmp_path: Path) -> None:
    text = 'file,emotion\n"a, b\n\u2028.wav",sad\n'
    assert read_manifest(write(tmp_path / "list.csv", text))[0].file == tmp_path / "a, b\n\u2028.wav"


def test_quotes_within_a_value_are_no_trouble(tmp_path: Path) -> None:
    rows = 'file\temotion\tsentence\na.wav\tsad\t"Hi," he said\nb.wav\tsad\t5" disk\n'
    clips = read_manifest(write(tmp_path / "list.tsv", rows))
    assert [(clip.file.name, clip.emotion) for clip in clips] == [("a.wav", "sad"), ("b.wav", "sad")]


def test_jsonl(tmp_path: Path) -> None:
    text = "\n\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS)
    assert read_manifest(write(tmp_path / "list.jsonl", text)) == expected(tmp_path)


def test_half_a_character_becomes_a_question_mark(tmp_path: Path) -> None:
    line = r'{"file": "a.wav", "emotion": "sad\ud800", "speaker": "\udc00x"}'
    (clip,) = read_manifest(write(tmp_path / "list.jsonl", line))
    assert (clip.emotion, clip.fields) == ("sad?", {"speaker": "?x"})


def test_numbers_become_text(tmp_path: Path) -> None:
    path = write(tmp_path / "list.jsonl", '{"file": "a.wav", "emotion": "sad", "speaker": 7, "age": 31.5, "x": NaN}')
    assert read_manifest(path)[0].fields == {"speaker": "7", "age": "31.5"}


def test_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / "list.parquet")
    assert read_manifest(tmp_path / "list.parquet") == expected(tmp_path)


def test_files_are_relative_to_the_manifest_and_absolute_ones_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lists").mkdir()
    write(tmp_path / "lists" / "list.csv", f"file,emotion\n../a.wav,sad\n{tmp_path / 'b.wav'},sad\n")
    monkeypatch.chdir(tmp_path)
    first, second = read_manifest("lists/list.csv")
    assert first.file == Path("lists/../a.wav")
    assert second.file == tmp_path / "b.wav"


def test_names_from_windows_are_found(tmp_path: Path) -> None:
    table = write(tmp_path / "list.csv", "file,emotion\naudio\\a.wav,sad\nodd\\name.wav,sad\n")
    (tmp_path / "odd\\name.wav").touch()  # where this is no separator, it may be a part of a name
    assert [clip.file for clip in read_manifest(table)] == [tmp_path / "audio" / "a.wav", tmp_path / "odd\\name.wav"]


def test_gender_is_sex(tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", "file,emotion,Gender\na.wav,sad,male\n")
    assert read_manifest(path)[0].fields == {"sex": "male"}


def test_a_folder_with_an_index(corpus: Path) -> None:
    clips = read_manifest(corpus)
    assert clips == read_manifest(corpus / "index.csv")
    assert all(clip.file.is_file() for clip in clips)


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    for name in (
        "angry/1.wav",
        "angry/take 2/2.OGG",
        "joy/3.flac",
        "joy/notes.txt",
        "joy/.hidden.wav",
        ".git/x.wav",
        "y.wav",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [(str(clip.file.relative_to(tmp_path)), clip.emotion) for clip in read_manifest(tmp_path)] == [
        (os.path.join("angry", "1.wav"), "angry"),
        (os.path.join("angry", "take 2", "2.OGG"), "angry"),
        (os.path.join("joy", "3.flac"), "joy"),
    ]


@pytest.fixture
def database(tmp_path: Path):
    """An audformat database like Emo-DB's: labels in one table, speakers in another, their sex in the scheme."""
    audformat = pytest.importorskip("audformat")
    database = audformat.Database("toy", languages=["deu"])
    database.schemes["emotion"] = audformat.Scheme(labels=["anger", "joy"])
    database.schemes["speaker"] = audformat.Scheme(labels={"1": {"gender": "female"}, "2": {"gender": "male"}})
    index = audformat.filewise_index(["a.wav", "deep/b.wav"])
    for table, column, values in (("emotion", "emotion", ["anger", "joy"]), ("files", "speaker", ["1", "2"])):
        database[table] = audformat.Table(index)
        database[table][column] = audformat.Column(scheme_id=column)
        database[table][column].set(values)
    return database


def test_audformat_databases(database, tmp_path: Path) -> None:
    database.save(str(tmp_path))
    assert read_manifest(tmp_path) == [
        Clip(tmp_path / "a.wav", "anger", {"speaker": "1", "sex": "female", "language": "deu"}),
        Clip(tmp_path / "deep" / "b.wav", "joy", {"speaker": "2", "sex": "male", "language": "deu"}),
    ]


def test_audformat_with_unknown_speakers(database, tmp_path: Path) -> None:
    import audformat

    database["more"] = audformat.Table(audformat.filewise_index(["c.wav"]))
    database["more"]["emotion"] = audformat.Column(scheme_id="emotion")
    database["more"]["emotion"].set(["joy"])
    database.schemes["sex"] = audformat.Scheme("str")
    database["files"]["sex"] = audformat.Column(scheme_id="sex")
    database["files"]["sex"].set(["f", None])
    database.save(str(tmp_path))
    assert [clip.fields.get("speaker") for clip in read_manifest(tmp_path)] == ["1", "2", None]


def test_audformat_runs_no_code(database, tmp_path: Path) -> None:
    witness = tmp_path / "witness"

    class Hostile:
        def __reduce__(self):
            return witness.touch, ()

    database.save(str(tmp_path))
    (tmp_path / "db.emotion.pkl").write_bytes(pickle.dumps(Hostile()))
    assert len(read_manifest(tmp_path)) == 2
    for table in tmp_path.glob("db.emotion.[cp][sa]*"):
        table.unlink()
    with pytest.raises(ManifestError, match="is a pickled table"):
        read_manifest(tmp_path)
    (tmp_path / "db.emotion.pkl").unlink()
    (tmp_path / "db.yaml").write_text(f"name: !!python/object/apply:os.mkdir ['{witness}']", encoding="utf-8")
    with pytest.raises(ManifestError, match="could not determine a constructor"):
        read_manifest(tmp_path)
    assert not witness.exists()


def test_audformat_segments_must_be_whole_files(database, tmp_path: Path) -> None:
    import audformat

    whole, part = audformat.segmented_index(["c.wav"], [0]), audformat.segmented_index(["d.wav"], [1], [2])
    database["more"] = audformat.Table(whole)
    database["more"]["emotion"] = audformat.Column(scheme_id="emotion")
    database["more"]["emotion"].set(["joy"])
    database.save(str(tmp_path))
    assert [clip.file.name for clip in read_manifest(tmp_path)] == ["a.wav", "b.wav", "c.wav"]
    database["parts"] = audformat.Table(part)
    database["parts"]["emotion"] = audformat.Column(scheme_id="emotion")
    database["parts"]["emotion"].set(["joy"])
    database.save(str(tmp_path))
    with pytest.raises(ManifestError, match="labels parts of files"):
        read_manifest(tmp_path)


def test_audformat_without_emotions_or_damaged(database, tmp_path: Path) -> None:
    del database.tables["emotion"]
    database.save(str(tmp_path))
    with pytest.raises(ManifestError, match="no labels of a scheme or column 'emotion'"):
        read_manifest(tmp_path)
    (tmp_path / "db.yaml").write_text("name: [", encoding="utf-8")
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("list.csv", "", "lists no recordings"),
        ("list.csv", "file,emotion\n", "lists no recordings"),
        ("list.csv", "path,label\na.wav,sad\n", r"has no column file and no column emotion; found: path, label"),
        ("list.csv", "file\na.wav\n", "has no column emotion; found: file"),
        ("list.csv", "file,emotion\na.wav,\nb.wav,sad\n,sad\n", r"2 rows without a file or an emotion \(line 2, 4\)"),
        ("list.csv", "file,emotion\na.wav,sad\nb.wav,sad\n./a.wav,happy\n", r"names 1 files more than once \(a.wav\)"),
        ("list.csv", "file,emotion\na.wav,sad\nb/../a.wav,sad\n", r"names 1 files more than once \(a.wav\)"),
        (
            "list.csv",
            'file,emotion,sex\nb.wav,sad,m\na.wav,sad,"f\nc.wav,sad,f\n',
            "quote is opened in line 3 or before",
        ),
        ("list.csv", 'file,emotion\na.wav,"sad', "quote is opened in line 2 or before, and never closed"),
        ("list.jsonl", "\n \n", "lists no recordings"),
        ("list.jsonl", '{"file": "a.wav", "emotion": "sad"}\n{"file": ', "line 2"),
        ("list.jsonl", "[1]", "line 1: list"),
        ("list.parquet", "no parquet", "cannot be read"),
        ("list.xlsx", "", r"ending that is not known here; wanted \.csv, \.tsv, \.jsonl"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, name: str, text: str, message: str) -> None:
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    with pytest.raises(ManifestError, match=message) as caught:
        read_manifest(write(tmp_path / name, text))
    assert str(tmp_path) in caught.value.text.zh


def test_a_manifest_in_another_encoding(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="Wanted UTF-8"):
        read_manifest(write(tmp_path / "list.csv", "file,emotion\n录音.wav,生气\n", "gbk"))


def test_a_manifest_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="There is no manifest"):
        read_manifest(tmp_path / "list.csv")
    with pytest.raises(ManifestError, match="lists no recordings"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("name", ["list.parquet", "db.yaml"])
def test_a_missing_library_names_its_extra(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / name).touch()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "audformat", None)
    with pytest.raises(MissingExtraError, match=r"emotone\[tables\]"):
        read_manifest(tmp_path if name == "db.yaml" else tmp_path / name)
