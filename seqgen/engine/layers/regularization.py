"""What training does to the forward pass so that a model does not learn its data by heart.

*Dropout* (Srivastava et al. 2014) of each layer's output, drawn anew at each step, or locked: one mask for all steps of
a segment (Gal & Ghahramani 2016, *A Theoretically Grounded Application of Dropout in RNNs*). *Token dropout*: some
tokens are read as nothing at all (Iyyer et al. 2015, *Deep Unordered Composition Rivals Syntactic Methods*).
*Weight-drop*: DropConnect (Wan et al. 2013) on the recurrent matrices, one mask a segment (Merity et al. 2018,
*Regularizing and Optimizing LSTM Language Models*, section 2). *AR and TAR*: penalties on the size of the last layer's
output and on its change from step to step (Merity et al. 2017, *Revisiting Activation Regularization for Language
RNNs*).
"""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from seqgen.engine.settings import TrainingSettings

DRAWS = 64
"""Seeds that one step may use: dropout has the first half, the last of which hides tokens, weight-drop the second."""
HIDING = DRAWS // 2 - 1


class Regularisation:
    """The noise and the penalties of one step, a pure function of (seed, step).

    Made anew for each step. Forward passes hand over what is to be thinned out and penalised, one lane (lanes.py) after
    the other; `penalty` (nats) is to be added to the loss.
    """

    def __init__(self, settings: TrainingSettings, step: tf.Tensor, lanes: int = 1) -> None:
        """step: int32, scalar; lanes: into how many equal shares the streams of a batch are divided."""
        self._settings = settings
        self._step = step
        self._lanes = lanes
        self._masks: dict[int, tf.Tensor] = {}
        self.lane = 0
        """The share of the streams that the forward pass is about."""
        self.penalty = tf.constant(0.0)

    def drop(self, x: tf.Tensor, place: int) -> tf.Tensor:
        """x [T, B, H] with some units at 0 and the others scaled up; `place` numbers the layers.

        x may be a table of rows [R, H] as well: each row has a mask of its own, which is locked by itself.
        """
        if not self._settings.dropout:
            return x
        if len(x.shape) == 2:
            return x * self._mask(self._settings.dropout, place, x.shape)
        steps = 1 if self._settings.dropout_mask == "locked" else x.shape[0]
        # Drawn for all lanes at once: what is learned does not depend on how many there are.
        whole = self._mask(self._settings.dropout, place, (steps, x.shape[1] * self._lanes, x.shape[2]))
        return x * tf.split(whole, self._lanes, 1)[self.lane]

    def hide(self, ids: tf.Tensor, nothing: int) -> tf.Tensor:
        """ids int32[T, B] with some of them replaced by `nothing`."""
        steps, streams = ids.shape
        kept = self._mask(self._settings.token_dropout, HIDING, (steps, streams * self._lanes)) > 0
        return tf.where(tf.split(kept, self._lanes, 1)[self.lane], ids, nothing)

    @property
    def hides(self) -> bool:
        """Whether any token is hidden."""
        return self._settings.token_dropout > 0

    def thin(self, weights: Mapping[str, tf.Variable]) -> dict[str, tf.Tensor]:
        """The weights by name, with some of each recurrent matrix left out."""
        thinned = dict(weights)
        if self._settings.weight_drop:
            matrices = [name for name in weights if name.split("/")[-1] == "recurrent_weights"]
            for number, name in enumerate(matrices):
                mask = self._mask(self._settings.weight_drop, DRAWS // 2 + number, weights[name].shape)
                thinned[name] = weights[name] * mask
        return thinned

    def penalise(self, hiddens: tf.Tensor, dropped: tf.Tensor, resets: tf.Tensor) -> None:
        """Adds AR and TAR of the last layer's hidden states [T, B, H], before and after dropout, to the penalty.

        AR is alpha · mean(dropped²), TAR is beta · mean((h_t − h_{t−1})²) over the steps of this segment, with 0 for
        those that begin a document (resets bool[T, B]): there h must jump.
        """
        penalty = tf.constant(0.0)
        if self._settings.activation_regularization:
            penalty += self._settings.activation_regularization * tf.reduce_mean(tf.square(dropped))
        if self._settings.temporal_activation_regularization and hiddens.shape[0] > 1:
            inside = tf.cast(~resets[1:], hiddens.dtype)[:, :, None]
            change = tf.reduce_mean(tf.square(hiddens[1:] - hiddens[:-1]) * inside)
            penalty += self._settings.temporal_activation_regularization * change
        self.penalty += penalty / self._lanes

    def _mask(self, rate: float, draw: int, shape: tuple[int, ...]) -> tf.Tensor:
        """What is multiplied with: 0 for what is left out, 1 / (1 - rate) for the rest. Drawn once a step."""
        if draw not in self._masks:
            seed = tf.stack([self._settings.seed, self._step * DRAWS + draw])
            self._masks[draw] = tf.nn.experimental.stateless_dropout(tf.ones(shape), rate, seed=seed)
        return self._masks[draw]
