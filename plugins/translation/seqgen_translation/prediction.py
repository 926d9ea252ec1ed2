"""Translates sentences with a beam search, explains translations by the attention, and evaluates them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from seqgen import Answer, Domain, Options, Oracle, Prediction, Prompt, Record, Remark
from seqgen.contract.escaping import terminal_text
from seqgen.contract.oracle import Hypothesis
from seqgen_translation.alignment import best_source_words, word_alignment
from seqgen_translation.document_layout import DocumentLayout
from seqgen_translation.evaluation import bleu, reference, translation_report
from seqgen_translation.reading import PairReader
from seqgen_translation.sentence_pair import Alignment, SentencePair

LENGTH_PENALTIES = (0.0, 0.5, 1.0, 1.5)
"""The length penalties that `calibrate` tries."""
MAX_CALIBRATION_RECORDS = 200
LENGTH_STEP = 16
"""Sources of nearly the same length, in tokens, are searched together."""
Records = Sequence[Record[SentencePair]]


class TranslationPrediction(Prediction[SentencePair]):
    """The answer about a record is a translation of its source. A target that it has is not looked at."""

    answers_are_texts = True

    class Calibration(Options):
        """How translations are ranked."""

        length_penalty: float = Field(default=1.0, ge=0, le=10, description="α of Wu et al. (2016), equation 14")

    def __init__(
        self, domain: Domain[SentencePair], tokenizer: Domain[str], layout: DocumentLayout, reader: PairReader
    ) -> None:
        super().__init__()
        self._domain = domain
        self._tokenizer = tokenizer
        self._layout = layout
        self._reader = reader

    def read(self, path: Path) -> Iterator[SentencePair | Record[SentencePair] | Remark]:
        return self._reader.read_sources(path)

    def predict(self, records: Records, oracle: Oracle) -> Iterator[Answer]:
        """Yields the best translation of each record, with its probability. An empty source has an empty one."""
        for record, hypothesis in zip(records, self._translate(records, oracle), strict=True):
            yield self._answer(record, hypothesis, None)

    def explain(self, records: Records, oracle: Oracle) -> Iterator[Answer]:
        """Yields the same answers, with the source word that the model looks at most for each target word.

        A model without attention has no such words.
        """
        found = self._translate(records, oracle)
        known = [hypothesis for hypothesis in found if hypothesis is not None]
        maps = oracle.attention_maps([hypothesis.ids for hypothesis in known])
        remaining = None if maps is None else iter(maps)
        for record, hypothesis in zip(records, found, strict=True):
            aligned = None
            if hypothesis is not None and remaining is not None:
                aligned = word_alignment(hypothesis.ids, next(remaining), self._layout.separator, self._tokenizer)
            yield self._answer(record, hypothesis, aligned)

    def calibrate(self, train: Records, held_out: Records, oracle: Oracle) -> Any:
        """Finds the length penalty with the best BLEU on held-out pairs."""
        pairs = [record for record in held_out[:MAX_CALIBRATION_RECORDS] if record.item.target]
        if not pairs:
            return self.calibration
        references = [reference(record) for record in pairs]
        candidates = self._search(pairs, oracle, count=self._domain.settings.num_beams)
        scores = {
            penalty: bleu([self._text(self._best(found, penalty)) for found in candidates], references)
            for penalty in LENGTH_PENALTIES
        }
        return self.Calibration(length_penalty=max(scores, key=scores.__getitem__))

    def evaluate_answers(self, train: Records, held_out: Records, oracle: Oracle) -> dict[str, Any]:
        """Returns BLEU and chrF on held-out pairs, beside copying the source and a word-by-word table."""
        pairs = [record for record in held_out if record.item.target]
        translations = [self._text(hypothesis) for hypothesis in self._translate(pairs, oracle)]
        return translation_report(train, pairs, translations)

    def _translate(self, records: Records, oracle: Oracle) -> list[Hypothesis | None]:
        return [found[0] if found else None for found in self._search(records, oracle, count=1)]

    def _search(self, records: Records, oracle: Oracle, count: int) -> list[list[Hypothesis]]:
        """Returns the best `count` translations of each record; [] for an empty source.

        A translation has at most twice as many tokens as its source and LENGTH_STEP more.
        """
        prompts = {
            number: self._domain.prompting.prompt(SentencePair(record.item.source))
            for number, record in enumerate(records)
            if record.item.source
        }
        by_length: dict[int, list[int]] = defaultdict(list)
        for number, prompt in prompts.items():
            by_length[-(-len(prompt.ids) // LENGTH_STEP)].append(number)
        found: list[list[Hypothesis]] = [[] for _ in records]
        for length, numbers in by_length.items():
            group: list[Prompt] = [prompts[number] for number in numbers]
            results = oracle.search(
                group, max_new_tokens=(2 * length + 1) * LENGTH_STEP, num_beams=self._domain.settings.num_beams,
                length_penalty=self.calibration.length_penalty, count=count, early_stopping=count == 1,
            )  # fmt: skip
            for number, hypotheses in zip(numbers, results, strict=True):
                found[number] = hypotheses
        return found

    def _text(self, hypothesis: Hypothesis | None) -> str:
        return "" if hypothesis is None else self._domain.decode(hypothesis.ids).target or ""

    def _answer(self, record: Record[SentencePair], hypothesis: Hypothesis | None, aligned: Alignment | None) -> Answer:
        translation = self._text(hypothesis)
        values: dict[str, Any] = {"translation": translation}
        if hypothesis is not None:
            values |= {"log_probability": hypothesis.log_probability, "score": hypothesis.score}
        lines = [terminal_text(translation)]
        if aligned is not None:
            values["alignment"] = {"source": aligned.source, "target": aligned.target, "weights": aligned.weights}
            lines += [
                f"  {terminal_text(word)} ← {terminal_text(source)} {weight:.2f}"
                for word, source, weight in best_source_words(aligned)
            ]
        return Answer("\n".join(lines), values, SentencePair(record.item.source, translation, aligned))

    def _best(self, hypotheses: Sequence[Hypothesis], length_penalty: float) -> Hypothesis | None:
        """Returns the best of the hypotheses about one source, with another length penalty."""

        def score(hypothesis: Hypothesis) -> float:
            length = len(hypothesis.ids) - 1 - int(np.flatnonzero(hypothesis.ids == self._layout.separator)[0])
            return float(hypothesis.log_probability / ((5 + length) / 6) ** length_penalty)

        return max(hypotheses, key=score, default=None)
