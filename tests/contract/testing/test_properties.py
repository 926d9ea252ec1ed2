"""Of what breaks a law, the smallest example is shown."""

from __future__ import annotations

import pytest
from complete_domain import Complete, CompletePrompting
from letters import Letters, Line

from seqgen import UnusableFile
from seqgen.contract.testing.properties import check_documents, check_hostile_bytes, check_texts


class _ForgetsZ(Letters):
    def decode(self, ids):
        return Line(super().decode(ids).letters.replace("zz", "z"))


class _FailsAtNine(Letters):
    def read(self, path):
        if b"9" in path.read_bytes():
            raise KeyError("9")
        raise UnusableFile("no letters")


class _Careless(CompletePrompting):
    def from_text(self, text):
        if not text.isascii():
            raise KeyError(text)
        return text


def test_the_shortest_document_is_shown():
    with pytest.raises(
        AssertionError, match=r"turns <bos> (a )?z z <eos> into <bos> (a )?z <eos>; if several documents"
    ):
        check_documents(_ForgetsZ(), Letters().grammar(), 1000, exact=True)
    check_documents(Letters(), Letters().grammar(), 20, exact=True)


def test_the_shortest_file_is_shown(tmp_path):
    with pytest.raises(AssertionError, match=r"read raises KeyError\('9'\) on 1 hostile bytes, not UnusableFile: b'9'"):
        check_hostile_bytes(_FailsAtNine(), tmp_path, 1000)
    check_hostile_bytes(Letters(), tmp_path, 20)


def test_the_shortest_text_is_shown():
    domain = Complete()
    check_texts(domain, 20)
    domain.prompting = _Careless(domain)
    with pytest.raises(AssertionError, match=r"from_text raises KeyError\(.*\) for '\\x80', not UnusableFile"):
        check_texts(domain, 1000)
