"""What a plugin writes is there completely or not at all."""

from __future__ import annotations

import pytest
from complete_domain import Complete

from seqgen import PluginFailure
from seqgen.contract.written_files import no_half_files, write_item


def with_write(function):
    return type("Changed", (Complete,), {"write": function})()


def test_a_file_that_is_written_stays(tmp_path):
    assert write_item(Complete(), "ab", tmp_path / "a") == [tmp_path / "a.ab"]


def test_half_a_file_is_removed_and_other_files_stay(tmp_path):
    (tmp_path / "a.txt").write_text("of another day")

    def write(self, item, path):
        path.with_name("a.ab").write_text("half")
        raise KeyError(item)

    with pytest.raises(KeyError):
        write_item(with_write(write), "ab", tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    ("files", "sentence"), [(["a.ab"], "from write the file a.ab, which is not there"), ([], "from write no files")]
)
def test_files_that_are_not_there_are_named(tmp_path, files, sentence):
    domain = with_write(lambda self, item, path: [path.with_name(name) for name in files])
    with pytest.raises(PluginFailure, match=sentence):
        write_item(domain, "ab", tmp_path / "a")


def test_a_block_that_ends_well_keeps_its_files(tmp_path):
    with no_half_files(tmp_path / "a"):
        (tmp_path / "a.ab").write_text("whole")
    assert (tmp_path / "a.ab").exists()
