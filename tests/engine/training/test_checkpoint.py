"""Checkpoints on disk."""

from __future__ import annotations

import numpy as np

from seqgen.engine.training.checkpoint import checkpoint_path, newest_checkpoint, read_checkpoint, save_checkpoint


def test_a_checkpoint_cut_short_is_passed_over_for_the_one_before(tmp_path):
    save_checkpoint(tmp_path, {"a": np.arange(5)}, {"step": 1})
    newest = save_checkpoint(tmp_path, {"a": np.arange(6)}, {"step": 2})
    newest.write_bytes(newest.read_bytes()[:-3])
    assert newest_checkpoint(tmp_path).record["step"] == 1
    np.testing.assert_array_equal(newest_checkpoint(tmp_path).tensors["a"], np.arange(5))
    newest.write_bytes(b"")
    assert newest_checkpoint(tmp_path).record["step"] == 1


def test_two_checkpoints_are_kept(tmp_path):
    for step in (1, 2, 30):
        save_checkpoint(tmp_path, {"a": np.zeros(1)}, {"step": step})
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "step-0000000002.safetensors",
        "step-0000000030.safetensors",
    ]


def test_good_checkpoints_are_kept_beside_the_newest_two(tmp_path):
    for step in (1, 2, 3, 4):
        save_checkpoint(tmp_path, {"a": np.full(1, step)}, {"step": step}, {1, None})
    kept = [step for step in range(1, 5) if read_checkpoint(checkpoint_path(tmp_path, step))]
    assert kept == [1, 3, 4]


def test_where_there_is_no_checkpoint_there_is_none(tmp_path):
    assert newest_checkpoint(tmp_path) is None
    assert read_checkpoint(checkpoint_path(tmp_path, 7)) is None
