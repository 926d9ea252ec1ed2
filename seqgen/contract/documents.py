"""The values that a domain and the rest of seqgen exchange."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

from seqgen.grammar import BOS, EOS, Grammar, Relations

Item = TypeVar("Item")


@dataclass(frozen=True)
class Record(Generic[Item]):
    """An item and what is known about it but is not encoded.

    item:     one piece of data: a piece of music, a text, a window of a series
    metadata: JSON values by name: an id, a source, a time stamp, the untouched reference of a translation. They are
              stored beside the document and come back with it to `Prediction`, `Metrics` and reports.
    """

    item: Item
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Remark:
    """What `read` may yield between items: a sentence about the file, counted by its text.

    dropped: whether an item was left out. Otherwise the remark is information, such as which column was chosen.
    count:   how often it holds, such as for how many notes of one piece
    """

    text: str
    dropped: bool = False
    count: int = 1


@dataclass(frozen=True, eq=False)
class Example:
    """One document as the engine sees it.

    ids:     int32[n], starting with BOS and usually ending with EOS
    weights: float32[n], how much the prediction of each id counts in the loss. 0 means given. BOS always has 0.
    """

    ids: np.ndarray
    weights: np.ndarray

    @classmethod
    def document(cls, content: Sequence[int] | np.ndarray, *, ends: bool = True) -> Example:
        """Returns BOS, the content, and EOS if the document `ends`. Every id but BOS has weight 1."""
        ids = np.full(len(content) + 1 + ends, EOS, np.int32)
        ids[0], ids[1 : len(content) + 1] = BOS, content
        weights = np.ones(len(ids), np.float32)
        weights[0] = 0
        return cls(ids, weights)


@dataclass(frozen=True, eq=False)
class PromptConditions:
    """What is known ahead of each document that is drawn after a prompt, such as its key (`Training.conditions`).

    after: how many ids of a document must be known before its conditions can be made. Missing ones are drawn first.
    draw:  takes the first ids of a document, at least so many, and a random generator, which draws what is left open.
           It returns int32[C, J], by step and channel.
    """

    after: int
    draw: Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class PromptChoice:
    """What a prompt leaves open, such as the key of a piece. It is chosen for each sample.

    draw:    takes a random generator, which depends on the number of the sample, and returns what is chosen: a value
             that can be hashed. Samples that choose the same are drawn together.
    resolve: takes what was chosen, and returns a prompt that leaves nothing open. The last ones are kept, so it needs
             no cache of its own.
    """

    draw: Callable[[np.random.Generator], Hashable]
    resolve: Callable[[Any], Prompt]


@dataclass(frozen=True, eq=False)
class Prompt:
    """Where sampling starts.

    ids:           int32[n], the given beginning, starting with BOS
    grammar:       the automaton of the whole document
    given:         tokens that are fixed after `ids`. Either int32[m], one entry a position: a token, −1 for any token,
                   −1 − t for any token but t. Or, if their positions are not known, an automaton that accepts exactly
                   the documents that contain them. None if nothing else is fixed.
    unconditional: int32[n], the same beginning without the condition (such as a label), for classifier-free guidance
                   (Ho & Salimans 2022). It is read without `conditions`. None if there is no condition.
    guidance:      the default strength of the guidance; 1 means none
    complete:      adds to the item of a document that was drawn what its tokens cannot say, such as an exact tempo. It
                   takes the item, and whether the item has the prompt in it. None if the tokens say everything.
    conditions:    what is known ahead of each document. None if nothing is.
    relations:     what the tokens that are drawn keep beside the grammar (seqgen.grammar.relations). None if there is
                   nothing of the kind.
    accepts:       whether a whole document int32[n] is legal, where no automaton can say it. Sampling draws another one
                   in place of one that is not, up to 32 times; a beam search leaves it out; a stream says so last.
                   What is drawn around given tokens cannot ask it. None if the grammar says everything.
    next_tokens:   which tokens may follow the document int32[n] so far, beside the grammar: bool[V]. It is asked for
                   each token of each sample or beam, so it is slow: an automaton is many times faster. What is drawn
                   around given tokens cannot ask it. None as for `accepts`.
    choice:        what this prompt leaves open and each sample chooses, such as the key of a piece. A model that hears
                   no conditions, and `infill`, take this prompt as it is. None if nothing is left open.
    """

    ids: np.ndarray
    grammar: Grammar
    given: np.ndarray | Grammar | None = None
    unconditional: np.ndarray | None = None
    guidance: float = 1.0
    complete: Callable[[Any, bool], Any] | None = None
    conditions: PromptConditions | None = None
    relations: Relations | None = None
    accepts: Callable[[np.ndarray], bool] | None = None
    next_tokens: Callable[[np.ndarray], np.ndarray] | None = None
    choice: PromptChoice | None = None

    def item(self, decoded: Any, with_prompt: bool = True) -> Any:
        """Returns the item of a document that was drawn, with what its tokens cannot say."""
        return decoded if self.complete is None else self.complete(decoded, with_prompt)

    def guidance_strength(self, requested: float | None) -> float:
        """Returns the requested strength, or the prompt's default if none was requested."""
        return self.guidance if requested is None else requested


@dataclass(frozen=True, eq=False)
class AuxiliaryTargets:
    """Targets that replace the next id at some positions of a document during training.

    positions: int[k], after which of the document's ids each target is predicted
    targets:   int32[k], the ids to predict
    weights:   float32[k], how much each target counts in the loss
    states:    int32[k], the states of the domain's grammar that the model is told at these positions
    """

    positions: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    states: np.ndarray


@dataclass(frozen=True)
class Answer:
    """What `Prediction.predict` says about one record.

    text:   lines for people
    values: the same as JSON values by name
    item:   the answer as an item of the domain, such as a sentence with its translation. `predict -o` writes and
            renders it. None if there is nothing to write.
    """

    text: str
    values: dict[str, Any]
    item: Any = None
