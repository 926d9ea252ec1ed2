"""Takes are numbered, renamed, hidden and kept."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen import UnknownName, UsageError
from seqgen.studio.takes import MAX_NAME_LENGTH, MAX_TAKES, Takes


def add(takes, **values):
    take = takes.add(model="0", model_name="letters", origin="drawn", **values)
    take.ids, take.state = np.array([0, 2, 3, 1], np.int32), "done"
    return take


def test_a_take_is_found_by_its_number_alone():
    takes = Takes()
    assert [add(takes).number, add(takes, parent=1).number] == [1, 2]
    assert takes.get(2).summary()["parent"] == 1
    assert takes.get(2).summary()["token_count"] == 4
    with pytest.raises(UnknownName):
        takes.get(3)


def test_a_name_is_cut_and_never_empty():
    takes = Takes()
    add(takes)
    assert len(takes.rename(1, "x" * 500).name) == MAX_NAME_LENGTH
    assert takes.rename(1, "  ").name == "Take 1"


def test_takes_outlive_the_server_whatever_they_are_called(tmp_path):
    takes = Takes(tmp_path / "takes")
    for name in ("../../etc/passwd", "<script>", "a/b\0c"):
        take = add(takes, seed=7)
        takes.keep(take)
        takes.rename(take.number, name)
    takes.delete(3, True)
    assert sorted(file.name for file in tmp_path.rglob("*") if file.is_file()) == ["take-0001.json", "take-0002.json"]
    again = Takes(tmp_path / "takes")
    assert again.restore({"letters": "5"}) == 0
    assert [(take.number, take.name, take.model, take.seed) for take in again] == [
        (1, "../../etc/passwd", "5", 7), (2, "<script>", "5", 7),
    ]  # fmt: skip
    np.testing.assert_array_equal(again.get(2).ids, [0, 2, 3, 1])
    takes.delete(3, False)
    assert (tmp_path / "takes" / "take-0003.json").is_file()


def test_damaged_files_and_those_of_other_models_are_counted(tmp_path):
    takes = Takes(tmp_path)
    takes.keep(add(takes))
    (tmp_path / "take-0007.json").write_text('{"number": 7, "ids": "x"}')
    (tmp_path / "take-0008.json").write_bytes(b"\xff")
    assert Takes(tmp_path).restore({"letters": "0"}) == 2
    assert Takes(tmp_path).restore({"other": "0"}) == 3


def test_there_is_a_limit(monkeypatch):
    monkeypatch.setattr("seqgen.studio.takes.MAX_TAKES", 2)
    takes = Takes()
    add(takes)
    add(takes)
    with pytest.raises(UsageError, match="limit"):
        add(takes)
    assert MAX_TAKES >= 100
