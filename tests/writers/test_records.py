import csv
import io
import json

import pytest

from emotone.writers import to_csv, to_json, to_jsonl


def test_csv_has_the_columns_of_all_rows_or_those_that_are_given() -> None:
    assert to_csv([{"a": 1}, {"b": 2}]) == "a,b\n1,\n,2\n"
    assert to_csv([], ["a", "b"]) == "a,b\n"
    assert to_csv([]) == ""


def test_csv_quotes_what_must_be_quoted() -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv([{"file": 'a,"b"\n.wav'}])))
    assert row["file"] == 'a,"b"\n.wav'


def test_json_keeps_chinese_and_refuses_nan() -> None:
    assert to_json({"名": 1}) == '{\n  "名": 1\n}\n'
    assert to_jsonl({"a": "x\ny"}) == '{"a": "x\\ny"}\n'
    assert json.loads(to_jsonl({"a": "x\ny"})) == {"a": "x\ny"}
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json(float("nan"))
