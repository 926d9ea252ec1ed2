"""Checkpoints on disk."""

from __future__ import annotations

import json

import numpy as np
import pytest

from seqgen.engine.training.checkpoint import (
    LoopRecord,
    checkpoint_path,
    newest_checkpoint,
    read_checkpoint,
    save_checkpoint,
)
from seqgen.errors import SeqgenWarning, TrainingError
from seqgen.files.stored_files import DamagedFile, MissingFile
from seqgen.files.tensor_file import tensor_file_content


def test_a_checkpoint_cut_short_is_passed_over_for_the_one_before(tmp_path):
    save_checkpoint(tmp_path, {"a": np.arange(5)}, LoopRecord(step=1))
    newest = save_checkpoint(tmp_path, {"a": np.arange(6)}, LoopRecord(step=2))
    newest.write_bytes(newest.read_bytes()[:-3])
    with pytest.warns(SeqgenWarning, match=r"cut short .* training goes on from step 1"):
        checkpoint = newest_checkpoint(tmp_path)
    assert checkpoint.record.step == 1
    np.testing.assert_array_equal(checkpoint.tensors["a"], np.arange(5))
    newest.write_bytes(b"")
    with pytest.warns(SeqgenWarning, match="training goes on from step 1"):
        assert newest_checkpoint(tmp_path).record.step == 1


@pytest.mark.parametrize(
    "record", ["[]", "{}", "5", "[" * 10**5, json.dumps({"step": "two"}), json.dumps({"step": 2, "colour": 1})]
)
def test_a_record_with_missing_or_foreign_values_is_passed_over(tmp_path, record):
    save_checkpoint(tmp_path, {"a": np.arange(5)}, LoopRecord(step=1))
    checkpoint_path(tmp_path, 2).write_bytes(tensor_file_content({"a": np.arange(5)}, {"record": record}))
    with pytest.warns(SeqgenWarning, match="training goes on from step 1"):
        assert newest_checkpoint(tmp_path).record.step == 1


def test_a_flipped_bit_is_noticed(tmp_path):
    path = save_checkpoint(tmp_path, {"a": np.arange(5)}, LoopRecord(step=1))
    content = bytearray(path.read_bytes())
    content[-7] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedFile):
        read_checkpoint(path)


def test_it_is_an_error_if_no_checkpoint_can_be_read(tmp_path):
    for step in (1, 2):
        save_checkpoint(tmp_path, {"a": np.arange(5)}, LoopRecord(step=step)).write_bytes(b"")
    with pytest.raises(TrainingError, match="no other checkpoint can be read"):
        newest_checkpoint(tmp_path)


def test_two_checkpoints_are_kept(tmp_path):
    for step in (1, 2, 30):
        save_checkpoint(tmp_path, {"a": np.zeros(1)}, LoopRecord(step=step))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "step-0000000002.safetensors",
        "step-0000000030.safetensors",
    ]


def test_good_checkpoints_are_kept_beside_the_newest_two(tmp_path):
    for step in (1, 2, 3, 4):
        save_checkpoint(tmp_path, {"a": np.full(1, step)}, LoopRecord(step=step), {1, None})
    kept = [step for step in range(1, 5) if checkpoint_path(tmp_path, step).exists()]
    assert kept == [1, 3, 4]


def test_where_there_is_no_checkpoint_there_is_none(tmp_path):
    assert newest_checkpoint(tmp_path) is None
    with pytest.raises(MissingFile):
        read_checkpoint(checkpoint_path(tmp_path, 7))
