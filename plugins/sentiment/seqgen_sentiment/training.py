"""How a labelled document varies during training: the label changes its slot, and is a target within the content.

The model hears the registers and the conditions of the content, such as the key of a piece.

A label at the very end teaches little about what is far before it. *Target replication* (Lipton et al. 2016, *Learning
to Diagnose with LSTM Recurrent Neural Networks*, section 4.3) predicts it at earlier steps too. *Linear gain* (Dai & Le
2015, *Semi-supervised Sequence Learning*, section 2) gives later steps a larger weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from seqgen import AuxiliaryTargets, Training
from seqgen.grammar import NO_COORDINATE, Conditions, Registers
from seqgen_sentiment.labelled_grammar import LabelledGrammar
from seqgen_sentiment.labelled_item import LabelledItem
from seqgen_sentiment.settings import SentimentSettings


class LabelledTraining(Training[LabelledItem]):
    """Shows the label first in some documents, and predicts it within the content of the others."""

    def __init__(self, base: Training[Any] | None, settings: SentimentSettings, grammar: LabelledGrammar) -> None:
        self.base = base
        self.settings = settings
        self.layout = grammar.layout
        self.grammar = grammar

    def augment(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns a document with the content augmented as in the base, and with the label first in some cases.

        A span keeps its label last. To a model that generates by label, the documents with the label last are those
        whose label was dropped, as classifier-free guidance needs them.
        """
        other = ids.copy()
        if self.base is not None:
            document, positions = self.layout.document(ids)
            other[positions[1:-1]] = self.base.augment(document, rng)[1:-1]
        if not self.layout.is_span(ids) and rng.random() < self.settings.label_first_probability:
            other[[1, -2]] = other[[-2, 1]]
        return other

    def auxiliary_targets(self, ids: np.ndarray, rng: np.random.Generator) -> AuxiliaryTargets | None:
        """Returns the label as a target after some tokens of the content, or None if the label is not last.

        The expected sum of the weights is that of the label at the end, if every token of the content has weight 1.
        """
        length, probability = int(self.layout.is_content(ids).sum()), self.settings.target_replication_probability
        steps, label = 1 + np.flatnonzero(rng.random(length) < probability), ids[-2]
        if label == self.layout.unlabelled or not steps.size:
            return None
        weight = self.settings.label_weight or float(length)
        weight *= self.settings.span_weight if self.layout.is_span(ids) else 1
        weights = weight * steps / (probability * length * (length + 1) / 2)
        targets = np.full(steps.size, label, np.int32)
        states = self.grammar.label_states[self._content_classes(ids)[1 + steps]]
        return AuxiliaryTargets(1 + steps, targets, weights.astype(np.float32), states)

    def _content_classes(self, ids: np.ndarray) -> np.ndarray:
        """Returns the class of the base's state after each id of a document with the label last: int[n]."""
        if self.grammar.base.class_count == 1:
            return np.zeros(len(ids), int)
        documents = self.grammar.all_documents
        classes: np.ndarray = documents.state_class[documents.unroll(ids)]
        return classes

    def registers(self) -> Registers | None:
        """Returns the base's registers for the vocabulary and the classes of labelled content.

        A slot or `<end>` changes no register and has no coordinate. A class of the base for each first label has the
        updates of that class.
        """
        base = self.base.registers() if self.base is not None else None
        if base is None:
            return None
        outside = self.layout.vocabulary_size - len(base.coordinate)
        (update_count, count), (class_count, kind_count) = base.sources.shape, base.update.shape
        classes = np.arange(self.grammar.all_documents.class_count) % class_count
        return replace(
            base,
            coordinate=np.append(base.coordinate, np.full(outside, NO_COORDINATE, np.int32)),
            kind=np.append(base.kind, np.full(outside, kind_count, np.int32)),
            update=np.pad(base.update[classes], ((0, 0), (0, 1)), constant_values=update_count),
            sources=np.concatenate([base.sources, np.arange(count, dtype=np.int32)[None]]),
            subject=np.append(base.subject, np.int32(count + 1)),
        )

    def conditions(self) -> Conditions | None:
        """Returns the base's conditions for the vocabulary and the classes of labelled content.

        A slot or `<end>` moves on to no step.
        """
        base = self.base.conditions() if self.base is not None else None
        if base is None:
            return None
        outside = self.layout.vocabulary_size - len(base.kind)
        class_count, kind_count = base.advances.shape
        classes = np.arange(self.grammar.all_documents.class_count) % class_count
        return replace(
            base,
            kind=np.append(base.kind, np.full(outside, kind_count, np.int32)),
            advances=np.pad(base.advances[classes], ((0, 0), (0, 1))),
        )

    def shown_conditions(self, ids: np.ndarray, rng: np.random.Generator, metadata: Mapping[str, Any]) -> np.ndarray:
        """Returns what the base shows of the content."""
        assert self.base is not None
        return self.base.shown_conditions(self.layout.document(ids)[0], rng, metadata)

    def offers(self, method: str) -> bool:
        if method in ("registers", "conditions", "shown_conditions"):
            return self.base is not None and self.base.offers(method)
        return super().offers(method)
