"""Batches are read one step ahead, in a thread, and an error of the reader arrives with the step that it belongs to."""

from __future__ import annotations

import threading

import pytest

from seqgen.corpus.storage.read_ahead import ReadAhead


def test_the_next_step_is_read_in_a_thread_before_it_is_asked_for():
    read, second = [], threading.Event()

    def reader(step):
        read.append((step, threading.current_thread() is threading.main_thread()))
        if step == 4:
            second.set()
        return 10 * step

    with ReadAhead(reader) as batches:
        assert batches(3) == 30
        assert second.wait(5)
        assert [batches(4), batches(7)] == [40, 70]
    assert [step for step, _ in read][:2] == [3, 4]
    assert {step for step, _ in read} >= {3, 4, 5, 7}
    assert not any(is_main for _, is_main in read)


def test_an_error_of_the_reader_is_raised_at_its_own_step():
    def reader(step):
        if step == 1:
            raise ValueError("step 1")
        return step

    with ReadAhead(reader) as batches:
        assert batches(0) == 0
        with pytest.raises(ValueError, match="step 1"):
            batches(1)
        assert batches(2) == 2
