"""The label of a document that has it last, as a target within the content as well.

A label at the very end teaches little about what is far before it. *Target replication* (Lipton et al. 2016, *Learning
to Diagnose with LSTM Recurrent Neural Networks*, section 4.3) predicts it at earlier steps too. *Linear gain* (Dai & Le
2015, *Semi-supervised Sequence Learning*, section 2) gives later steps a larger weight.
"""

from __future__ import annotations

import numpy as np

from seqgen import AuxiliaryTargets
from seqgen_sentiment.document_layout import DocumentLayout


def replicate_target(
    ids: np.ndarray, layout: DocumentLayout, state: int, probability: float, weight: float, rng: np.random.Generator
) -> AuxiliaryTargets | None:
    """Returns the label of ids int32[n + 5], which have n tokens of content, as a target after some of these tokens.

    state:       the state of the grammar in which the last label may come
    probability: how likely each token of the content is chosen
    weight:      the expected sum of the weights of all targets

    Returns None if the label is not last, or no token is chosen.
    """
    length = len(ids) - 5
    label = ids[-2]
    steps = 1 + np.flatnonzero(rng.random(length) < probability)
    if label == layout.unlabelled or not steps.size:
        return None
    weights = weight * steps / (probability * length * (length + 1) / 2)
    return AuxiliaryTargets(1 + steps, np.full(steps.size, label, np.int32), weights.astype(np.float32), state)
