"""Finds the longest passage of each sample that the training corpus contains, to check for memorisation.

The samples become a suffix automaton (Blumer et al. 1985), which reads the corpus once. After each symbol it knows the
longest passage that ends there and occurs in a sample. It needs a few states for each symbol of the samples, whatever
the size of the corpus; its time is linear in both. The domain gives the symbols (`Metrics.copy_symbols`): ids that
count as the same have the same symbol, so that a transposed tune can be a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from seqgen.corpus.storage.documents import Documents

Symbols = Callable[[np.ndarray], np.ndarray]
NOWHERE = (-1, -1)


@dataclass(frozen=True)
class CopiedPassage:
    """A passage of a sample that also occurs in the corpus.

    length:   the number of its ids that have a symbol; 0 if there is no common passage, and then all else is −1
    document: the number of the document in the corpus
    sample_span, corpus_span: the positions of its first id and after its last id, in the sample and in the document
    """

    length: int
    document: int
    sample_span: tuple[int, int]
    corpus_span: tuple[int, int]


def longest_copied_passages(samples: Sequence[np.ndarray], corpus: Documents, symbols: Symbols) -> list[CopiedPassage]:
    """Returns the longest passage of each sample int32[n] that a document of `corpus` contains, and one place of it.

    `symbols` returns the symbol of each of ids int32[n]: int[n]. Ids with a negative symbol are ignored on both sides.
    """
    texts = [_text(ids, symbols) for ids in samples]
    automaton = _SuffixAutomaton(text for text, _ in texts)
    for number in range(len(corpus)):
        automaton.read(number, _text(corpus[number][0], symbols)[0])
    passages = []
    for (_, positions), (length, end, (document, corpus_end)) in zip(texts, automaton.longest(), strict=True):
        if not length:
            passages.append(CopiedPassage(0, -1, NOWHERE, NOWHERE))
            continue
        # The document is read again. The positions of all documents would take memory that grows with the corpus.
        _, corpus_positions = _text(corpus[document][0], symbols)
        spans = _span(positions, end, length), _span(corpus_positions, corpus_end, length)
        passages.append(CopiedPassage(length, document, *spans))
    return passages


def copied_lengths(samples: Sequence[np.ndarray], corpus: Documents, symbols: Symbols) -> list[np.ndarray]:
    """Returns the length of the longest copied passage that each id of each sample is part of: int[n], 0 for none.

    The arguments are those of `longest_copied_passages`.
    """
    texts = [_text(ids, symbols) for ids in samples]
    automaton = _SuffixAutomaton(text for text, _ in texts)
    for number in range(len(corpus)):
        automaton.read(number, _text(corpus[number][0], symbols)[0])
    lengths = []
    for ids, (_, positions), ending in zip(samples, texts, automaton.lengths(), strict=True):
        covering = np.zeros(len(positions), int)
        for end, length in enumerate(ending):
            part = covering[end + 1 - length : end + 1]
            np.maximum(part, length, out=part)
        spread = np.zeros(len(ids), int)
        spread[positions] = covering
        lengths.append(spread)
    return lengths


def _span(positions: np.ndarray, end: int, length: int) -> tuple[int, int]:
    """Returns the positions of the first and after the last of `length` ids, the last of which has the number `end`."""
    return int(positions[end - length + 1]), int(positions[end]) + 1


def _text(ids: np.ndarray, symbols: Symbols) -> tuple[list[int], np.ndarray]:
    """Returns the symbols of a document that are not negative, and the positions of their ids."""
    every = symbols(ids)
    positions = np.flatnonzero(every >= 0)
    return every[positions].tolist(), positions


class _SuffixAutomaton:
    """The smallest automaton that accepts every passage of every text.

    A state stands for the passages that end at the same positions: the longest of them, and its suffixes down to one
    symbol more than the longest passage of the linked state.
    """

    def __init__(self, texts: Iterable[Sequence[int]]) -> None:
        self._next: list[dict[int, int]] = [{}]
        self._link = [-1]
        self._length = [0]
        self._ends: list[list[int]] = []
        for text in texts:
            # Each text begins at the root, so that no passage is part of two texts.
            last, ends = 0, []
            for symbol in text:
                last = self._extend(last, symbol)
                ends.append(last)
            self._ends.append(ends)
        self._matched = [0] * len(self._next)
        self._match = [NOWHERE] * len(self._next)

    def read(self, document: int, text: Iterable[int]) -> None:
        """Records in each state its longest passage that occurs in `text`, and where the passage ends."""
        following, link, length = self._next, self._link, self._length
        matched, match = self._matched, self._match
        state = size = 0
        for position, symbol in enumerate(text):
            while state and symbol not in following[state]:
                state = link[state]
                size = length[state]
            if symbol in following[state]:
                state = following[state][symbol]
                size += 1
                if size > matched[state]:
                    matched[state] = size
                    match[state] = (document, position)

    def lengths(self) -> list[list[int]]:
        """Returns for each symbol of each text the length of the longest passage that ends there and was read."""
        self._spread_matches()
        return [[self._longest_of([state])[0] for state in ends] for ends in self._ends]

    def longest(self) -> list[tuple[int, int, tuple[int, int]]]:
        """Returns for each text its longest passage that was read: its length, its end in the text, and its match.

        The match is the document and the end in it. The result is (0, −1, NOWHERE) if no passage was read.
        """
        self._spread_matches()
        return [self._longest_of(ends) for ends in self._ends]

    def _spread_matches(self) -> None:
        """Records for each passage that was read that its suffixes were read too."""
        matched, link = self._matched, self._link
        by_length = sorted(range(1, len(link)), key=self._length.__getitem__, reverse=True)
        for state in by_length:
            shorter = link[state]
            if matched[state] and shorter > 0 and matched[shorter] < self._length[shorter]:
                matched[shorter] = self._length[shorter]
                self._match[shorter] = self._match[state]

    def _longest_of(self, ends: Sequence[int]) -> tuple[int, int, tuple[int, int]]:
        best = (0, -1, NOWHERE)
        for end, state in enumerate(ends):
            # The longest passage that was read and ends here belongs to the first linked state that has a match.
            while state > 0 and not self._matched[state]:
                state = self._link[state]
            if state > 0 and self._matched[state] > best[0]:
                best = (self._matched[state], end, self._match[state])
        return best

    def _extend(self, last: int, symbol: int) -> int:
        """Returns the state after one more symbol of a text that is in state `last`."""
        target = self._next[last].get(symbol)
        if target is not None:
            return target if self._length[target] == self._length[last] + 1 else self._split(last, symbol, target)
        state = self._state({}, 0, self._length[last] + 1)
        while last >= 0 and symbol not in self._next[last]:
            self._next[last][symbol] = state
            last = self._link[last]
        if last >= 0:
            target = self._next[last][symbol]
            fits = self._length[target] == self._length[last] + 1
            self._link[state] = target if fits else self._split(last, symbol, target)
        return state

    def _split(self, last: int, symbol: int, target: int) -> int:
        """Returns a new state for the passages of `target` that are at most one symbol longer than those of `last`."""
        state = self._state(dict(self._next[target]), self._link[target], self._length[last] + 1)
        self._link[target] = state
        while last >= 0 and self._next[last].get(symbol) == target:
            self._next[last][symbol] = state
            last = self._link[last]
        return state

    def _state(self, following: dict[int, int], link: int, length: int) -> int:
        self._next.append(following)
        self._link.append(link)
        self._length.append(length)
        return len(self._link) - 1
