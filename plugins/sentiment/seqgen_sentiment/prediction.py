"""Predicts the label of content, explains it, and evaluates both."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from seqgen import BOS, EOS, Answer, Domain, Oracle, Prediction, Record, Remark, SeqgenWarning
from seqgen.contract.escaping import terminal_text
from seqgen.contract.tables import GROUP
from seqgen_sentiment.attribution import attention_weights, leave_one_out
from seqgen_sentiment.classifier import ClassifierCalibration, LabelClassifier, TrainingContents
from seqgen_sentiment.evaluation import LabelledWords, evaluate_classifier, evaluate_spans, generate_by_label
from seqgen_sentiment.features import words_of_contents, words_of_text
from seqgen_sentiment.labelled_grammar import LabelledGrammar
from seqgen_sentiment.labelled_item import LabelledItem
from seqgen_sentiment.logistic_regression import LogisticRegressionBaseline
from seqgen_sentiment.prompting import GUIDANCE, LabelledPrompting
from seqgen_sentiment.reading import LabelledReader

MAX_TRAINING_RECORDS, MAX_TRAINING_SIZE = 100_000, 12_000_000
"""How many training documents the baselines and the experts beside the network learn from, and how many characters of
text, or tokens of other content, these have together. Their words take 1 GB."""
SIZE_ESTIMATION_RECORDS = 200
MAX_CALIBRATION_RECORDS = 4000
"""How many held-out documents the calibration is fitted to."""
SHOWN_TOKENS = 8
"""How many tokens of an explanation are printed."""
Records = Sequence[Record[LabelledItem]]
Element = TypeVar("Element")


class LabelPrediction(Prediction[LabelledItem]):
    """The answer about a record is its likeliest label. A label that the record has is not looked at."""

    class Calibration(ClassifierCalibration):
        """How the network and the other experts are combined."""

    def __init__(
        self, base: Domain[Any], grammar: LabelledGrammar, reader: LabelledReader, prompting: LabelledPrompting,
        span_weight: float,
    ) -> None:  # fmt: skip
        super().__init__()
        self.base = base
        self.layout = grammar.layout
        self.base_grammar = grammar.base
        self.reader = reader
        self.prompting = prompting
        self.span_weight = span_weight

    def read(self, path: Path) -> Iterator[LabelledItem | Record[LabelledItem] | Remark]:
        return self.reader.read_inputs(path)

    def predict(self, records: Records, oracle: Oracle) -> Iterator[Answer]:
        """Yields the likeliest label and the calibrated probabilities of all, after the metadata of the record."""
        probabilities = self._classifier(oracle).probabilities(self._contents(records))
        for record, row in zip(records, probabilities, strict=True):
            yield self._answer(record, row)

    def explain(self, records: Records, oracle: Oracle) -> Iterator[Answer]:
        """Yields the same answers with the leave-one-out weight and the attention weight of each token.

        A token that cannot be left out has no weight. A model without attention has no attention weights.
        """
        classifier = self._classifier(oracle)
        for record, answer in zip(records, self.predict(records, oracle), strict=True):
            content, label = self._content(record.item), self.layout.labels.index(answer.values["label"])
            weights = leave_one_out(content, label, self._is_content, classifier.probabilities)
            attention = attention_weights(content, self.layout, oracle)
            names = [self.base.vocabulary[number] for number in content.tolist()]
            tokens: list[dict[str, Any]] = [
                {"token": name, "weight": None if np.isnan(weight) else weight, "attention": share}
                for name, weight, share in zip(names, weights.tolist(), attention, strict=True)
            ]
            shown = sorted((token for token in tokens if token["weight"]), key=lambda token: -abs(token["weight"]))
            lines = [answer.text, *map(_explanation_line, shown[:SHOWN_TOKENS])]
            yield Answer("\n".join(lines), {**answer.values, "tokens": tokens})

    def calibrate(self, train: Records, held_out: Records, oracle: Oracle) -> Any:
        """Lets the experts learn from labelled training records, and fits their shares to labelled held-out records.

        Spans teach the experts. The shares are fitted to whole documents.
        """
        train = self._labelled(training_records(train, self._size))
        held_out, _ = documents_and_spans(self._labelled(evenly_spaced(held_out, MAX_CALIBRATION_RECORDS)))
        if not train or not held_out:
            return self.calibration
        found = self._classifier(oracle).calibrate(self._to_learn_from(train), self._to_learn_from(held_out))
        return self.Calibration(**dict(found))

    def evaluate_answers(self, train: Records, held_out: Records, oracle: Oracle) -> dict[str, Any]:
        """Returns accuracy, macro-F1, calibration error and confusion on the labelled held-out records.

        Beside them are the accuracies of each expert of the classifier, of the majority class, and of logistic
        regression on words and bigrams. The latter also says how often generated content has the requested label. It is
        left out if there are too many labels and documents. All of these are of whole documents. Accuracy, macro-F1 and
        calibration error of spans stand apart.
        """
        train, _ = documents_and_spans(self._labelled(training_records(train, self._size)))
        held_out, spans = documents_and_spans(self._labelled(held_out))
        if not train or not held_out:
            return {}
        train_words, held_out_words = self._with_words(train), self._with_words(held_out)
        baseline = _logistic_regression(train_words)
        classifier, contents = self._classifier(oracle), self._contents(held_out)
        scores = classifier.scores(contents)
        found = evaluate_classifier(
            train_words, held_out_words, classifier.combine(scores), scores, self.layout.labels, baseline
        )
        if spans:
            found |= evaluate_spans(self._span_probabilities(classifier, spans), self._label_numbers(spans))
        if baseline:
            max_new_tokens = 3 + max(len(content) for content in contents)
            for guidance, name in ((GUIDANCE, "samples"), (1.0, "samples without guidance")):
                share = self._label_accuracy(oracle, baseline, max_new_tokens, guidance)
                found[f"label accuracy of {name}, by logistic regression"] = share
        return found

    def _label_accuracy(
        self, oracle: Oracle, baseline: LogisticRegressionBaseline, max_new_tokens: int, guidance: float
    ) -> float:
        """Returns the share of generated contents that the baseline gives the requested label."""
        constraints = self.prompting.domain.Constraints
        prompts = [
            self.prompting.prompt(None, constraints.from_mapping({"label": label})) for label in self.layout.labels
        ]
        labels, documents = zip(*generate_by_label(prompts, oracle, max_new_tokens, guidance), strict=True)
        words = words_of_contents([self.layout.content(ids) for ids in documents], self.base)
        return float((baseline.predict(words) == np.array(labels)).mean())

    def _span_probabilities(self, classifier: LabelClassifier, spans: Records) -> np.ndarray:
        return classifier.combine(classifier.scores(self._contents(spans), are_spans=True))

    def _size(self, item: LabelledItem) -> int:
        """Returns the number of characters of a text, or of tokens of other content."""
        return len(item.content) if isinstance(item.content, str) else len(self._content(item))

    def _labelled(self, records: Iterable[Record[LabelledItem]]) -> list[Record[LabelledItem]]:
        """Returns the records that have one of the model's labels."""
        return [record for record in records if record.item.label in self.layout.labels]

    def _label_numbers(self, records: Records) -> np.ndarray:
        return np.array([self.layout.labels.index(str(record.item.label)) for record in records])

    def _to_learn_from(self, records: Records) -> TrainingContents:
        is_span = np.array([record.item.is_span for record in records])
        weights = np.where(is_span, self.span_weight, 1.0)
        return TrainingContents(
            self._contents(records), self._label_numbers(records), is_span, weights, group_numbers(records)
        )

    def _with_words(self, records: Records) -> LabelledWords:
        return LabelledWords([self._words(record.item) for record in records], self._label_numbers(records))

    def _words(self, item: LabelledItem) -> list[str]:
        """Returns the words of a text as its file has them, not as its tokens do."""
        if isinstance(item.content, str):
            return words_of_text(item.content)
        return words_of_contents([self._content(item)], self.base)[0]

    def _classifier(self, oracle: Oracle) -> LabelClassifier:
        return LabelClassifier(self.layout, self.base, self.calibration, oracle)

    def _answer(self, record: Record[LabelledItem], probabilities: np.ndarray) -> Answer:
        best = int(probabilities.argmax())
        label, probability = self.layout.labels[best], float(probabilities[best])
        by_label = dict(zip(self.layout.labels, probabilities.tolist(), strict=True))
        values = {"label": label, "probability": probability, "probabilities": by_label}
        return Answer(f"{terminal_text(label)}\t{probability:.4f}", {**record.metadata, **values})

    def _contents(self, records: Records) -> list[np.ndarray]:
        return [self._content(record.item) for record in records]

    def _content(self, item: LabelledItem) -> np.ndarray:
        """Returns the ids int32[n] of the content, without BOS and EOS."""
        return self.base.encode(item.content).ids[1:-1]

    def _is_content(self, content: np.ndarray) -> bool:
        """Whether ids int32[n] are a whole content."""
        return self.base_grammar.accepts(np.concatenate([[BOS], content, [EOS]]).astype(np.int32))


