"""Files that are read back: what is not a regular, small and intact file is refused with a reason."""

from __future__ import annotations

import hashlib
import os

import pytest
from pydantic import BaseModel

from seqgen.files.stored_files import (
    DamagedFile,
    FolderInUse,
    MissingFile,
    StoredFileError,
    file_checksum,
    locked_folder,
    read_json,
    read_stored,
    shorten,
    validated,
    with_checksum,
    without_checksum,
)


def test_the_content_is_read_up_to_a_limit(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_stored(tmp_path / "a", 5) == b"12345"
    with pytest.raises(StoredFileError, match="larger than 4 bytes"):
        read_stored(tmp_path / "a", 4)
    with pytest.raises(MissingFile):
        read_stored(tmp_path / "b", 4)


def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    for name in ("pipe", "device", "."):
        with pytest.raises(StoredFileError):
            read_stored(tmp_path / name, 100)


def test_the_checksum_of_a_file_is_its_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"12345" * 10**6)
    assert file_checksum(tmp_path / "a") == hashlib.sha256(b"12345" * 10**6).hexdigest()


def test_json_is_read_without_constants_deep_nesting_and_too_many_values(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"a": [1, 2.5, "ä"]}')
    assert read_json(path) == {"a": [1, 2.5, "ä"]}
    for text in ("[NaN]", "[" * 10**5, "[" + "0," * 2**22 + "0]", "{", "1" * 10**4):
        path.write_text(text)
        with pytest.raises(StoredFileError):
            read_json(path)


def test_a_changed_value_does_not_fit_the_checksum():
    content = {"b": 1, "a": [2.5, "ä"]}
    stored = with_checksum(content)
    assert without_checksum(dict(reversed(stored.items()))) == content
    for changed in ({**stored, "b": 2}, {**stored, "c": 0}, content, {**stored, "sha256": "0"}):
        with pytest.raises(DamagedFile):
            without_checksum(changed)
    with pytest.raises(StoredFileError, match="not a JSON object"):
        without_checksum([stored])


def test_the_first_fault_is_named():
    class Shape(BaseModel):
        width: int

    assert validated(Shape, {"width": 5}).width == 5
    with pytest.raises(StoredFileError, match="width: Input should be"):
        validated(Shape, {"width": "wide"})


def test_foreign_text_is_cut_and_has_no_control_characters():
    assert shorten("short") == "short"
    assert shorten("a\x1b[1m\nb") == "a?[1m?b"
    assert shorten("x" * 10**6) == "x" * 59 + "…"


def test_a_locked_folder_is_refused_until_it_is_free(tmp_path):
    with locked_folder(tmp_path), pytest.raises(FolderInUse), locked_folder(tmp_path):
        raise AssertionError("locked twice")
    with locked_folder(tmp_path):
        pass
