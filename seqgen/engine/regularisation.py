"""What training does to the forward pass so that a model does not learn its data by heart.

*Dropout* (Srivastava et al. 2014) of each layer's output, drawn anew at each step, or locked: one mask for all steps of
a segment (Gal & Ghahramani 2016, *A Theoretically Grounded Application of Dropout in RNNs*). *Weight-drop*: DropConnect
(Wan et al. 2013) on the recurrent matrices, one mask a segment (Merity et al. 2018, *Regularizing and Optimizing LSTM
Language Models*, section 2). *AR and TAR*: penalties on the size of the last layer's output and on its change from step
to step (Merity et al. 2017, *Revisiting Activation Regularization for Language RNNs*).
"""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from seqgen.engine.settings import TrainingSettings

DRAWS = 64
"""Seeds that one step may use: dropout has the first half, weight-drop the second."""


class Regularisation:
    """The noise and the penalties of one step, a pure function of (seed, step).

    Made anew for each forward pass, which hands over what is to be thinned out and penalised; `penalty` (nats) is to be
    added to the loss.
    """

    def __init__(self, settings: TrainingSettings, step: tf.Tensor, lane: int = 0) -> None:
        """step: int32, scalar; lane: which share of the streams, each with dropout of its own."""
        self._settings = settings
        self._step = step
        self._lane = lane
        self.penalty = tf.constant(0.0)

    def drop(self, x: tf.Tensor, place: int) -> tf.Tensor:
        """x [T, B, H] with some units at 0 and the others scaled up; `place` numbers the layers.

        x may be a table of rows [R, H] as well: each row has a mask of its own, which is locked by itself.
        """
        if not self._settings.dropout:
            return x
        steps = 1 if self._settings.dropout_kind == "locked" and len(x.shape) == 3 else x.shape[0]
        lane = self._lane if len(x.shape) == 3 else 0
        return self._left_out(x, self._settings.dropout, place, (steps, *x.shape[1:]), lane)

    def thin(self, weights: Mapping[str, tf.Variable]) -> dict[str, tf.Tensor]:
        """The weights by name, with some of each recurrent matrix left out."""
        thinned = dict(weights)
        if self._settings.weight_drop:
            matrices = [name for name in weights if name.split("/")[-1] == "recurrent_weights"]
            for number, name in enumerate(matrices):
                matrix = tf.convert_to_tensor(weights[name])
                thinned[name] = self._left_out(matrix, self._settings.weight_drop, DRAWS // 2 + number, matrix.shape)
        return thinned

    def penalise(self, hiddens: tf.Tensor, dropped: tf.Tensor, resets: tf.Tensor) -> None:
        """Adds AR and TAR of the last layer's hidden states [T, B, H], before and after dropout, to the penalty.

        AR is alpha · mean(dropped²), TAR is beta · mean((h_t − h_{t−1})²) over the steps of this segment that do not
        begin a document (resets bool[T, B]): there h must jump.
        """
        if self._settings.activation_penalty:
            self.penalty += self._settings.activation_penalty * tf.reduce_mean(tf.square(dropped))
        if self._settings.change_penalty and hiddens.shape[0] > 1:
            inside = tf.cast(~resets[1:], hiddens.dtype)[:, :, None]
            changes = tf.reduce_sum(tf.square(hiddens[1:] - hiddens[:-1]) * inside)
            counted = tf.maximum(tf.reduce_sum(inside) * hiddens.shape[-1], 1.0)
            self.penalty += self._settings.change_penalty * changes / counted

    def _left_out(self, x: tf.Tensor, rate: float, draw: int, mask: tuple[int, ...], lane: int = 0) -> tf.Tensor:
        seed = tf.stack([self._settings.seed, self._step * DRAWS + draw])
        if lane:
            seed = tf.random.experimental.stateless_fold_in(seed, lane)
        return tf.nn.experimental.stateless_dropout(x, rate, seed=seed, noise_shape=mask)
