"""One task after the other, with a limit, and each can be stopped."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError

import pytest

from seqgen.engine.decoding.interruption import raise_if_stopped
from seqgen.studio.worker import MAX_WAITING, TaskStopped, TooManyTasks, Worker


@pytest.fixture
def worker():
    worker = Worker()
    yield worker
    worker.close()


def endless():
    pause = threading.Event()
    while True:
        raise_if_stopped()
        pause.wait(0.005)


def test_tasks_are_done_in_order_and_an_error_costs_one(worker):
    done = []
    first = worker.submit(lambda: done.append(1))
    broken = worker.submit(lambda: 1 / 0)
    last = worker.submit(lambda: done.append(2) or "last")
    assert last.future.result(5) == "last"
    assert done == [1, 2]
    assert first.future.done()
    assert isinstance(broken.future.exception(), ZeroDivisionError)


def test_a_task_can_be_stopped_before_and_while_it_runs(worker):
    running, waiting = worker.submit(endless), worker.submit(endless)
    waiting.stop.set()
    running.stop.set()
    for task in (running, waiting):
        with pytest.raises(TaskStopped):
            task.future.result(5)
    assert worker.submit(lambda: "next").future.result(5) == "next"


def test_a_task_that_takes_too_long_is_stopped(worker):
    with pytest.raises(TaskStopped):
        worker.submit(endless, seconds=0.02).future.result(5)


def test_more_tasks_than_the_queue_holds_are_refused(worker):
    running = worker.submit(endless)
    while worker.waiting < MAX_WAITING:
        worker.submit(lambda: None)
    with pytest.raises(TooManyTasks, match="wait already"):
        worker.submit(lambda: None)
    running.stop.set()


def test_closing_stops_what_runs_and_drops_what_waits():
    worker = Worker()
    started = threading.Event()
    running, waiting = worker.submit(lambda: started.set() or endless()), worker.submit(endless)
    started.wait(5)
    worker.close()
    with pytest.raises(TaskStopped):
        running.future.result(5)
    with pytest.raises(CancelledError):
        waiting.future.result(5)
