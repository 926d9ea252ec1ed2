"""All workers of a run begin with the checkpoint that its chief has read."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen.engine.training.checkpoint import LoopRecord, save_checkpoint
from seqgen.engine.worker_group import WorkerGroup
from seqgen.errors import TrainingError
from seqgen.workflows.run_training import common_checkpoint


class SecondWorker(WorkerGroup):
    """Worker 1 of 2, whose chief has read the checkpoint of a step."""

    def __init__(self, step):
        super().__init__(["a:1", "b:1"], 1)
        self.step = step

    def sum_numbers(self, numbers):
        return np.array([self.step], np.float64)


def test_a_worker_reads_the_checkpoint_of_the_chief_although_it_is_not_the_newest(tmp_path):
    for step in (5, 9):
        save_checkpoint(tmp_path, {"weights/a": np.zeros(2, np.float32)}, LoopRecord(step=step))
    assert common_checkpoint(tmp_path, SecondWorker(5)).record.step == 5
    assert common_checkpoint(tmp_path, WorkerGroup()).record.step == 9
    assert common_checkpoint(tmp_path, SecondWorker(-1)) is None


def test_a_worker_that_does_not_see_the_folder_of_the_run_says_that_it_must_be_shared(tmp_path):
    with pytest.raises(TrainingError, match="on a shared disk"):
        common_checkpoint(tmp_path, SecondWorker(5))
