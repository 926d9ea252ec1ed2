"""How varied texts are, and how long.

*Distinct-n* (Li et al. 2016): the share of different n-grams of words. It falls with length, so both sides are cut to
the same number of words. *Repetition* (Welleck et al. 2020): the share of 4-grams that occurred before in their text.
"""

from __future__ import annotations

from collections.abc import Sequence

from seqgen import Metrics, Record
from seqgen_text.tokenization.word import WORD

REPETITION_ORDER = 4


class TextMetrics(Metrics[str]):
    """Distinct-1, -2 and -3 and repetition; sizes in characters and bytes."""

    def compare(self, held_out: Sequence[Record[str]], samples: Sequence[Record[str]]) -> dict[str, float]:
        words = {
            "held out": [_words(record.item) for record in held_out],
            "samples": [_words(record.item) for record in samples],
        }
        count = min(sum(map(len, texts)) for texts in words.values())
        found: dict[str, float] = {}
        for n in (1, 2, 3):
            found |= {f"distinct-{n}, {side}": distinct(_first_words(texts, count), n) for side, texts in words.items()}
        return found | {f"repetition, {side}": repetition(texts) for side, texts in words.items()}

    def sizes(self, item: str) -> dict[str, float]:
        return {"character": len(item), "byte": len(item.encode("utf-8"))}


def distinct(texts: Sequence[Sequence[str]], n: int) -> float:
    """Returns the share of different n-grams of words; 0 if there are none."""
    ngrams = [ngram for text in texts for ngram in _ngrams(text, n)]
    return len(set(ngrams)) / max(1, len(ngrams))


def repetition(texts: Sequence[Sequence[str]]) -> float:
    """Returns the share of 4-grams of words that occurred before in the same text; 0 if there are none."""
    counts = [(len(ngrams), len(set(ngrams))) for ngrams in (_ngrams(text, REPETITION_ORDER) for text in texts)]
    return sum(total - different for total, different in counts) / max(1, sum(total for total, _ in counts))


def _words(text: str) -> list[str]:
    return [word for word in map(str.strip, WORD.findall(text)) if word]


def _ngrams(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[start:] for start in range(n)), strict=False))


def _first_words(texts: Sequence[Sequence[str]], count: int) -> list[Sequence[str]]:
    """Returns the first `count` words, text by text."""
    kept: list[Sequence[str]] = []
    for text in texts:
        kept.append(text[:count])
        count -= len(kept[-1])
    return kept
