"""The label of a document that has it last, asked for within the content as well, while a model is trained.

A label at the very end teaches little about what stood far before it. *Target replication* (Lipton et al. 2016,
*Learning to Diagnose with LSTM Recurrent Neural Networks*, section 4.3) asks for it at earlier steps too; *linear gain*
(Dai & Le 2015, *Semi-supervised Sequence Learning*, section 2) lets an answer count the more, the nearer to the end.
"""

from __future__ import annotations

import numpy as np

from seqgen import Questions
from seqgen_sentiment.frame import Frame


def ask_early(
    ids: np.ndarray, frame: Frame, state: int, share: float, weight: float, rng: np.random.Generator
) -> Questions | None:
    """The label of ids int32[n + 5] around n tokens of content, asked after each of those with probability `share`.

    state:  of the grammar, the one in which a label may come last
    weight: of all answers together, on average

    None where no label comes last.
    """
    length = len(ids) - 5
    label = ids[-2]
    # Counted from 1 on.
    asked = 1 + np.flatnonzero(rng.random(length) < share)
    if label == frame.unlabelled or not asked.size:
        return None
    weights = weight * asked / (share * length * (length + 1) / 2)
    return Questions(1 + asked, np.full(asked.size, label, np.int32), weights.astype(np.float32), state)