def _logistic_regression(train: LabelledWords) -> LogisticRegressionBaseline | None:
    """Returns the baseline, or None if all labels are equal. Warns and returns None if it would take too much."""
    contents, labels = len(train.labels), len(np.unique(train.labels))
    if labels < 2:
        return None
    if not LogisticRegressionBaseline.can_learn(contents, labels):
        warnings.warn(
            f"Logistic regression is left out of the comparison, because {contents} documents with {labels} labels "
            "would take too much memory and time.",
            SeqgenWarning,
            stacklevel=2,
        )
        return None
    return LogisticRegressionBaseline(*train)


def evenly_spaced(records: Sequence[Element], count: int) -> Sequence[Element]:
    """Returns at most `count` records from all over them. The first records may all have one label."""
    return records[:: -(-len(records) // count) or 1]


def training_records(
    records: Sequence[Record[LabelledItem]], size: Callable[[LabelledItem], int]
) -> Sequence[Record[LabelledItem]]:
    """Returns records from all over them that are at most MAX_TRAINING_SIZE together, as the sizes of some suggest."""
    sizes = [size(record.item) for record in evenly_spaced(records, SIZE_ESTIMATION_RECORDS)]
    count = int(MAX_TRAINING_SIZE * len(sizes) / max(sum(sizes), 1))
    return evenly_spaced(records, max(min(count, MAX_TRAINING_RECORDS), 1))


def group_numbers(records: Records) -> np.ndarray:
    """Returns the number of the group of each record, int[n]. A record without a group is a group of its own."""
    names = [record.metadata.get(GROUP) for record in records]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names)) if name is not None}
    return np.array([numbers.get(name, len(names) + place) for place, name in enumerate(names)], int)


def documents_and_spans(records: Records) -> tuple[Records, Records]:
    """Returns the records of whole documents and those of spans. Without documents, the spans count as documents."""
    documents = [record for record in records if not record.item.is_span]
    spans = [record for record in records if record.item.is_span]
    return (documents, spans) if documents else (spans, [])


def _explanation_line(token: dict[str, Any]) -> str:
    attention = "" if token["attention"] is None else f" attention {token['attention']:.2f}"
    return f"  {token['weight']:+.3f}{attention} {terminal_text(token['token'].strip())}"
