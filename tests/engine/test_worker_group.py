"""Two processes train like one, repeat to the bit, stop when one dies, and go on from the checkpoint."""

from __future__ import annotations

import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from engine import worker_run
from seqgen.engine import worker_group
from seqgen.engine.worker_group import WorkerGroup, WorkerLost, is_waiting, local_rank
from seqgen.errors import SeqgenWarning, TrainingError

TESTS = Path(__file__).parent.parent
MAX_SECONDS = 900
"""It takes 15 seconds on an idle machine."""


def free_addresses() -> list[str]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in (one, other)]


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory) -> tuple[Path, str]:
    """Returns the folder in which two workers trained twice, and what the survivor said at the end."""
    folder, addresses = tmp_path_factory.mktemp("workers"), ",".join(free_addresses())
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "engine.worker_run", str(folder), str(rank), addresses],
            stdout=subprocess.PIPE,
            text=True,
            cwd=TESTS,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        )
        for rank in range(2)
    ]
    try:
        said = processes[0].communicate(timeout=MAX_SECONDS)[0]
        codes = processes[0].wait(), processes[1].wait(timeout=60)
    finally:
        for process in processes:
            process.kill()
    assert codes == (0, -signal.SIGKILL)
    return folder, said


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> dict[str, np.ndarray]:
    """Returns the result of the same training by one process."""
    losses: list[float] = []
    trained = worker_run.train(tmp_path_factory.mktemp("alone"), worker_run.new_trainer(WorkerGroup()), losses)
    return {"losses": np.array(losses), **trained}


def test_two_workers_have_the_loss_curve_of_one(two_workers, alone):
    trained = np.load(two_workers[0] / "whole-0.npz")
    assert len(trained["losses"]) == worker_run.STEPS
    for name in ("losses", "held_out"):
        np.testing.assert_allclose(trained[name], alone[name], atol=1e-5)
    np.testing.assert_allclose(trained["memory/hidden"], alone["memory/hidden"], atol=1e-3)


def test_all_workers_have_the_same_weights_and_a_repeated_run_has_the_same_losses_to_the_bit(two_workers):
    folder = two_workers[0]
    chief, other, repeated = np.load(folder / "whole-0.npz"), np.load(folder / "whole-1.npz"), folder / "killed.npy"
    for name in chief.files:
        np.testing.assert_array_equal(chief[name], other[name], err_msg=name)
    np.testing.assert_array_equal(np.load(repeated), chief["losses"][: worker_run.KILLED_AT])


def test_a_worker_that_dies_is_named_and_the_run_goes_on_with_another_number_of_workers(two_workers, alone):
    folder, said = two_workers
    assert "Worker 1 (127.0.0.1:" in said
    assert "--resume" in said
    losses: list[float] = []
    with pytest.warns(SeqgenWarning, match="had 2 workers, and now it has 1 worker; the 4 streams are shared out anew"):
        worker_run.train(folder / "killed", worker_run.new_trainer(WorkerGroup()), losses)
    begun = worker_run.STEPS - len(losses)
    assert 0 < begun <= worker_run.KILLED_AT
    np.testing.assert_allclose(losses, alone["losses"][begun:], atol=1e-5)


def test_streams_are_shared_equally_or_refused():
    group = WorkerGroup(["a:1", "b:1", "c:1"], 1)
    assert group.streams(12) == range(4, 8)
    with pytest.raises(TrainingError, match="16 streams cannot be shared equally by 3 workers"):
        group.streams(16)


def test_workers_are_counted_on_each_machine():
    assert [local_rank(["a:1", "b:1", "a:2", "b:2", "a:3"], rank) for rank in range(5)] == [0, 0, 1, 1, 2]


def test_an_exchange_is_a_time_in_which_a_worker_may_wait_for_others():
    with WorkerGroup().explain_loss():
        assert is_waiting()
        with WorkerGroup().explain_loss():
            pass
        assert is_waiting()
    assert not is_waiting()


class Answering(socketserver.BaseRequestHandler):
    """A server that answers, as that of a worker does."""

    def handle(self):
        self.request.sendall(b"settings")


def test_an_error_of_tensorflow_is_explained_only_by_a_worker_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(worker_group, "PROBE_SECONDS", 1.0)
    with socketserver.TCPServer(("127.0.0.1", 0), Answering) as server, socket.create_server(("127.0.0.1", 0)) as mute:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here, gone = f"127.0.0.1:{server.server_address[1]}", free_addresses()[0]
        stopped = f"127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(WorkerLost, match=f"Worker 1 \\({stopped}\\)"), WorkerGroup([here, stopped]).explain_loss():
            raise tf.errors.UnavailableError(None, None, "no answer")
        with pytest.raises(WorkerLost, match=f"Worker 1 \\({gone}\\)"), WorkerGroup([here, gone]).explain_loss():
            raise tf.errors.UnavailableError(None, None, "gone")
        with pytest.raises(tf.errors.InternalError), WorkerGroup([here, here]).explain_loss():
            raise tf.errors.InternalError(None, None, "a bug")
        server.shutdown()
