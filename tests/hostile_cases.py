"""Hostile bundles, inputs and names. The tests try them in their own process, and bench/hostile.py measures each.

A case makes something hostile in an empty folder, and says how a command is called and what it prints about it.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from seqgen.files.stored_files import with_checksum, without_checksum
from seqgen.files.tensor_file import read_tensors, tensor_file_content
from seqgen.models.bundle import CONFIG_FILE, DOMAIN_FILE, GRAMMAR_FILE, PRETRAINED_FOLDER, WEIGHTS_FILE

MAX_SENTENCE_LENGTH = 300
MAX_SECONDS = 2
MAX_MIB = 300
HOSTILE_NAMES = (
    "[live] [/INST] :smile:",
    "\x1b[31mred\x1b]0;title\x07",
    "two\nlines\tand a tab",
    "<script>alert(1)</script>",
    "\u202egnp.exe",
    "$\\frac{$",
    "..",
    "é" * 60,
)
"""Labels and words of texts. Names of files are made of them too."""
NOT_UTF8 = os.fsdecode(b"caf\xe9")


class Case(NamedTuple):
    """One hostile thing.

    arguments: the call of seqgen. {case} is the folder that `make` has filled, and {out} does not exist.
    words:     a part of what is printed
    code:      the exit code. It is 0 if the rest of an input is used.
    """

    name: str
    make: Callable[[Path], None]
    arguments: tuple[str, ...]
    words: str
    code: int = 1


def copy_bundle(folder: Path) -> None:
    shutil.copytree(PRETRAINED_FOLDER / "bach-chorales", folder, dirs_exist_ok=True)


def with_link(file: str, target: str, folder: Path) -> None:
    """Makes a bundle in which one file is a link."""
    copy_bundle(folder)
    (folder / file).unlink()
    (folder / file).symlink_to(target)


def with_pipe(file: str, folder: Path) -> None:
    copy_bundle(folder)
    (folder / file).unlink()
    os.mkfifo(folder / file)


def with_content(file: str, content: bytes, folder: Path) -> None:
    copy_bundle(folder)
    (folder / file).write_bytes(content)


def with_values(file: str, change: Callable[[dict[str, Any]], dict[str, Any]], folder: Path) -> None:
    """Makes a bundle with other JSON values in one file, whose checksum is right."""
    copy_bundle(folder)
    content = without_checksum(json.loads((folder / file).read_bytes()))
    (folder / file).write_text(json.dumps(with_checksum(change(content))))


def with_weights(change: Callable[[dict[str, np.ndarray]], None], folder: Path) -> None:
    """Makes a bundle with other weights, whose checksum is right."""
    copy_bundle(folder)
    weights, metadata = read_tensors(folder / WEIGHTS_FILE)
    weights = {name: value.copy() for name, value in weights.items()}
    change(weights)
    (folder / WEIGHTS_FILE).write_bytes(tensor_file_content(weights, metadata))


def with_flipped_bit(file: str, folder: Path) -> None:
    copy_bundle(folder)
    content = bytearray((folder / file).read_bytes())
    content[-5] ^= 1
    (folder / file).write_bytes(content)


def with_sparse_weights(folder: Path) -> None:
    """Makes a bundle whose weights are 34 GiB on paper and nothing on the disk."""
    copy_bundle(folder)
    vocabulary = json.loads((folder / DOMAIN_FILE).read_bytes())["vocabulary"]
    shape = [len(vocabulary) + 2, 2**33 // (len(vocabulary) + 2)]
    size = 4 * shape[0] * shape[1]
    header = json.dumps({"embedding": {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}}).encode()
    with open(folder / WEIGHTS_FILE, "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + size)


def with_repeated_name(folder: Path) -> None:
    copy_bundle(folder)
    entry = '"embedding": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}'
    header = f"{{{entry}, {entry}}}".encode()
    (folder / WEIGHTS_FILE).write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))


def set_nan(weights: dict[str, np.ndarray]) -> None:
    weights["embedding"][1, 1] = np.nan


def drop_weight(weights: dict[str, np.ndarray]) -> None:
    del weights["embedding"]


SAMPLE = ("sample", "{case}", "-o", "{out}", "-n", "1", "--set", "bars=1")
BUNDLES = [
    *(
        Case(f"{file} is {kind}", make, SAMPLE, "not a regular file")
        for file in (CONFIG_FILE, DOMAIN_FILE, WEIGHTS_FILE)
        for kind, make in (
            ("a pipe", partial(with_pipe, file)),
            ("an endless device", partial(with_link, file, "/dev/zero")),
        )
    ),
    Case("a link to itself", partial(with_link, CONFIG_FILE, CONFIG_FILE), SAMPLE, "symbolic links"),
    Case("no JSON", partial(with_content, CONFIG_FILE, b"\xff\x00{"), SAMPLE, "config.json cannot be used"),
    Case("deep JSON", partial(with_content, DOMAIN_FILE, b"[" * 10**6), SAMPLE, "nested too deeply"),
    Case("many values", partial(with_content, DOMAIN_FILE, b"[" + b"0," * 10**7 + b"0]"), SAMPLE, "too many values"),
    Case("large JSON", partial(with_content, DOMAIN_FILE, b" " * 2**26), SAMPLE, "larger than"),
    *(
        Case(f"a flipped bit in {file}", partial(with_flipped_bit, file), SAMPLE, "its content has changed")
        for file in (GRAMMAR_FILE, WEIGHTS_FILE)
    ),
    Case("no weights", partial(with_content, WEIGHTS_FILE, b""), SAMPLE, "does not begin with the header"),
    Case("sparse weights", with_sparse_weights, SAMPLE, "more than"),
    Case("a huge header", partial(with_content, WEIGHTS_FILE, b"\xff" * 64), SAMPLE, "does not begin with the header"),
    Case("two weights of one name", with_repeated_name, SAMPLE, "a name twice"),
    Case("NaN among the weights", partial(with_weights, set_nan), SAMPLE, "not finite"),
    Case("a weight left out", partial(with_weights, drop_weight), SAMPLE, "does not hold the embeddings"),
    Case(
        "a domain that is a path",
        partial(with_values, DOMAIN_FILE, lambda values: {**values, "name": "../../etc/\x1b[31mpasswd"}),
        SAMPLE,
        "which is not installed",
    ),
    Case(
        "long names of tokens",
        partial(with_values, DOMAIN_FILE, lambda values: {**values, "vocabulary": ["a" * 10**6]}),
        SAMPLE,
        "at most 4096",
    ),
    Case(
        "an unknown setting",
        partial(with_values, DOMAIN_FILE, lambda values: {**values, "settings": {"[red]\x1b" * 99: 1}}),
        SAMPLE,
        "does not fit",
    ),
    Case(
        "another format",
        partial(with_values, CONFIG_FILE, lambda values: {**values, "format": "\x1b[31m" * 1000}),
        SAMPLE,
        "of format",
    ),
]


def good_texts(folder: Path) -> None:
    for number in range(3):
        (folder / f"good-{number}.txt").write_text(f"A good text, the number {number}. " * 20)


def with_file(name: str, content: bytes, folder: Path) -> None:
    good_texts(folder)
    (folder / name).write_bytes(content)


DEEP_NAME = "deep" * 60


def with_damaged_piece(folder: Path) -> None:
    (folder / "a.mid").write_bytes(b"MThd\0\0")


def with_nothing(folder: Path) -> None:
    """Leaves the folder empty."""


def with_deep_folders(folder: Path) -> None:
    good_texts(folder)
    descriptor = os.open(folder, os.O_RDONLY)
    for _ in range(20):
        os.mkdir(DEEP_NAME, dir_fd=descriptor)
        below = os.open(DEEP_NAME, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(os.open("good.txt", os.O_CREAT, dir_fd=descriptor))
    os.close(descriptor)


def with_links(folder: Path) -> None:
    """Makes links to a folder of the system, to the folder itself and to a folder above it, and a pipe."""
    good_texts(folder)
    for name, target in (("system", "/etc"), ("itself", "."), ("above", "../..")):
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe.txt")


def zipped(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def tarred(name: str, kind: bytes, target: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, target
        archive.addfile(entry)
    return content.getvalue()


BUILD = ("build", "{case}", "--domain", "text", "-o", "{out}", "--json")
NESTED_LINE = b'{"text": "good"}\n' + b"[" * 10**5 + b'\n{"text": "better"}\n'
INPUTS = [
    Case("bytes that are not UTF-8", partial(with_file, "bad.txt", b"caf\xe9 " * 20), BUILD, "not UTF-8", 0),
    Case("NUL bytes", partial(with_file, "bad.txt", b"a\0b" * 20), BUILD, "NUL", 0),
    Case("one nested line", partial(with_file, "bad.jsonl", NESTED_LINE), BUILD, "line 2", 0),
    Case("a name that leads out", partial(with_file, "bad.zip", zipped({"../up.txt": b"a"})), BUILD, "leads out", 0),
    Case("a bomb", partial(with_file, "bad.zip", zipped({"a.txt": bytes(2**27)})), BUILD, "times its size", 0),
    Case("no archive", partial(with_file, "bad.zip", b"PK\3\4" + b"\xff" * 99), BUILD, "a damaged archive", 0),
    Case(
        "a link in an archive",
        partial(with_file, "bad.tar", tarred("a.txt", tarfile.SYMTYPE, "/etc/passwd")),
        BUILD,
        "a link",
        0,
    ),
    Case("links and a pipe", with_links, BUILD, "link", 0),
    Case("a path that is too long", with_deep_folders, BUILD, "too long", 0),
    Case(
        "only a damaged file",
        with_damaged_piece,
        ("build", "{case}", "--domain", "midi", "-o", "{out}"),
        "None of the files can be used",
    ),
    Case("nothing", with_nothing, BUILD, "no files"),
]
CASES = [*BUNDLES, *INPUTS]
