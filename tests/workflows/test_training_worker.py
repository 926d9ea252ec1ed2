"""`seqgen train --workers 2` trains in two processes. It stops cleanly after Ctrl-C and when one of them is killed."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from seqgen.engine.training.checkpoint import newest_checkpoint
from seqgen.workflows import training_worker

SETTINGS = {"batch_size": 4, "bptt_length": 32, "num_evaluations": 2}


def children(process: int) -> list[int]:
    """Returns the process ids of the children of a process."""
    with open(f"/proc/{process}/task/{process}/children") as file:
        return [int(one) for one in file.read().split()]


def train_until_step(arguments: list[str], act: Callable[[subprocess.Popen], None]) -> str:
    """Trains with two workers, calls `act` when a step is reported, and returns what was said after that."""
    command = [sys.executable, "-m", "seqgen.cli", "train", *arguments, "--workers", "2"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        for line in process.stderr:
            assert not line.startswith("seqgen:"), line
            if re.search(r"step \d+ ", line):
                workers = children(process.pid)
                act(process)
                break
        said = process.stderr.read()
        assert process.wait(timeout=60) == 1
    for worker in workers:
        assert not os.path.exists(f"/proc/{worker}")
    return said


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="needs the list of children of Linux")
def test_a_killed_worker_and_ctrl_c_stop_all_workers_and_the_run_goes_on_from_its_checkpoint(run, tmp_path):
    folder, corpus = tmp_path / "run", run / "corpus"
    options = [*("--size", "tiny", "--steps", "4000"), *(f"--set={key}={value}" for key, value in SETTINGS.items())]
    arguments = [str(corpus), "-o", str(folder), *options]
    # Each child of the command is a worker. The last one has the highest rank.
    said = train_until_step(arguments, lambda process: os.kill(children(process.pid)[-1], signal.SIGKILL))
    assert "Worker 1 of 2" in said
    assert "was ended by SIGKILL" in said
    assert said.count("\n") == 1
    checkpoint = newest_checkpoint(folder / "checkpoints")
    assert checkpoint is not None
    assert checkpoint.record.workers == 2
    assert checkpoint.tensors["memory/hidden"].shape[1] == SETTINGS["batch_size"]
    assert (folder / "settings.json").exists()
    said = train_until_step([*arguments, "--resume"], lambda process: process.send_signal(signal.SIGINT))
    stopped = re.search(r"Stopped at step (\d+)", said)
    assert stopped, said
    newest = newest_checkpoint(folder / "checkpoints")
    assert newest is not None
    assert newest.record.step == int(stopped[1]) > checkpoint.record.step


@pytest.mark.parametrize(
    ("computes", "waits", "shows"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_a_process_shows_signs_of_life_while_it_computes_or_waits_for_others(monkeypatch, computes, waits, shows):
    used, sent = itertools.count(step=0.01 if computes else 0.0), []
    monkeypatch.setattr(training_worker, "SIGN_OF_LIFE_SECONDS", 0.01)
    monkeypatch.setattr(training_worker.time, "process_time", lambda: next(used))
    signs = training_worker.SignsOfLife(sent.append)
    signs.is_waiting = lambda: waits
    signs.start()
    time.sleep(0.2)
    assert bool(sent) == shows
    signs.is_waiting = lambda: False
