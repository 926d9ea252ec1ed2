"""kill -9 at any moment, also while a checkpoint is being written, costs the steps since the last one and no more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

TESTS = Path(__file__).parent.parent.parent


def start(folder: Path, out: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "engine.training.killed_run", str(folder), str(out)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
    )


def finish(process: subprocess.Popen) -> int:
    """Lets a run end and gives the step with which it began."""
    lines = process.communicate(timeout=120)[0].splitlines()
    assert process.returncode == 0
    return int(next(line for line in lines if line.startswith("begins")).split()[1])


def test_a_killed_run_goes_on_and_ends_in_the_same_weights(tmp_path):
    straight = start(tmp_path / "straight", tmp_path / "straight.npz")
    assert finish(straight) == 0
    # Every step writes a checkpoint, so most of a run's time is spent in writing one: so will the kill be.
    reached = 0
    for stop_after in (25, 55):
        killed = start(tmp_path / "killed", tmp_path / "killed.npz")
        for line in killed.stdout:
            if not line.startswith("begins") and int(line) >= stop_after:
                break
        killed.kill()
        killed.wait()
        reached = int(line)
    resumed = start(tmp_path / "killed", tmp_path / "killed.npz")
    began = finish(resumed)
    assert reached - 2 <= began < 90
    straight, killed = np.load(tmp_path / "straight.npz"), np.load(tmp_path / "killed.npz")
    for name in straight.files:
        np.testing.assert_array_equal(killed[name], straight[name], err_msg=name)
    assert not list((tmp_path / "killed").glob(".*"))
