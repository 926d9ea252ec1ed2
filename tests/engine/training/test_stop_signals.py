"""The first Ctrl-C asks for a stop, the second one interrupts."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from seqgen.engine.training.stop_signals import stop_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_sets_the_event_and_the_second_interrupts(number):
    before = signal.getsignal(number)
    with stop_signals() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.wait(5)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_other_threads_than_the_main_one_are_never_stopped():
    events = []

    def work():
        with stop_signals() as stop:
            events.append(stop.is_set())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert events == [False]
