"""Files of arrays with a checksum, for weights and checkpoints: safetensors files whose metadata hold it.

The checksum covers the names, types, shapes and numbers of all arrays, and the rest of the metadata. The header says
how large everything is. It is compared with what is expected before any number is read.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from seqgen.files.stored_files import CHECKSUM, DamagedFile, StoredFileError, open_stored, shorten

MAX_HEADER_BYTES = 2**20
MAX_BYTES = 16 * 2**30
ITEM_SIZES = {"BOOL": 1, "U8": 1, "I8": 1, "U16": 2, "I16": 2, "F16": 2, "U32": 4, "I32": 4, "F32": 4,
              "U64": 8, "I64": 8, "F64": 8}  # fmt: skip

Layout = dict[str, tuple[tuple[int, ...], str]]
"""The shape and the type of each array by name, such as ((2, 3), "F32")."""


class TensorHeader(NamedTuple):
    """What a file says about itself before its numbers."""

    layout: Layout
    metadata: dict[str, str]


def tensor_file_content(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> bytes:
    """Returns the content of a file with arrays by name, other metadata, and the checksum of both."""
    metadata = dict(metadata or {})
    return save(dict(tensors), metadata={**metadata, CHECKSUM: tensor_checksum(tensors, metadata)})


def tensor_checksum(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    """Returns the SHA-256 of arrays by name and of metadata without a checksum, as hexadecimal digits."""
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name in sorted(tensors):
        value = np.ascontiguousarray(tensors[name])
        digest.update(json.dumps([name, value.dtype.str, value.shape]).encode())
        digest.update(value.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def read_tensor_header(path: Path) -> TensorHeader:
    """Returns the header of a file. Raises StoredFileError."""
    with open_stored(path) as file:
        return _read_header(file)


def read_tensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Returns the arrays by name and the metadata without the checksum.

    Raises DamagedFile if the checksum does not match, and StoredFileError for any other fault.
    """
    with open_stored(path) as file:
        header = _read_header(file)
        file.seek(0)
        content = file.read(MAX_BYTES)
    try:
        tensors = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise StoredFileError(shorten(str(error))) from error
    metadata = {name: value for name, value in header.metadata.items() if name != CHECKSUM}
    if header.metadata.get(CHECKSUM) != tensor_checksum(tensors, metadata):
        raise DamagedFile
    return tensors, metadata


def _read_header(file: BinaryIO) -> TensorHeader:
    """Reads the header, and checks that the file is as large as the header says."""
    size = int.from_bytes(file.read(8), "little")
    if not 2 <= size <= MAX_HEADER_BYTES:
        raise StoredFileError("it does not begin with the header of a safetensors file")
    try:
        header = json.loads(file.read(size), object_pairs_hook=_unique_names)
        metadata = header.pop("__metadata__", {})
        layout: Layout = {}
        for name, entry in header.items():
            shape = tuple(entry["shape"])
            if not all(type(length) is int and length >= 0 for length in shape):
                raise ValueError(f"the shape of {shorten(name)} is not a list of sizes")
            layout[name] = shape, str(entry["dtype"])
        total = sum(math.prod(shape) * ITEM_SIZES[kind] for shape, kind in layout.values())
        if not all(isinstance(value, str) for value in metadata.values()):
            raise ValueError("its metadata are not text")
    except StoredFileError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoredFileError(f"its header is damaged: {shorten(str(error))}") from error
    if os.fstat(file.fileno()).st_size != 8 + size + total:
        raise StoredFileError(f"it is cut short or too long: its header promises {8 + size + total} bytes")
    if total > MAX_BYTES:
        raise StoredFileError(f"its arrays take {total} bytes, more than {MAX_BYTES}")
    return TensorHeader(layout, metadata)


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise StoredFileError("its header has a name twice")
    return names
