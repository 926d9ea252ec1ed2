"""A program in a process of its own: messages, limits and its end, seen from both sides."""

from __future__ import annotations

import textwrap
import time

import pytest

from seqgen.corpus.reading.child import Child

PROGRAM = """
    import os, sys, time
    from seqgen.corpus.reading.child import Parent, limit_memory

    parent = Parent()
    while True:
        body = parent.receive()
        print("what a library prints is no message", flush=True)
        os.write(1, b"neither is this")
        if body == b"sleep":
            time.sleep(60)
        if body == b"exit":
            sys.exit()
        if body == b"memory":
            limit_memory(2**30)
            try:
                bytearray(2**31)
            except MemoryError:
                body = b"MemoryError"
        if body == b"threads":
            body = os.environ["OMP_NUM_THREADS"].encode()
        parent.send(body[::-1])
"""
MAX_BYTES = 2**25


@pytest.fixture
def child(tmp_path, monkeypatch):
    (tmp_path / "a_program_of_the_test.py").write_text(textwrap.dedent(PROGRAM))
    monkeypatch.syspath_prepend(tmp_path)
    child = Child("a_program_of_the_test")
    yield child
    child.close()


def ask(child: Child, body: bytes, seconds: float = 30, max_bytes: int = MAX_BYTES) -> bytes:
    child.send(body)
    return child.receive(seconds, max_bytes)


def test_messages_go_there_and_back_whatever_is_printed(child):
    assert ask(child, b"abc") == b"cba"
    assert ask(child, b"") == b""
    large = bytes(range(256)) * 2**16
    assert ask(child, large) == large[::-1]


def test_it_has_one_thread_for_each_product_and_a_limit_of_memory(child):
    assert ask(child, b"threads") == b"1"
    assert ask(child, b"memory") == b"rorrEyromeM"


def test_an_answer_that_is_late_or_too_large_is_refused(child):
    with pytest.raises(ValueError, match="a message of 3 bytes"):
        ask(child, b"abc", max_bytes=2)
    child.send(b"sleep")
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        child.receive(0.2, MAX_BYTES)
    assert time.monotonic() - started < 10


def test_its_end_is_the_end_of_the_messages(child):
    with pytest.raises(EOFError):
        ask(child, b"exit")
    child.kill()
    child.close()
    child.kill()
