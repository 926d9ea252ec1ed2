import threading

import pytest

from seqgen.engine.decoding.interruption import DrawingStopped, raise_if_stopped, stopped_by


def test_an_event_stops_the_draws_of_its_block_alone():
    stop = threading.Event()
    with stopped_by(stop):
        raise_if_stopped()
        stop.set()
        with pytest.raises(DrawingStopped):
            raise_if_stopped()
    raise_if_stopped()


def test_the_draws_of_other_threads_go_on():
    stop, finished = threading.Event(), []
    stop.set()

    def draw():
        raise_if_stopped()
        finished.append(True)

    with stopped_by(stop):
        thread = threading.Thread(target=draw)
        thread.start()
        thread.join()
    assert finished == [True]
