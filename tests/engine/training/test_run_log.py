"""The log of a run."""

from __future__ import annotations

import json

import pytest
import tensorflow as tf

from seqgen import SeqgenWarning
from seqgen.engine.training.run_log import RunLog


def lines(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_measurements_are_lines_and_events(tmp_path):
    RunLog(tmp_path, after_step=0)({"step": 3, "loss": 1.5, "held_out": 2.5})
    assert lines(tmp_path) == [{"step": 3, "loss": 1.5, "held_out": 2.5}]
    (events,) = (tmp_path / "tensorboard").iterdir()
    values = {
        value.tag: (event.step, float(tf.make_ndarray(value.tensor)))
        for event in tf.compat.v1.train.summary_iterator(str(events))
        for value in event.summary.value
    }
    assert values == {"loss": (3, 1.5), "held_out": (3, 2.5)}


def test_a_resumed_run_drops_what_it_will_measure_again_and_a_line_that_was_cut_short(tmp_path):
    log = RunLog(tmp_path, after_step=0)
    for step in (1, 2, 3):
        log({"step": step, "loss": 0.5})
    with open(tmp_path / "metrics.jsonl", "a") as file:
        file.write('{"step": 2, "lo')
    with pytest.warns(SeqgenWarning, match=r"metrics.jsonl: 1 damaged or cut lines"):
        log = RunLog(tmp_path, after_step=2)
    log({"step": 3, "loss": 0.25})
    assert lines(tmp_path) == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.5}, {"step": 3, "loss": 0.25}]


def test_damaged_lines_are_counted_and_left_out(tmp_path):
    good = b'{"step": 1, "loss": 0.5}\n'
    (tmp_path / "metrics.jsonl").write_bytes(good + b"\xff\xfe\n" + b"[" * 10**5 + b'\n5\n{"step": "two"}\n')
    with pytest.warns(SeqgenWarning, match="4 damaged"):
        RunLog(tmp_path, after_step=2)
    assert lines(tmp_path) == [{"step": 1, "loss": 0.5}]
