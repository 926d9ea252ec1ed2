"""The echo state network (Jaeger 2001): a simple recurrent network with fixed random weights and a trained read-out.

`initial_weights` in weights.py scales the recurrent matrix to its spectral radius.
"""

from __future__ import annotations

from seqgen.engine.cells.registry import register_cell
from seqgen.engine.cells.rnn import Rnn


class Echo(Rnn):
    """The reservoir of an echo state network: the equations of a simple RNN, never trained."""

    is_trainable = False


register_cell("echo", Echo())
