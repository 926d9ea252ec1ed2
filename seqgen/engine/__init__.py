"""The engine: trains and samples sequences of integers with TensorFlow, and knows nothing of what they mean."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _quiet_standard_error() -> Iterator[None]:
    """TensorFlow's C++ greets every user with a page about CUDA and oneDNN, before it reads any log level."""
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


@contextmanager
def _without_keras() -> Iterator[None]:
    """TensorFlow ends its own import with that of Keras, which imports scikit-learn and matplotlib where they are.

    That is half of the time. Only training needs Keras, and imports it. A module that is None cannot be imported.
    """
    name = "keras.src.optimizers"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


with _quiet_standard_error(), _without_keras():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    # TensorFlow looks for devices, and talks about them. After a first operation, workers could not be connected.
    tf.config.list_physical_devices()
