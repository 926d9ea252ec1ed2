"""The domain `sentiment`: labels over the content of any other domain. The modules beside it do the work."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from seqgen import (
    BOS,
    EOS,
    Answer,
    BundleError,
    CorpusError,
    Domain,
    Example,
    Grammar,
    Options,
    Oracle,
    Prompt,
    Questions,
    Remark,
    UnknownName,
    UnusableFile,
    UsageError,
    Vocabulary,
)
from seqgen_sentiment import judging
from seqgen_sentiment.asking_early import ask_early
from seqgen_sentiment.bag_of_words import BagOfWords
from seqgen_sentiment.examining import Known, compare, write_to_order
from seqgen_sentiment.frame import Frame
from seqgen_sentiment.labelled import Labelled
from seqgen_sentiment.opinions import Mixture, Opinions
from seqgen_sentiment.quality import accuracy
from seqgen_sentiment.reading import TABLES, LabelledReader
from seqgen_sentiment.settings import BASE, SentimentSettings, constraints_of
from seqgen_sentiment.words import words_in, words_of

EXAMINED = 100_000
"""How many training documents at most words are counted of, and the baselines learn from."""
CALIBRATED = 4000
"""How many held-out documents at most the temperature and the share of words are found on."""
FEW = 10
"""From how many documents on a label for nearly each of them is taken for a mistake."""
GUIDANCE = 2.0
"""How strongly what is written to order is guided unless it is said; without, a fifth of reviews have another mood."""
TOLD = 8
"""How many tokens an explanation shows to people."""


class SentimentDomain(Domain[Labelled]):
    """Labels over any other domain: learns to tell the label, and to write what has it."""

    name: ClassVar[str] = "sentiment"
    in_pieces: ClassVar[bool] = True

    class Settings(SentimentSettings):
        """Which domain the content is of, where content and label stand, and how much a label counts."""

    class Constraints(Options):
        """What can be asked of a sample: its label. A trained domain knows its base's constraints too."""

        label: str | None = Field(default=None, description="the label that it has; and the base's own constraints")

    class Calibration(Mixture):
        """How answers are mixed of what the network says and what the words alone say."""

    def __init__(self, settings: Any = None, vocabulary: Vocabulary | None = None) -> None:
        """Raises BundleError for a vocabulary that cannot be one of labelled content."""
        super().__init__(settings, vocabulary)
        try:
            self.frame = Frame(self.vocabulary)
        except ValueError as error:
            raise BundleError(
                f"The vocabulary is none of labelled content: {error}; take the whole model from where it was trained."
            ) from error
        self.base = self.settings.make_base(self.frame.content_names)
        self._whole = self.frame.whole(self.base.grammar())
        self._reader = LabelledReader(self.base, self.settings.content, self.settings.label, self.frame.labels)
        self.Constraints = constraints_of(self.base)  # type: ignore[misc, assignment]
        self.reads = (*TABLES, *self.base.reads) if self.base.reads else ()  # type: ignore[misc]
        for name in ("unit", "renders", "period"):
            setattr(self, name, getattr(self.base, name))
        differ = f"label, {self.base.copies_differ_in}" if self.base.copies_differ_in else "label"
        self.copies_differ_in = differ  # type: ignore[misc]

    def read(self, path: Path) -> Iterator[Labelled | Remark]:
        return self._reader.read(path)

    @property
    def undecided(self) -> bool:
        return self.base.undecided

    def clue(self, path: Path) -> Any:
        return self.base.clue(self._reader.file_of_content(path))

    def settle(self, clues: Sequence[Any]) -> Any:
        theirs = self.base.settle(clues).model_dump(mode="json")
        settled = {BASE + key: value for key, value in theirs.items()}
        return self.Settings.from_mapping({**self.settings.model_dump(mode="json"), **settled})

    def evidence(self, item: Labelled) -> Any:
        return [item.label, self.base.evidence(item.content) if self._base_learns else None]

    @functools.cached_property
    def _base_learns(self) -> bool:
        """Whether the base looks at evidence; of one with a fixed vocabulary it may be no JSON value."""
        looked: list[bool] = []

        def probe() -> Iterator[Any]:
            looked.append(True)
            yield from ()

        self.settings.make_base().learn(probe())
        return bool(looked)

    def learn(self, evidence: Iterable[Any]) -> Vocabulary:
        """What the base learns from the content, and the labels. Raises CorpusError for less than two labels."""
        labels = _labels_of(evidence)
        return self._with_labels(self.settings.make_base().learn(_Contents(evidence)), labels)

    def grow(self, known: Vocabulary, evidence: Iterable[Any]) -> Vocabulary:
        """What a trained model of the base knows, or one of labelled content, and the labels."""
        before: tuple[str, ...] = ()
        try:
            frame = Frame(known)
            names, before = frame.content_names, frame.labels
        except ValueError:
            names = known.names[2:]
        try:
            self.settings.make_base(names)
        except BundleError as error:
            raise UsageError(
                f"The model to begin with is of another kind of {self.settings.base!r}; give the settings base.… "
                f"that it was trained with. {error}"
            ) from error
        return self._with_labels(Vocabulary(names), {*before, *_labels_of(evidence)})

    @classmethod
    def begins_with(cls, settings: Any) -> tuple[str, ...]:
        return (cls.name, settings.base)

    def _with_labels(self, content: Vocabulary, labels: Iterable[str]) -> Vocabulary:
        try:
            return Frame.vocabulary(content, sorted(labels))
        except ValueError as error:
            raise CorpusError(f"The content cannot be labelled: {error}; rename that label.") from error

    def encode(self, item: Labelled) -> Example:
        """The document with its label last; raises UnusableFile for content that the base cannot encode."""
        content = self.base.encode(item.content)
        if content.ids[-1] != EOS:
            raise UnusableFile("content without an end")
        label = self.frame.place(item.label)
        ids = [*self.frame.judged(content.ids[1:-1]), label, EOS]
        weight = self.settings.label_weight or float(content.weights.sum())
        # In which place the label stands is given, and that nothing follows the last place is certain.
        weights = [0, 0, *content.weights[1:], 0 if label == self.frame.unlabelled else weight, 0]
        return Example(np.array(ids, np.int32), np.array(weights, np.float32))

    def likeness(self, item: Labelled) -> Any:
        """That of the content alone: it never sits on two sides of a split, whatever its labels."""
        return self.base.likeness(item.content)

    def decode(self, ids: np.ndarray) -> Labelled:
        return Labelled(self.base.decode(self._of_base(ids)), self.frame.label(ids))

    def augment(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Another form of the content, where the base knows one; and in some documents the label comes first.

        To a model that writes to order, documents whose label comes last are those whose label was dropped.
        """
        content = self._of_base(ids)
        other = np.concatenate([ids[:2], self.base.augment(content, rng)[1:-1], ids[-3:]]).astype(np.int32)
        if rng.random() < self.settings.label_first:
            other[[1, -2]] = other[[-2, 1]]
        return other

    def questions(self, ids: np.ndarray, rng: np.random.Generator) -> Questions | None:
        """The label of a document that has it last, within the content already.

        All together are as heavy as the one at the end is where tokens of the content count 1.
        """
        weight = self.settings.label_weight or float(len(self.frame.content(ids)))
        return ask_early(ids, self.frame, self._asking_state, self.settings.label_early, weight, rng)

    @functools.cached_property
    def _asking_state(self) -> int:
        return self.frame.asking(self._whole)

    def write(self, item: Labelled, path: Path) -> list[Path]:
        """Writes the content into a folder named after its label, from where it can be read again."""
        return self.base.write(item.content, _in_folder(item, path))

    def show(self, item: Labelled, given: Labelled | None = None) -> str:
        """What the base shows of the content, below the label."""
        label = f"<p>{escape(item.label)}</p>\n" if item.label else ""
        return label + self.base.show(item.content, given and given.content)

    def script(self) -> str:
        return self.base.script()

    def render(self, item: Labelled, kind: str, path: Path, given: Labelled | None = None) -> Path:
        return self.base.render(item.content, kind, _in_folder(item, path), given and given.content)

    def live(self, chunks: Iterable[np.ndarray]) -> Iterator[str]:
        return self.base.live(self.frame.content(chunk) for chunk in chunks)

    def without_prompt(self, ids: np.ndarray, prompt: int) -> np.ndarray:
        """What the base makes of the content without the prompt's, in the same places."""
        rest = self.base.without_prompt(self._of_base(ids), prompt - 1)
        # A document may have been cut off anywhere, also within its own end.
        own_end = np.append(np.flatnonzero(ids == self.frame.end), len(ids))[0]
        content = rest[1:-1] if rest[-1] == EOS else rest[1:]
        return np.concatenate([ids[:2], content, ids[own_end:]]).astype(np.int32)

    def passages(self, ids: np.ndarray) -> np.ndarray:
        """Those of the content."""
        own = (ids > EOS) & (ids < self.frame.unlabelled)
        symbols = np.full(len(ids), -1)
        symbols[own] = self.base.passages(np.concatenate([[BOS], ids[own]]).astype(np.int32))[1:]
        return symbols

    def measures(self, item: Labelled) -> dict[str, float]:
        return self.base.measures(item.content)

    def grammar(self, constraints: Any = None) -> Grammar:
        return self._whole if constraints is None or constraints.empty else self.prompt(None, constraints).grammar

    def prompt(self, item: Labelled | None = None, constraints: Any = None) -> Prompt:
        """The label that is asked for, or the item's, and the beginning of the content; without one it comes last.

        Raises UnknownName for a label that the model does not know, and what the base's `prompt` does.
        """
        asked = dict(constraints or {})
        label = asked.pop("label", None) or (item.label if item else None)
        if label is not None and label not in self.frame.labels:
            raise UnknownName("label", label, self.frame.labels)
        content = self.base.prompt(item.content if item else None, self.base.Constraints(**asked))
        if content.given is not None:
            raise UsageError("Content with a label is drawn from its beginning on; ask for nothing that stands within.")
        given = content.ids[1:]
        dropped = np.array([BOS, self.frame.unlabelled, *given], np.int32)
        ids = np.array([BOS, self.frame.place(label), *given], np.int32)
        whole = self.frame.grammar(content.grammar, [self.frame.side(label)])
        if label is None:
            return Prompt(ids, whole)
        return Prompt(ids, whole, unconditional=dropped, guidance=GUIDANCE)

    def prompt_text(self, text: str) -> Labelled:
        return Labelled(self.base.prompt_text(text))

    def predict(self, items: Sequence[Labelled], oracle: Oracle) -> Iterator[Answer]:
        """Each item's likeliest label, with the calibrated probabilities of all."""
        for row in self._opinions(oracle).probabilities([self._content(item) for item in items]):
            yield self._answer(row)

    def explain(self, items: Sequence[Labelled], oracle: Oracle) -> Iterator[Answer]:
        """The same, with how much ln p of the answer falls when a token is left out, for each that can be.

        Where the model attends, also with the share of its attention that lies on each when the label is asked for.
        """
        opinions = self._opinions(oracle)
        for item, answer in zip(items, self.predict(items, oracle), strict=True):
            content = self._content(item)
            shares = judging.attention_to(content, self.frame, oracle)
            weights = judging.weights_by_leaving_out(
                content, self.frame.labels.index(answer.values["label"]), self._is_content, opinions.probabilities
            )
            names = [self.vocabulary[number] for number in content.tolist()]
            told = [
                {"token": name, "weight": None if np.isnan(weight) else weight, "attention": share}
                for name, weight, share in zip(names, weights.tolist(), shares, strict=True)
            ]
            loudest = sorted((one for one in told if one["weight"]), key=lambda one: -abs(one["weight"]))[:TOLD]
            yield Answer("\n".join([answer.text, *map(_line, loudest)]), {**answer.values, "tokens": told})

    def calibrate(self, train: Sequence[Labelled], held_out: Sequence[Labelled], oracle: Oracle) -> Any:
        """Which words go with which label, and how much that counts beside what the network says: by known labels."""
        learned, judged = self._known(evenly(train, EXAMINED)), self._known(evenly(held_out, CALIBRATED))
        if not learned or not judged:
            return self.calibration
        found = self._opinions(oracle).calibrated(
            [self._content(item) for item in learned], [str(item.label) for item in learned],
            [self._content(item) for item in judged], self._numbers(judged),
        )  # fmt: skip
        return self.Calibration(**dict(found))

    def evaluate(self, real: Sequence[Labelled], made: Sequence[Labelled]) -> dict[str, float]:
        return self.base.evaluate([item.content for item in real], [item.content for item in made])

    def examine(self, train: Sequence[Labelled], held_out: Sequence[Labelled], oracle: Oracle) -> dict[str, Any]:
        """Accuracy, macro-F1, calibration error and confusion on the held-out items whose label is known.

        Beside them the two opinions that an answer is mixed of, the majority class, and logistic regression on words
        and bigrams, which also says how often what is written to order has the label that was asked for.
        """
        learned, judged = self._known(evenly(train, EXAMINED)), self._known(held_out)
        if not learned or not judged:
            return {}
        from_train, from_held_out = self._with_words(learned), self._with_words(judged)
        judge = BagOfWords(*from_train) if len(np.unique(from_train.labels)) > 1 else None
        contents = [self._content(item) for item in judged]
        opinions = self._opinions(oracle).each(contents)
        found = compare(from_train, from_held_out, opinions, self.frame.labels, judge)
        if judge:
            prompts = [self.prompt(None, self.Constraints(label=label)) for label in self.frame.labels]
            longest = 3 + max(len(content) for content in contents)
            for strength, how in ((GUIDANCE, ""), (1.0, " without guidance")):
                asked, made = zip(*write_to_order(prompts, oracle, longest, strength), strict=True)
                answers = judge.judge(words_in([self.frame.content(ids) for ids in made], self.base))
                share = accuracy(answers, np.array(asked))
                found[f"written to order{how}, judged by logistic regression to be so"] = share
        return found

    def _known(self, items: Iterable[Labelled]) -> list[Labelled]:
        """Those whose label is one of the model's."""
        return [item for item in items if item.label in self.frame.labels]

    def _numbers(self, items: Iterable[Labelled]) -> np.ndarray:
        """int[n]: the numbers of their labels, which are known."""
        return np.array([self.frame.labels.index(str(item.label)) for item in items])

    def _with_words(self, items: Sequence[Labelled]) -> Known:
        return Known([self._words(item.content) for item in items], self._numbers(items))

    def _words(self, content: Any) -> list[str]:
        """What the baselines count of a content: of a text, every word as it stands in its file."""
        if isinstance(content, str):
            return words_of(content)
        return words_in([self._content(Labelled(content))], self.base)[0]

    def _opinions(self, oracle: Oracle) -> Opinions:
        return Opinions(self.frame, self.base, self.calibration, oracle)

    def _answer(self, row: np.ndarray) -> Answer:
        best = int(row.argmax())
        label, probability = self.frame.labels[best], float(row[best])
        every = dict(zip(self.frame.labels, row.tolist(), strict=True))
        values = {"label": label, "probability": probability, "probabilities": every}
        return Answer(f"{label}\t{probability:.4f}", values)

    def _content(self, item: Labelled) -> np.ndarray:
        """The ids int32[n] of an item's content, BOS and EOS left out."""
        return self.base.encode(item.content).ids[1:-1]

    def _is_content(self, content: np.ndarray) -> bool:
        """Whether the base's grammar allows ids int32[n] as a whole content."""
        try:
            self._whole.unroll(self.frame.judged(content))
        except ValueError:
            return False
        return True

    def _of_base(self, ids: np.ndarray) -> np.ndarray:
        """A document of the base: the content of one, ended where its content has."""
        ended = [EOS] if (ids == self.frame.end).any() else []
        return np.array([BOS, *self.frame.content(ids), *ended], np.int32)


class _Contents:
    """The base's part of the evidence, which can be gone through as often as the whole."""

    def __init__(self, evidence: Iterable[Any]) -> None:
        self._evidence = evidence

    def __iter__(self) -> Iterator[Any]:
        return (content for _, content in self._evidence)


def evenly(items: Sequence[Any], most: int) -> Sequence[Any]:
    """At most so many of the items, from all over them: the first may all have one label."""
    return items[:: -(-len(items) // most) or 1]


def _line(told: dict[str, Any]) -> str:
    """What people are told of one token."""
    attention = "" if told["attention"] is None else f" attention {told['attention']:.2f}"
    return f"  {told['weight']:+.3f}{attention} {told['token'].strip()}"


def _labels_of(evidence: Iterable[Any]) -> set[str]:
    """The labels of all documents to learn from; raises CorpusError for documents without two labels to tell apart."""
    counts = Counter(label for label, _ in evidence)
    unlabelled, documents = counts.pop(None, 0), sum(counts.values())
    where = "name the column of labels with label=…, or put the files into folders named after their labels"
    if unlabelled and not counts:
        raise CorpusError(f"Nothing has a label; {where}.")
    if len(counts) == 1:
        raise CorpusError(f"Every document of the training split has the label {next(iter(counts))!r}; {where}.")
    if documents >= FEW and 2 * len(counts) > documents:
        raise CorpusError(f"There are {len(counts)} labels for {documents} documents to learn from; {where}.")
    return set(counts)


def _in_folder(item: Labelled, path: Path) -> Path:
    """`path` moved into a folder named after the label; a label may hold what no name may."""
    name = re.sub(r"[^\w .+-]", "_", item.label or "unlabelled").strip(". ") or "_"
    return path.parent / name / path.name
