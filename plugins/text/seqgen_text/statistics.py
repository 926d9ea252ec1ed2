"""How varied texts are, the samples beside held-out ones.

*Distinct-n* (Li et al. 2016): the share of runs of n words that are different. It falls with length, so both sides are
cut to the same number of words. *Repetition* (Welleck et al. 2020): the share of runs of 4 words in a text that stood
in the same text before.
"""

from __future__ import annotations

from collections.abc import Sequence

from seqgen_text.units import WORD

REPEATED = 4


def compare(real: Sequence[str], made: Sequence[str]) -> dict[str, float]:
    """Distinct-1, -2 and -3 and repetition of both, by name."""
    words = {"held out": [_words(text) for text in real], "samples": [_words(text) for text in made]}
    most = min(sum(map(len, texts)) for texts in words.values())
    result: dict[str, float] = {}
    for n in (1, 2, 3):
        result |= {f"distinct-{n}, {side}": distinct(_first(texts, most), n) for side, texts in words.items()}
    return result | {f"repetition, {side}": repetition(texts) for side, texts in words.items()}


def distinct(texts: Sequence[Sequence[str]], n: int) -> float:
    """The share of runs of n words that are different; 0 where there are none."""
    runs = [run for text in texts for run in _runs(text, n)]
    return len(set(runs)) / max(1, len(runs))


def repetition(texts: Sequence[Sequence[str]]) -> float:
    """The share of runs of 4 words that stood in the same text before."""
    counts = [(len(runs), len(set(runs))) for runs in (_runs(text, REPEATED) for text in texts)]
    return sum(all_ - different for all_, different in counts) / max(1, sum(all_ for all_, _ in counts))


def _words(text: str) -> list[str]:
    return [word for word in map(str.strip, WORD.findall(text)) if word]


def _runs(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[start:] for start in range(n)), strict=False))


def _first(texts: Sequence[Sequence[str]], most: int) -> list[Sequence[str]]:
    """The first `most` words, text by text."""
    kept: list[Sequence[str]] = []
    for text in texts:
        kept.append(text[:most])
        most -= len(kept[-1])
    return kept
