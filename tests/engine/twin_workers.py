"""A stand-in for two workers that read the same, in one process."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from seqgen.engine.worker_group import WorkerGroup


class TwinWorkers(WorkerGroup):
    """Two workers that read the same: what is summed or joined is that of this one, twice."""

    def __init__(self):
        super().__init__(["a:1", "b:1"], 0)

    def sum(self, purpose, tensors):
        return [2 * tensor for tensor in tensors]

    def sum_numbers(self, numbers):
        # What workers agree upon comes from the chief alone, and is more than one number.
        return np.asarray(numbers, np.float64) * (2 if len(numbers) == 1 else 1)

    def gather(self, purpose, part, axis):
        return tf.concat([part, part], axis)
