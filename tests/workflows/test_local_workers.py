"""Local workers: one that dies stops the run with a sentence that names it, and nothing is left running."""

from __future__ import annotations

import os
import textwrap

import pytest

from seqgen.engine.training.progress import TrainingStopped
from seqgen.engine.worker_group import WorkerLost
from seqgen.errors import SeqgenWarning, TrainingError
from seqgen.workflows import local_workers

BEGINNING = """
import json, os, signal, sys, time
rank = int(sys.argv[3])
send = lambda **message: print(json.dumps(message), flush=True)
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Returns a function that runs two workers with this program in place of the training. `rank` is its rank."""

    def run(program: str, report=lambda progress: None, max_silent_seconds=40.0) -> None:
        (tmp_path / "fake_worker.py").write_text(BEGINNING + textwrap.dedent(program))
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(local_workers, "MODULE", "fake_worker")
        monkeypatch.setattr(local_workers, "GRACE_SECONDS", 1.0)
        monkeypatch.setattr(local_workers, "MAX_SILENT_SECONDS", max_silent_seconds)
        local_workers.train_with_local_workers(tmp_path, 2, 4, report)

    return run


def test_the_chief_reports_and_warns_through_the_parent(start):
    steps = []
    with pytest.warns(SeqgenWarning, match="shared out anew"):
        start(
            """
            if rank == 0:
                send(warning="shared out anew")
                send(progress=[3, 0.5, 1.0, 2.0, None, None, 9.0, False, None, "token"])
            """,
            lambda progress: steps.append(progress.step),
        )
    assert steps == [3]


def test_a_worker_that_is_killed_is_named_although_the_other_hangs(start):
    with pytest.raises(WorkerLost, match=r"Worker 1 of 2 \(process \d+\) was ended by SIGKILL.*--resume"):
        start("os.kill(os.getpid(), signal.SIGKILL) if rank == 1 else time.sleep(60)")


def test_a_worker_that_hangs_is_named_and_ended_and_one_that_shows_signs_of_life_may_take_its_time(start, tmp_path):
    program = """
    import pathlib
    pathlib.Path(__file__).with_name(f"process-{rank}").write_text(str(os.getpid()))
    if rank == 1:
        os.kill(os.getpid(), signal.SIGSTOP)
    while True:
        time.sleep(0.2)
        send(is_alive=True)
    """
    with pytest.raises(WorkerLost, match=r"Worker 1 of 2 \(process \d+\) has hung for 2 seconds.*--resume"):
        start(program, max_silent_seconds=2.0)
    for rank in range(2):
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / f"process-{rank}").read_text()), 0)


def test_what_one_worker_raises_comes_before_what_the_others_say_of_it(start):
    program = """
    send(error="memory ran out" if rank == 1 else "worker 1 is gone", has_lost_another=rank == 0)
    sys.exit(1)
    """
    with pytest.raises(TrainingError, match="memory ran out"):
        start(program)


def test_a_run_that_was_asked_to_stop_says_at_which_step(start):
    with pytest.raises(TrainingStopped, match="step 7"):
        start("send(stopped_at=7)")


def test_streams_that_cannot_be_shared_are_refused_before_any_process_starts(tmp_path):
    with pytest.raises(TrainingError, match="cannot be shared equally"):
        local_workers.train_with_local_workers(tmp_path, 3, 4, lambda progress: None)
