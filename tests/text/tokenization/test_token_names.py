"""Names of tokens show their bytes to people, and the bytes can be read from them."""

from __future__ import annotations

import numpy as np
from seqgen_text.tokenization.token_names import token_bytes, token_name
from texts import ODD, random_texts


def test_names_show_their_bytes_and_give_them_back():
    assert token_name(b"abc") == "abc"
    assert token_name("é".encode()) == "é"
    assert token_name(b"\xe2") == "<0xE2>"
    assert token_name(b"\n") == "<0x0A>"
    assert token_name(b"<0xE2>") == "".join(f"<0x{byte:02X}>" for byte in b"<0xE2>")
    rng = np.random.default_rng(0)
    strings = {bytes([number]) for number in range(256)} | {text.encode() for text in [*ODD, *random_texts(300, 4)]}
    strings |= {rng.bytes(int(rng.integers(1, 9))) for _ in range(300)} | {b"<unk>", b"<bos>", b"<eos>"}
    names = {token_name(data): data for data in strings}
    assert len(names) == len(strings)
    assert all(token_bytes(name) == data for name, data in names.items())
    assert not {"<unk>", "<bos>", "<eos>"} & set(names)
