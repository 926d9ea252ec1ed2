"""Files of arrays: what is written comes back, and any flipped bit of an array is noticed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from seqgen.files.stored_files import DamagedFile, MissingFile, StoredFileError
from seqgen.files.tensor_file import read_tensor_header, read_tensors, tensor_file_content

TENSORS = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.array([True, False]), "c": np.array(5, np.int32)}


@pytest.fixture
def path(tmp_path):
    (tmp_path / "file").write_bytes(tensor_file_content(TENSORS, {"record": "ä"}))
    return tmp_path / "file"


def test_arrays_and_metadata_come_back(path):
    tensors, metadata = read_tensors(path)
    assert metadata == {"record": "ä"}
    assert tensors.keys() == TENSORS.keys()
    for name, value in TENSORS.items():
        assert (tensors[name].dtype, tensors[name].shape) == (value.dtype, value.shape)
        np.testing.assert_array_equal(tensors[name], value)
    assert read_tensor_header(path).layout == {"a": ((2,), "BOOL"), "b": ((2, 3), "F32"), "c": ((), "I32")}


def test_every_flipped_bit_of_the_arrays_is_noticed(path):
    content = path.read_bytes()
    for place in range(len(content) - 24, len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        path.write_bytes(changed)
        with pytest.raises(DamagedFile):
            read_tensors(path)


def test_a_changed_record_is_noticed(path):
    path.write_bytes(path.read_bytes().replace("ä".encode(), "ö".encode()))
    with pytest.raises(DamagedFile):
        read_tensors(path)


def test_a_file_cut_short_is_refused(path):
    content = path.read_bytes()
    for size in (0, 5, 20, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(StoredFileError):
            read_tensors(path)
    path.unlink()
    with pytest.raises(MissingFile):
        read_tensors(path)


ARRAY = '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (f'{{"a":{ARRAY},"a":{ARRAY}}}', "a name twice"),
        ('{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', "not a list of sizes"),
        ('{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}', "header is damaged"),
        ('{"a":5}', "header is damaged"),
        ("[]", "header is damaged"),
        ("[" * 10**5, "header is damaged"),
        (f'{{"__metadata__":{{"a":5}},"a":{ARRAY}}}', "not text"),
        ('{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}', "cut short"),
    ],
)
def test_a_header_that_cannot_be_is_refused(path, header, sentence):
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + bytes(4))
    with pytest.raises(StoredFileError, match=sentence):
        read_tensors(path)


def test_the_header_alone_says_what_is_too_large(path):
    header = json.dumps({"a": {"dtype": "F32", "shape": [2**33], "data_offsets": [0, 2**35]}}).encode()
    with open(path, "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + 2**35)
    with pytest.raises(StoredFileError, match="more than"):
        read_tensors(path)
