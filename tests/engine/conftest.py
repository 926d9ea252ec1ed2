"""What the tests of the engine share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import tensorflow as tf


@pytest.fixture(scope="module")
def without_compiler() -> Iterator[None]:
    """Runs programs operation by operation: a few steps of a tiny model take less time than compiling them."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
