"""How a labelled document varies during training."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqgen import AuxiliaryTargets, Training
from seqgen_sentiment.labelled_grammar import LabelledGrammar
from seqgen_sentiment.labelled_item import LabelledItem
from seqgen_sentiment.settings import SentimentSettings
from seqgen_sentiment.target_replication import replicate_target


class LabelledTraining(Training[LabelledItem]):
    """Shows the label first in some documents, and asks for it within the content of the others."""

    def __init__(self, base: Training[Any] | None, settings: SentimentSettings, grammar: LabelledGrammar) -> None:
        self.base = base
        self.settings = settings
        self.layout = grammar.layout
        self.label_state = grammar.last_label_state

    def augment(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns a document with the content augmented as in the base, and with the label first in some cases.

        To a model that generates by label, the documents with the label last are those whose label was dropped, as
        classifier-free guidance needs them.
        """
        other = ids.copy()
        if self.base is not None:
            document, positions = self.layout.document(ids)
            other[positions[1:-1]] = self.base.augment(document, rng)[1:-1]
        if rng.random() < self.settings.label_first_probability:
            other[[1, -2]] = other[[-2, 1]]
        return other

    def auxiliary_targets(self, ids: np.ndarray, rng: np.random.Generator) -> AuxiliaryTargets | None:
        """Returns the label as a target within the content, if the document has it last.

        All copies together weigh as much as the label at the end, if every token of the content has weight 1.
        """
        weight = self.settings.label_weight or float(self.layout.is_content(ids).sum())
        probability = self.settings.target_replication_probability
        return replicate_target(ids, self.layout, self.label_state, probability, weight, rng)
