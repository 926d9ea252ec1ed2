"""A program of this package in a process of its own, both ends of it: what touches files from outside may die there.

It is started as a program, not by `multiprocessing`, which would run a user's unguarded script once more. The two speak
in messages (channel.py) through its standard input and output.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
import time

from seqgen.corpus.reading.channel import message, receive


class Child:
    """A running program, `python -P -m module`, seen from the process that started it."""

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=_environment(),
            # Killed with all that a reader may have started; and Ctrl-C goes to the caller alone.
            start_new_session=True,
        )

    def send(self, body: bytes) -> None:
        """Raises OSError when the other end is gone."""
        assert self._process.stdin is not None
        rest = memoryview(message(body))
        while rest:
            rest = rest[self._process.stdin.write(rest) :]

    def receive(self, seconds: float, most: int) -> bytes:
        """The next message's body, of up to `most` bytes; raises TimeoutError, EOFError, ValueError or OSError."""
        assert self._process.stdout is not None
        channel, until = self._process.stdout.fileno(), time.monotonic() + seconds

        def read(count: int) -> bytes:
            poll = select.poll()
            poll.register(channel, select.POLLIN | select.POLLHUP)
            if not poll.poll(max(0, 1000 * (until - time.monotonic()))):
                raise TimeoutError
            return os.read(channel, count)

        return receive(read, most)

    def kill(self) -> None:
        """Ends it, whatever it is doing; may be called from any thread."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def close(self) -> None:
        """Ends it and gives back its pipes."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def _environment() -> dict[str, str]:
    """Imports work there as they do here; one thread each, because there is a worker for every core."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, "PYTHONPATH": path, **one}


class Parent:
    """The process that started this one, seen from the program itself."""

    def __init__(self) -> None:
        # Under numbers of their own: what a library prints must not get between messages.
        self._in, self._out = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)

    def receive(self, most: int = 2**28) -> bytes:
        """The next message's body; raises EOFError when the other end is done."""
        return receive(lambda count: os.read(self._in, count), most)

    def send(self, body: bytes) -> None:
        """Raises BrokenPipeError when the other end is done."""
        rest = memoryview(message(body))
        while rest:
            rest = rest[os.write(self._out, rest) :]


def limit_memory(most: int) -> None:
    """From now on, asking for more than `most` bytes of address space raises MemoryError."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
