"""A training is followed by its log and its lock."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from seqgen import UsageError
from seqgen.files.stored_files import locked_folder
from seqgen.studio.training_run import MAX_POINTS, TrainingRun, is_locked, read_log


def test_damaged_lines_of_the_log_are_left_out(tmp_path):
    log = tmp_path / "metrics.jsonl"
    lines = [
        '{"step": 1, "loss": 2.5, "x": 7}',
        "{",
        '{"loss": 1}',
        '{"step": "a"}',
        '{"step": 2, "loss": NaN}',
        "[" * 9999,
    ]
    log.write_text("\n".join([*lines, '{"step": 3, "held_out": 1}', '{"step": 4, "lo']))
    assert read_log(log) == [{"step": 1, "loss": 2.5}, {"step": 3, "held_out": 1}]
    assert read_log(tmp_path / "nothing") == []


def test_a_long_log_is_thinned_out_and_keeps_its_end(tmp_path):
    log = tmp_path / "metrics.jsonl"
    log.write_text("".join(json.dumps({"step": step}) + "\n" for step in range(5 * MAX_POINTS + 1)))
    points = read_log(log)
    assert len(points) <= MAX_POINTS
    assert points[-1] == {"step": 5 * MAX_POINTS}


def test_a_run_that_is_trained_elsewhere_is_only_watched(tmp_path):
    training = TrainingRun(tmp_path)
    assert training.status() == {"points": [], "is_running": False, "is_own": False}
    with locked_folder(tmp_path):
        assert is_locked(tmp_path)
        assert training.status()["is_running"]
        with pytest.raises(UsageError, match="nothing to resume"):
            training.resume()
        with pytest.raises(UsageError, match="Ctrl-C"):
            training.stop()
    assert not is_locked(tmp_path / "nothing")


def test_the_studio_stops_what_it_has_started(tmp_path, monkeypatch):
    started = []
    popen = subprocess.Popen

    def sleep(command, **options):
        started.append(command)
        return popen([sys.executable, "-c", "import time; time.sleep(60)"], **options)

    monkeypatch.setattr(subprocess, "Popen", sleep)
    training = TrainingRun(tmp_path)
    training.resume()
    assert started[0][1:] == ["-m", "seqgen.cli", "train", "--resume", "-o", str(tmp_path)]
    assert training.status()["is_own"]
    training.stop()
    training.close()
    assert not training.status()["is_own"]
