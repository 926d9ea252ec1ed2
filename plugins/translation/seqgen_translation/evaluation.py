"""How good translations are: BLEU and chrF by sacrebleu, beside two simple translators.

*BLEU* (Papineni et al. 2002) and *chrF* (Popović 2015) depend on their details, so each name has the signature that
sacrebleu gives (Post 2018). The simple translators copy the source, and replace each word by its partner in a table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from seqgen import Record
from seqgen_translation.sentence_pair import SentencePair

MAX_TABLE_RECORDS = 20_000
"""How many training pairs the table of words is made of."""
MAX_WORDS = 60
"""Words of a side that the table looks at. Pairs of long sentences say little about words."""


def reference(record: Record[SentencePair]) -> str:
    """Returns the untouched target of a pair."""
    return str(record.metadata.get("reference", record.item.target))


def bleu(translations: Sequence[str], references: Sequence[str]) -> float:
    """Returns BLEU, 0 to 100, of one translation and one reference a sentence."""
    return float(BLEU().corpus_score(list(translations), [list(references)]).score)


def translation_report(
    train: Iterable[Record[SentencePair]], held_out: Sequence[Record[SentencePair]], translations: Sequence[str]
) -> dict[str, Any]:
    """Returns BLEU and chrF of translations of held-out pairs, and of the simple translators; {} without pairs."""
    if not held_out:
        return {}
    references, sources = [reference(record) for record in held_out], [record.item.source for record in held_out]
    table = WordTable(record.item for record, _ in zip(train, range(MAX_TABLE_RECORDS), strict=False))
    candidates = {
        "": list(translations),
        ", copied source": sources,
        ", word by word": [table.translate(source) for source in sources],
    }
    report: dict[str, Any] = {}
    for metric in (BLEU(), CHRF()):
        for name, texts in candidates.items():
            score = metric.corpus_score(texts, [references])
            signature = f"|{metric.get_signature()}" if not name else ""
            report[f"{score.name}{signature}{name}"] = float(score.score)
    return report


class WordTable:
    """The target word that goes best with each source word, by Dice's coefficient.

    dice(s, t) = 2 · pairs with both / (pairs with s + pairs with t)
    """

    def __init__(self, pairs: Iterable[SentencePair]) -> None:
        sources: Counter[str] = Counter()
        targets: Counter[str] = Counter()
        together: Counter[tuple[str, str]] = Counter()
        for pair in pairs:
            source, target = ({*text.split()[:MAX_WORDS]} for text in (pair.source, pair.target or ""))
            sources.update(source)
            targets.update(target)
            together.update((one, other) for one in source for other in target)
        best: dict[str, tuple[float, str]] = {}
        for (source_word, target_word), count in together.items():
            dice = 2 * count / (sources[source_word] + targets[target_word])
            best[source_word] = max(best.get(source_word, (0.0, "")), (dice, target_word))
        self._partners = {word: partner for word, (_, partner) in best.items()}

    def translate(self, source: str) -> str:
        """Returns the partner of each word, in the same order. A word without partner stays as it is."""
        return " ".join(self._partners.get(word, word) for word in source.split())
