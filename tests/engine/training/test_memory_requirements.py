"""Memory: what is said when it runs out."""

from __future__ import annotations

import pytest
import tensorflow as tf

from engine import toys
from seqgen.engine.settings import SIZES, ModelSettings, TrainingSettings
from seqgen.engine.training import memory_requirements
from seqgen.engine.training.memory_requirements import RUNTIME_BYTES, explain_out_of_memory, required_bytes
from seqgen.errors import TrainingError

SMALL = ModelSettings(**SIZES["small"])


def explained(monkeypatch, error, free, model=SMALL, **training):
    monkeypatch.setattr(memory_requirements, "available_bytes", lambda: free)
    with (
        pytest.raises(TrainingError) as raised,
        explain_out_of_memory(model, TrainingSettings(**training), toys.turns()),
    ):
        raise error
    return str(raised.value)


def exhausted():
    return tf.errors.ResourceExhaustedError(None, None, "Out of memory while trying to allocate 19.06GiB.")


@pytest.mark.parametrize("error", [MemoryError(), exhausted()], ids=["numpy", "tensorflow"])
def test_running_out_says_how_many_streams_would_fit(monkeypatch, error):
    said = explained(monkeypatch, error, RUNTIME_BYTES + 2 * 10**9, batch_size=4096, bptt_length=64)
    streams = int(said.split("batch_size=")[1].rstrip("."))
    for count, fits in ((streams, True), (2 * streams, False)):
        needed = required_bytes(SMALL, TrainingSettings(batch_size=count, bptt_length=64), toys.VOCABULARY, 2)
        assert (needed <= RUNTIME_BYTES + 2 * 10**9) == fits
    assert "2.8 GB were free" in said


def test_where_no_number_of_streams_would_fit_a_smaller_size_is_named(monkeypatch):
    large = ModelSettings(**SIZES["large"])
    assert "--size medium" in explained(monkeypatch, MemoryError(), RUNTIME_BYTES + 2 * 10**8, model=large)
    assert "--size tiny" in explained(monkeypatch, MemoryError(), RUNTIME_BYTES + 3 * 10**6, model=large)
    assert "bptt_length=32" in explained(monkeypatch, MemoryError(), 10**6)


def test_half_the_streams_are_named_even_where_there_seems_to_be_room(monkeypatch):
    assert "batch_size=8." in explained(monkeypatch, MemoryError(), 10**15, batch_size=16)


def test_other_errors_are_left_alone():
    with pytest.raises(ZeroDivisionError), explain_out_of_memory(SMALL, TrainingSettings(), toys.turns()):
        raise ZeroDivisionError


def test_free_memory_is_some_of_what_there_is():
    assert 10**6 < memory_requirements.available_bytes() < 10**14
