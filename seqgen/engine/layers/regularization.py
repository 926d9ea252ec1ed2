"""What training does to the forward pass so that a model does not memorize its data.

*Dropout* (Srivastava et al. 2014) of the embeddings and of each layer's output, with a new mask at each step or with
one mask for all steps of a segment ("locked" or variational dropout, Gal & Ghahramani 2016, *A Theoretically Grounded
Application of Dropout in Recurrent Neural Networks*).
*Token dropout*: some input tokens are hidden (Iyyer et al. 2015, *Deep Unordered Composition Rivals Syntactic
Methods*).
*Weight drop*: DropConnect (Wan et al. 2013) on the recurrent matrices, one mask for each segment (Merity et al. 2018,
*Regularizing and Optimizing LSTM Language Models*, section 2).
*AR and TAR*: penalties on the size of the last layer's output and on its change from step to step (Merity et al. 2017,
*Revisiting Activation Regularization for Language RNNs*).
"""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from seqgen.engine.settings import TrainingSettings

MASKS_PER_STEP = 64
"""Seeds that one step may use. Dropout has the first half of them, and weight drop the second."""
TOKEN_MASK = MASKS_PER_STEP // 2 - 1
"""The mask that hides tokens, the last one of the first half."""
CONDITION_DROPOUT_PLACE = MASKS_PER_STEP // 2 - 4
"""The place of what the model hears of the conditions."""
DIFFERENCE_DROPOUT_PLACE, OUTPUT_DROPOUT_PLACE = MASKS_PER_STEP // 2 - 3, MASKS_PER_STEP // 2 - 2
"""The places of the embedding of differences and of what the logits of differences are made of."""


class Regularization:
    """The masks and the penalties of one training step: a pure function of the seed and of the step.

    Make a new one for each step. The forward passes of the sub-batches (data_parallel.py) share it, one after the
    other. When they are done, `penalty` (nats a token) is to be added to the loss.
    """

    def __init__(self, settings: TrainingSettings, step: tf.Tensor, num_sub_batches: int = 1) -> None:
        """step: int32, scalar. The batch is split into `num_sub_batches` equal parts."""
        self._settings = settings
        self._step = step
        self._num_sub_batches = num_sub_batches
        self._masks: dict[int, tf.Tensor] = {}
        self.sub_batch = 0
        """The number of the sub-batch that the next forward pass reads."""
        self.penalty = tf.constant(0.0)

    @property
    def hides_tokens(self) -> bool:
        """Whether some input tokens are hidden."""
        return self._settings.token_dropout > 0

    def dropout(self, x: tf.Tensor, place: int, *, locked: bool = False) -> tf.Tensor:
        """Returns x [T, B, H] with some units at 0 and the others scaled up. Each `place` has masks of its own.

        With `locked`, one mask serves all steps, whatever the settings say. x may also be a table [R, H]: then each
        row has its mask, wherever in the segment the row is looked up.
        """
        rate = self._settings.dropout
        if not rate:
            return x
        if len(x.shape) == 2:
            return x * self._mask(rate, place, x.shape)
        steps = 1 if locked or self._settings.dropout_mask == "locked" else x.shape[0]
        # Drawn for the whole batch at once: the result does not depend on the number of sub-batches.
        mask = self._mask(rate, place, (steps, x.shape[1] * self._num_sub_batches, x.shape[2]))
        return x * self._of_sub_batch(mask)

    def hide_tokens(self, ids: tf.Tensor, hidden_id: int) -> tf.Tensor:
        """Returns ids int32[T, B] with some of them replaced by `hidden_id`."""
        steps, batch_size = ids.shape
        mask = self._mask(self._settings.token_dropout, TOKEN_MASK, (steps, batch_size * self._num_sub_batches))
        return tf.where(self._of_sub_batch(mask > 0), ids, hidden_id)

    def drop_recurrent_weights(self, weights: Mapping[str, tf.Variable]) -> dict[str, tf.Tensor]:
        """Returns the weights by name, where weight drop has set numbers in the recurrent matrices to 0."""
        dropped = dict(weights)
        if self._settings.weight_drop:
            matrices = [name for name in weights if name.split("/")[-1] == "recurrent_weights"]
            for number, name in enumerate(matrices, start=MASKS_PER_STEP // 2):
                dropped[name] = weights[name] * self._mask(self._settings.weight_drop, number, weights[name].shape)
        return dropped

    def add_activation_penalties(self, hiddens: tf.Tensor, dropped: tf.Tensor, resets: tf.Tensor) -> None:
        """Adds AR and TAR of the last layer's hidden states [T, B, H], before and after dropout, to the penalty.

            AR  = α · mean(dropped²)
            TAR = β · mean((h_t - h_{t-1})²)

        Steps that begin a document, as resets bool[T, B] says, count as 0 in TAR: there h must jump.
        """
        settings, penalty = self._settings, tf.constant(0.0)
        if settings.activation_regularization:
            penalty += settings.activation_regularization * tf.reduce_mean(tf.square(dropped))
        if settings.temporal_activation_regularization and hiddens.shape[0] > 1:
            in_document = tf.cast(~resets[1:], hiddens.dtype)[:, :, None]
            change = tf.reduce_mean(tf.square(hiddens[1:] - hiddens[:-1]) * in_document)
            penalty += settings.temporal_activation_regularization * change
        self.penalty += penalty / self._num_sub_batches

    def _of_sub_batch(self, mask: tf.Tensor) -> tf.Tensor:
        """Returns the part [·, B, …] of a mask of the whole batch that belongs to the sub-batch."""
        return tf.split(mask, self._num_sub_batches, 1)[self.sub_batch]

    def _mask(self, rate: float, number: int, shape: tuple[int, ...]) -> tf.Tensor:
        """Returns the mask of a number, drawn once a step: 0 with probability `rate`, else 1 / (1 - rate)."""
        if number not in self._masks:
            seed = tf.stack([self._settings.seed, self._step * MASKS_PER_STEP + number])
            self._masks[number] = tf.nn.experimental.stateless_dropout(tf.ones(shape), rate, seed=seed)
        return self._masks[number]
