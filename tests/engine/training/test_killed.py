"""kill -9 at any moment, also while a checkpoint is being written, costs the steps since the last one and no more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from engine.training.killed_run import STEPS, train
from seqgen.engine.training import loop as training_loop

TESTS = Path(__file__).parent.parent.parent


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "engine.training.killed_run", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
    )


def test_a_killed_run_goes_on_and_ends_in_the_same_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(training_loop, "CHECKPOINT_SECONDS", 0.0)
    # Every step writes a checkpoint, so most of a run's time is spent in writing one, and that is when it is killed.
    with start(tmp_path / "killed") as process:
        reached = next(int(line) for line in process.stdout if int(line) >= 15)
        process.kill()
    first_step, weights = train(tmp_path / "killed")
    assert reached - 2 <= first_step < STEPS
    first_step, expected = train(tmp_path / "straight")
    assert first_step == 0
    for name, value in expected.items():
        np.testing.assert_array_equal(weights[name], value, err_msg=name)
    assert not list((tmp_path / "killed").glob(".*"))
