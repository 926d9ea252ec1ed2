"""Starts workers on this machine that train one run, watches them, and passes on what their chief reports.

A worker sends JSON objects, one a line, through its standard output. It stops, as after Ctrl-C, if this process ends.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from seqgen.engine.training.progress import TrainingProgress, TrainingStopped
from seqgen.engine.training.stop_signals import stop_signals
from seqgen.engine.worker_group import WorkerGroup, WorkerLost
from seqgen.errors import SeqgenWarning, TrainingError

GRACE_SECONDS = 20.0
"""How long the other workers have to end after one has ended."""
MAX_SILENT_SECONDS = 40.0
"""A worker that shows no sign of life for so long hangs."""
POLL_SECONDS = 0.5
MODULE = "seqgen.workflows.training_worker"
GO_ON = "so the training stopped; the same command with --resume goes on from the newest checkpoint."


def train_with_local_workers(
    run: Path, count: int, batch_size: int, report: Callable[[TrainingProgress], None]
) -> None:
    """Trains the run in a folder with so many worker processes, until they have ended.

    Raises TrainingStopped after Ctrl-C, WorkerLost if a worker dies or hangs, and TrainingError for what a worker
    raises.
    """
    addresses = _free_addresses(count)
    WorkerGroup(addresses).streams(batch_size)  # Raises an error before any process starts.
    with ExitStack() as stack:
        stop = stack.enter_context(stop_signals())
        workers = [_LocalWorker(run, addresses, rank, report) for rank in range(count)]
        for worker in workers:
            stack.callback(worker.close)
        selector = stack.enter_context(selectors.DefaultSelector())
        for worker in workers:
            selector.register(worker.output, selectors.EVENT_READ, worker)
        deadline, is_asked = float("inf"), False
        while selector.get_map() and time.monotonic() < deadline:
            polled = time.monotonic()
            for key, _ in selector.select(POLL_SECONDS):
                if not key.data.read():
                    selector.unregister(key.fileobj)
                    deadline = min(deadline, time.monotonic() + GRACE_SECONDS)
            for key in selector.get_map().values():
                if polled - key.data.last_sign > MAX_SILENT_SECONDS:
                    raise WorkerLost(f"{key.data} has hung for {MAX_SILENT_SECONDS:.0f} seconds, {GO_ON}")
            if stop.is_set() and not is_asked:
                is_asked = True
                workers[0].ask_to_stop()
        codes = [worker.return_code() for worker in workers]
    for worker in workers:
        if worker.error and not worker.has_lost_another:
            raise TrainingError(worker.error)
    if stop.is_set() and workers[0].stopped_at is None:
        raise KeyboardInterrupt  # It came before the first step.
    for rank, code in enumerate(codes):
        if code not in (0, None) and not workers[rank].error:
            raise WorkerLost(f"{workers[rank]} {_describe(code)}, {GO_ON}")
    for worker in workers:
        if worker.error:
            raise WorkerLost(worker.error)
    if workers[0].stopped_at is not None:
        raise TrainingStopped(workers[0].stopped_at)


class _LocalWorker:
    """A worker process, as this process sees it."""

    def __init__(self, run: Path, addresses: list[str], rank: int, report: Callable[[TrainingProgress], None]) -> None:
        self._name = f"Worker {rank} of {len(addresses)}"
        self._report = report
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", MODULE, str(run), ",".join(addresses), str(rank)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
            start_new_session=True,  # Ctrl-C reaches this process alone, and it asks the workers to stop.
        )
        self._rest = b""
        self.last_sign = time.monotonic()
        """When the worker last showed a sign of life: any message."""
        self.error: str | None = None
        """The sentence of the error that ended the worker."""
        self.has_lost_another = False
        """Whether that error is only that another worker has ended."""
        self.stopped_at: int | None = None
        """The step at which the training stopped because it was asked to."""

    def __str__(self) -> str:
        return f"{self._name} (process {self._process.pid})"

    @property
    def output(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def read(self) -> bool:
        """Reads what the worker has sent. Returns whether more may come."""
        data = os.read(self.output.fileno(), 65536)
        self.last_sign = time.monotonic()
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._receive(json.loads(line))
        return bool(data)

    def _receive(self, message: dict[str, Any]) -> None:
        if "progress" in message:
            self._report(TrainingProgress(*message["progress"]))
        if "warning" in message:
            warnings.warn(message["warning"], SeqgenWarning, stacklevel=2)
        self.error = message.get("error", self.error)
        self.has_lost_another = message.get("has_lost_another", self.has_lost_another)
        self.stopped_at = message.get("stopped_at", self.stopped_at)

    def ask_to_stop(self) -> None:
        """Lets the training stop at the next step, as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def return_code(self) -> int | None:
        """Returns the exit code of the process; None if it still runs."""
        try:
            return self._process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """Kills the process if it still runs."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def _free_addresses(count: int) -> list[str]:
    """Returns addresses of this machine whose ports are free now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]


def _describe(code: int) -> str:
    """Returns how a process ended, by its exit code."""
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was ended by {signal.Signals(-code).name}"
