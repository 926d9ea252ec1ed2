"""What a part file says is what was read, and damage and interruptions do not go unnoticed."""

from __future__ import annotations

import numpy as np
import pytest
from letters import Letters

from seqgen import CorpusError
from seqgen.contract.domain_record import DomainRecord
from seqgen.contract.fingerprint import SIZE
from seqgen.corpus.building import part_file
from seqgen.corpus.building.part_file import PartFile, PartHeader, write_part
from seqgen.corpus.reading.channel import EncodedDocument, Failure, FileContent, Observation
from seqgen.corpus.reading.cutting import NOTHING_IS_CUT
from seqgen.corpus.reading.read_file import ReadFile
from seqgen.corpus.storage.split import SplitFractions


def header(count: int, **others) -> PartHeader:
    values = {
        "task": "encode", "domain": DomainRecord.of(Letters()), "remarks": [], "cutting": NOTHING_IS_CUT.to_json(),
        "fractions": SplitFractions(), "named": [], "recipe": None, "sources": ["some"], "file_count": count,
        "first": 0, "end": count,
    }  # fmt: skip
    return PartHeader(**{**values, **others})


def document(number: int, length: int) -> EncodedDocument:
    ids = np.arange(length, dtype=np.int32) % 28
    return EncodedDocument(bytes([number] * SIZE), bytes(SIZE), ids, np.ones(length, np.float32), {"id": number})


FILES = [
    ReadFile("a", [1, 2], None, "0" * 64, FileContent([document(n, 5 + n) for n in range(40)], remarks={"odd": 2})),
    ReadFile("b", [3, 4], "valid", None, FileContent(reason="it is broken", detail="here",
                                                      failures={"it is broken": Failure("It fails.", "line 1")})),
    ReadFile("c", [], None, None, FileContent([], [Observation(bytes(SIZE), bytes(SIZE), "x" * n) for n in range(40)])),
]  # fmt: skip


def plain(file: ReadFile) -> tuple:
    content = file.content
    documents = [
        (one.key, one.group, one.ids.tolist(), one.weights.tolist(), one.metadata) for one in content.documents
    ]
    rest = (content.dropped, content.remarks, content.reason, content.detail, content.failures)
    return file.name, file.stamp, file.split, file.sha256, documents, list(content.observations), *rest


@pytest.mark.parametrize("bytes_per_message", [50, 2**24])
def test_what_is_read_is_what_was_written(bytes_per_message, tmp_path, monkeypatch):
    monkeypatch.setattr(part_file, "BYTES_PER_MESSAGE", bytes_per_message)
    write_part(tmp_path / "some.part", header(3), lambda skip: FILES[skip:])
    part = PartFile(tmp_path / "some.part")
    assert part.header == header(3)
    assert [plain(file) for file in part.files(0, tmp_path)] == [plain(file) for file in FILES]
    later = list(part.files(2, tmp_path))
    assert [file.name for file in later] == ["a", "b", "c"]
    assert [len(file.content.documents) + len(file.content.observations) for file in later] == [0, 0, 40]


def test_it_is_continued_wherever_the_process_was_killed(tmp_path):
    path = tmp_path / "some.part"
    write_part(path, header(3), lambda skip: FILES[skip:])
    complete = path.read_bytes()
    read = []

    def count_and_read(skip):
        read.append(skip)
        return FILES[skip:]

    for size in [*range(0, len(complete), 97), len(complete) - 1]:
        path.write_bytes(complete[:size])
        if size:
            with pytest.raises(CorpusError):
                list(PartFile(path).files(0, tmp_path))
        write_part(path, header(3), count_and_read)
        assert path.read_bytes() == complete
    assert set(read) == {0, 1, 2, 3}, "complete files are not read again"


def test_a_complete_part_is_not_read_again_and_another_call_replaces_it(tmp_path):
    path = tmp_path / "some.part"
    write_part(path, header(3), lambda skip: FILES[skip:])
    write_part(path, header(3), lambda skip: pytest.fail("it is complete"))
    write_part(path, header(2, sources=["others"]), lambda skip: FILES[skip:2])
    assert [file.name for file in PartFile(path).files(0, tmp_path)] == ["a", "b"]


def test_no_changed_byte_goes_unnoticed(tmp_path):
    path = tmp_path / "some.part"
    write_part(path, header(3), lambda skip: FILES[skip:])
    complete = path.read_bytes()
    for place in np.random.default_rng(0).integers(len(complete), size=40):
        damaged = bytearray(complete)
        damaged[place] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        with pytest.raises(CorpusError):
            list(PartFile(path).files(0, tmp_path))


def test_another_file_is_no_part(tmp_path):
    (tmp_path / "other").write_bytes(b"\0" * 7 + b"\2{}")
    for name in ("other", "missing"):
        with pytest.raises(CorpusError, match="is no part of a corpus"):
            PartFile(tmp_path / name)
