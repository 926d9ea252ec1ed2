"""The one thread that loads models and draws. Requests wait in a queue, can be stopped, and have a time limit."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from seqgen.errors import UsageError

MAX_WAITING = 8
MAX_SECONDS = 300.0
"""The limit for one task. Loading a model has none."""
MAX_END_SECONDS = 60.0


class TaskStopped(Exception):
    """A task was stopped, or took too long."""


class TooManyTasks(UsageError):
    """More is asked for than the studio does at a time."""

    def __init__(self) -> None:
        super().__init__(f"{MAX_WAITING} tasks wait already; let one finish, or stop one.")


@dataclass(eq=False)
class Task:
    """Something that the worker does.

    stop:   asks the task to stop; it does so between two chunks of tokens
    future: its result. A task that was stopped raises TaskStopped.
    """

    run: Callable[[], Any]
    seconds: float | None = MAX_SECONDS
    stop: threading.Event = field(default_factory=threading.Event)
    future: Future[Any] = field(default_factory=Future)


class Worker:
    """Does one task after the other in a thread of its own."""

    def __init__(self) -> None:
        self._tasks: queue.Queue[Task | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="seqgen-studio", daemon=True)
        self._current: Task | None = None
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many tasks wait."""
        return self._tasks.qsize()

    def submit(self, run: Callable[[], Any], seconds: float | None = MAX_SECONDS) -> Task:
        """Adds a task. Raises TooManyTasks."""
        if self.waiting >= MAX_WAITING:
            raise TooManyTasks
        task = Task(run, seconds)
        self._tasks.put(task)
        return task

    def close(self) -> None:
        """Stops the task that is done now, drops the others, and waits for the thread.

        TensorFlow cannot be interrupted while it compiles, and must not outlive the interpreter.
        """
        while not self._tasks.empty():
            waiting = self._tasks.get_nowait()
            if waiting is not None:
                waiting.future.cancel()
        current = self._current
        if current is not None:
            current.stop.set()
        self._tasks.put(None)
        self._thread.join(MAX_END_SECONDS)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            self._current = task
            _run(task)
            self._current = None


def _run(task: Task) -> None:
    """Runs a task, and keeps its result or its error."""
    if not task.future.set_running_or_notify_cancel():
        return
    timer = threading.Timer(task.seconds, task.stop.set) if task.seconds is not None else None
    if timer is not None:
        timer.daemon = True
        timer.start()
    # The engine imports TensorFlow, which takes seconds. The page is served before.
    from seqgen.engine.decoding.interruption import DrawingStopped, stopped_by

    try:
        if task.stop.is_set():
            raise TaskStopped
        with stopped_by(task.stop):
            task.future.set_result(task.run())
    except DrawingStopped as error:
        task.future.set_exception(TaskStopped(str(error)))
    except BaseException as error:
        task.future.set_exception(error)
    finally:
        if timer is not None:
            timer.cancel()
