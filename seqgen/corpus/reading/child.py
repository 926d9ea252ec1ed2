"""Runs a program of this package in a child process, because code that reads files from outside may crash.

The child is started as a program. `multiprocessing` would run a user's unguarded script once more. Parent and child
exchange messages (channel.py) through the child's standard input and output. This module has both ends.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
import time

from seqgen.corpus.reading.channel import read_message, write_message

MAX_REQUEST_BYTES = 2**28


class Child:
    """A running program, `python -P -m module`, as the parent process sees it."""

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=_environment(),
            # `kill` reaches all processes of the session, and Ctrl-C reaches the parent alone.
            start_new_session=True,
        )

    def send(self, body: bytes) -> None:
        """Sends a message. Raises OSError if the child is gone."""
        assert self._process.stdin is not None
        write_message(self._process.stdin.write, body)

    def receive(self, seconds: float, max_bytes: int) -> bytes:
        """Returns the body of the next message. Raises TimeoutError, EOFError, ValueError or OSError."""
        assert self._process.stdout is not None
        channel, deadline = self._process.stdout.fileno(), time.monotonic() + seconds

        def read(count: int) -> bytes:
            poll = select.poll()
            poll.register(channel, select.POLLIN | select.POLLHUP)
            if not poll.poll(max(0, 1000 * (deadline - time.monotonic()))):
                raise TimeoutError
            return os.read(channel, count)

        return read_message(read, max_bytes)

    def kill(self) -> None:
        """Kills the process. Any thread may call it."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def close(self) -> None:
        """Kills the process and closes its pipes."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def _environment() -> dict[str, str]:
    """Returns an environment in which imports work as they do here.

    Libraries use one thread, because there is a worker for each core.
    """
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, "PYTHONPATH": path, **threads}


class Parent:
    """The parent process, as the child sees it."""

    def __init__(self) -> None:
        # The channel gets descriptors of its own, so that output of a library does not mix with messages.
        self._in, self._out = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)

    def receive(self) -> bytes:
        """Returns the body of the next message. Raises EOFError if the parent is done."""
        return read_message(lambda count: os.read(self._in, count), MAX_REQUEST_BYTES)

    def send(self, body: bytes) -> None:
        """Sends a message. Raises BrokenPipeError if the parent is done."""
        write_message(lambda data: os.write(self._out, data), body)


def limit_memory(max_bytes: int) -> None:
    """Limits the address space of this process. An allocation beyond it raises MemoryError."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = max_bytes if hard == resource.RLIM_INFINITY else min(max_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
