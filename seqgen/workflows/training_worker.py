"""The program of one local worker, which local_workers.py starts: it trains a run together with others."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

PARENT_GONE_SECONDS = 30.0
"""How long a worker has to stop cleanly after its parent has ended."""
SIGN_OF_LIFE_SECONDS = 5.0
"""A worker says so often that it computes, or waits for the others."""
MIN_COMPUTING = 0.004
"""A process computes if it uses at least this share of a core. On a busy machine it gets no more than a few percent."""


def main(run: Path, addresses: list[str], rank: int) -> None:
    """Trains, and sends progress, warnings and the error that ends the training to the parent."""
    out = os.dup(1)
    os.dup2(2, 1)  # What a library prints does not mix with messages.
    _share_cores(rank, len(addresses))
    threading.Thread(target=_stop_without_parent, daemon=True).start()

    def send(message: dict[str, Any]) -> None:
        os.write(out, json.dumps(message).encode() + b"\n")

    signs = SignsOfLife(send)
    signs.start()

    def send_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if issubclass(category, SeqgenWarning):
            send({"warning": str(message)})

    from seqgen.engine.training.progress import TrainingStopped
    from seqgen.engine.worker_group import WorkerLost, is_waiting
    from seqgen.errors import SeqgenError, SeqgenWarning
    from seqgen.workflows.cluster import Cluster
    from seqgen.workflows.train import train_as_worker

    signs.is_waiting = is_waiting
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    warnings.showwarning = send_warning
    code = 0
    try:
        train_as_worker(run, Cluster(tuple(addresses), rank), lambda progress: send({"progress": progress}))
    except TrainingStopped as stopped:
        send({"stopped_at": stopped.step})
    except SeqgenError as error:
        send({"error": str(error), "has_lost_another": isinstance(error, WorkerLost)})
        code = 1
    os._exit(code)  # TensorFlow would wait for the other workers, which may be gone.


class SignsOfLife(threading.Thread):
    """A thread that sends a message now and then, as long as this process computes or waits for other workers.

    A process that is stopped sends nothing. Neither does one whose training waits for anything else without an end.
    """

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(daemon=True)
        self._send = send
        self.is_waiting: Callable[[], bool] = lambda: False
        """Whether the process may have to wait for other workers."""

    def run(self) -> None:
        """Sends until the process ends."""
        while True:
            begun, used = time.monotonic(), time.process_time()
            time.sleep(SIGN_OF_LIFE_SECONDS)
            computing = time.process_time() - used >= MIN_COMPUTING * (time.monotonic() - begun)
            if computing or self.is_waiting():
                self._send({"is_alive": True})


def _share_cores(rank: int, count: int) -> None:
    """Gives this worker its share of the machine's cores, if each can have one, so that they do not wait for others."""
    if not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) >= count:
        os.sched_setaffinity(0, cores[rank::count])


def _stop_without_parent() -> None:
    """Waits until the parent process has ended. Then asks this one to stop, and ends it if it does not."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(PARENT_GONE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2].split(","), int(sys.argv[3]))
