"""Novelty: the longest passage of each sample that stands in the training corpus, and where.

The samples become a suffix automaton (Blumer et al. 1985), which reads the corpus once: after each symbol it knows the
longest passage that ends there and stands in some sample. Memory is a few states a symbol of the samples, whatever the
size of the corpus; time is linear in both. What the symbols are is the domain's to say (`Domain.passages`): ids that
count as the same have the same symbol, so that a tune in another key can be a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from seqgen.corpus.storage.store import Documents

Symbols = Callable[[np.ndarray], np.ndarray]
NOWHERE = (-1, -1)


@dataclass(frozen=True)
class Copy:
    """A passage of a sample that stands in the corpus.

    length:   how many ids of it count; 0 where the two have nothing in common, and then all else is −1.
    document: which of the corpus.
    sample_span, corpus_span: the place of its first id and of the one after its last, in sample and document.
    """

    length: int
    document: int
    sample_span: tuple[int, int]
    corpus_span: tuple[int, int]


def longest_copies(samples: Sequence[np.ndarray], corpus: Documents, symbols: Symbols) -> list[Copy]:
    """Of each sample, ids int32[n], the longest passage that stands in a document of `corpus`, and one such place.

    `symbols` gives the symbol of each id, int[n]; ids with a negative one are passed over on both sides.
    """
    texts = [_text(ids, symbols) for ids in samples]
    automaton = _SuffixAutomaton(text for text, _ in texts)
    for number in range(len(corpus)):
        automaton.read(number, _text(corpus[number][0], symbols)[0])
    copies = []
    for (_, places), (length, end, (document, corpus_end)) in zip(texts, automaton.longest(), strict=True):
        if not length:
            copies.append(Copy(0, -1, NOWHERE, NOWHERE))
            continue
        # Read once more: to keep the places of all documents would take memory that grows with the corpus.
        _, corpus_places = _text(corpus[document][0], symbols)
        copies.append(Copy(length, document, _span(places, end, length), _span(corpus_places, corpus_end, length)))
    return copies


def _span(places: np.ndarray, end: int, length: int) -> tuple[int, int]:
    """From the first to after the last of `length` ids that count, the last of them number `end`."""
    return int(places[end - length + 1]), int(places[end]) + 1


def _text(ids: np.ndarray, symbols: Symbols) -> tuple[list[int], np.ndarray]:
    """The symbols of a document that count, and the places of their ids."""
    every = symbols(ids)
    places = np.flatnonzero(every >= 0)
    return every[places].tolist(), places


class _SuffixAutomaton:
    """The smallest automaton that accepts every passage of every text.

    A state stands for the passages that end at the same places: the longest of them, and its ends down to one symbol
    more than the longest passage of the state that it is linked to.
    """

    def __init__(self, texts: Iterable[Sequence[int]]) -> None:
        self._next: list[dict[int, int]] = [{}]
        self._link = [-1]
        self._length = [0]
        self._ends: list[list[int]] = []
        for text in texts:
            # Each text begins anew at the root: no passage spans two.
            last, ends = 0, []
            for symbol in text:
                last = self._extend(last, symbol)
                ends.append(last)
            self._ends.append(ends)
        self._matched = [0] * len(self._next)
        self._where = [NOWHERE] * len(self._next)

    def read(self, document: int, text: Iterable[int]) -> None:
        """Notes in each state the longest of its passages that stands in `text`, and where that ends."""
        following, link, length, matched, where = self._next, self._link, self._length, self._matched, self._where
        state = size = 0
        for place, symbol in enumerate(text):
            while state and symbol not in following[state]:
                state = link[state]
                size = length[state]
            if symbol in following[state]:
                state = following[state][symbol]
                size += 1
                if size > matched[state]:
                    matched[state] = size
                    where[state] = (document, place)

    def longest(self) -> list[tuple[int, int, tuple[int, int]]]:
        """Of each text, the longest passage that was met: its length, where it ends there, and where it was met.

        Where it was met is the document and the end. (0, -1, NOWHERE) where nothing was.
        """
        matched, link = self._matched, self._link
        by_length = sorted(range(1, len(link)), key=self._length.__getitem__, reverse=True)
        for state in by_length:
            # The ends of what was met were met as well.
            shorter = link[state]
            if matched[state] and shorter > 0 and matched[shorter] < self._length[shorter]:
                matched[shorter] = self._length[shorter]
                self._where[shorter] = self._where[state]
        return [self._longest_of(ends) for ends in self._ends]

    def _longest_of(self, ends: Sequence[int]) -> tuple[int, int, tuple[int, int]]:
        best = (0, -1, NOWHERE)
        for end, state in enumerate(ends):
            # The longest passage met that ends here: of this state, or of the first one linked to that was met.
            while state > 0 and not self._matched[state]:
                state = self._link[state]
            if state > 0 and self._matched[state] > best[0]:
                best = (self._matched[state], end, self._where[state])
        return best

    def _extend(self, last: int, symbol: int) -> int:
        """The state of a text that was in `last`, one symbol further."""
        known = self._next[last].get(symbol)
        if known is not None:
            return known if self._length[known] == self._length[last] + 1 else self._split(last, symbol, known)
        state = self._state({}, 0, self._length[last] + 1)
        while last >= 0 and symbol not in self._next[last]:
            self._next[last][symbol] = state
            last = self._link[last]
        if last >= 0:
            known = self._next[last][symbol]
            fits = self._length[known] == self._length[last] + 1
            self._link[state] = known if fits else self._split(last, symbol, known)
        return state

    def _split(self, last: int, symbol: int, known: int) -> int:
        """A state for those passages of `known` that are no longer than what led to it from `last`."""
        state = self._state(dict(self._next[known]), self._link[known], self._length[last] + 1)
        self._link[known] = state
        while last >= 0 and self._next[last].get(symbol) == known:
            self._next[last][symbol] = state
            last = self._link[last]
        return state

    def _state(self, following: dict[int, int], link: int, length: int) -> int:
        self._next.append(following)
        self._link.append(link)
        self._length.append(length)
        return len(self._link) - 1
