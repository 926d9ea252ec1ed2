"""Text files are read in pieces, and every fault is one sentence."""

from __future__ import annotations

import pytest

from seqgen import UnusableFile
from seqgen.contract import textfile as textfile_module
from seqgen.contract.textfile import checked_encoding, lines, pieces


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_text_is_the_same_in_pieces_of_any_size(tmp_path, monkeypatch, size):
    monkeypatch.setattr(textfile_module, "PIECE_BYTES", size)
    text, path = "aß京😀\nx\r\n\n😀" * 5, tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert "".join(pieces(path)).removeprefix("\ufeff") == text
    assert "".join(lines(path, 100)).removeprefix("\ufeff") == text
    with pytest.raises(UnusableFile, match="a line of more than 3 characters"):
        list(lines(path, 3))


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("aß".encode() + b"b\xe9c", "not UTF-8 .byte 0xE9 at offset 4"),
        ("aß京".encode()[:-1], "not UTF-8 .byte 0xE4 at offset 3"),
        (b"ab\0c\0", "NUL bytes .the first at offset 2"),
        ("abc".encode("utf-16"), "not UTF-8 .byte 0xFF at offset 0"),
    ],
)
def test_the_first_byte_that_is_wrong_is_named(tmp_path, monkeypatch, size, content, sentence):
    monkeypatch.setattr(textfile_module, "PIECE_BYTES", size)
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(UnusableFile, match=sentence):
        list(pieces(tmp_path / "a.txt"))


def test_another_encoding_is_named_in_the_setting(tmp_path, monkeypatch):
    monkeypatch.setattr(textfile_module, "PIECE_BYTES", 3)
    path = tmp_path / "a.txt"
    for encoding in ("utf-16", "utf-16-le", "latin-1", "cp1252", "shift_jis"):
        text = "京" * 5 if encoding == "shift_jis" else "café\nä"
        path.write_bytes(text.encode(encoding))
        assert "".join(pieces(path, encoding)) == text
    path.write_bytes("abc".encode("utf-16"))
    with pytest.raises(UnusableFile, match="encoding=utf-16 reads"):
        list(pieces(path))
    path.write_bytes(b"caf\xe9")
    with pytest.raises(UnusableFile, match="encoding=… names another"):
        list(pieces(path))
    path.write_bytes(b"caf\xff\xff")
    with pytest.raises(UnusableFile, match="not shift_jis"):
        list(pieces(path, "shift_jis"))


@pytest.mark.parametrize("name", ["nosuch", "base64", "rot13", "a\0b"])
def test_what_is_no_encoding_of_text_is_refused(name):
    with pytest.raises(ValueError, match="there is no encoding"):
        checked_encoding(name)
