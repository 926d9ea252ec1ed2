"""The contract that a plugin implements: how one kind of file becomes token ids, and token ids become files again.

The smallest useful plugin is `read`, `encode`, `decode` and `write`; everything else has a default here. A domain
needs NumPy and nothing more: it never sees TensorFlow, and the engine never sees a domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from seqgen import grammar as token_grammar
from seqgen.errors import InvalidValue, UnknownName, UnusableFile, UsageError
from seqgen.grammar import BOS, EOS, Grammar

API_VERSION = 1
Item = TypeVar("Item")


class Options(BaseModel):
    """Named, typed, JSON-serialisable values that `--set key=value` reaches: a domain's settings or constraints."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def empty(self) -> bool:
        """Whether every value is None: of constraints, that nothing is asked for."""
        return all(value is None for _, value in self)

    @classmethod
    def has(cls, key: str) -> bool:
        """Whether there is an option of that name; options that hold those of another domain know more than fields."""
        return key in cls.model_fields

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], kind: str = "setting") -> Any:
        """Checked options; raises UnknownName for a key that is not there, InvalidValue for a value that cannot be."""
        for key in values:
            if not cls.has(key):
                raise UnknownName(kind, key, cls.model_fields)
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            reason = first["msg"].removeprefix("Value error, ")
            raise InvalidValue(f"The {kind} {where!r} cannot be {first['input']!r}: {reason}.") from error


class Vocabulary(Sequence[str]):
    """The names of all tokens in the order of their ids: `pitch:60`, `hold`. Ids 0 and 1 are BOS and EOS everywhere."""

    def __init__(self, names: Iterable[str]) -> None:
        """`names` are the domain's own tokens, without BOS and EOS; raises ValueError when one stands there twice."""
        self.names: tuple[str, ...] = ("<bos>", "<eos>", *names)
        self.ids: dict[str, int] = {name: number for number, name in enumerate(self.names)}
        if len(self.ids) != len(self.names):
            twice = next(name for number, name in enumerate(self.names) if self.ids[name] != number)
            raise ValueError(f"the token {twice!r} stands in the vocabulary twice")

    def __getitem__(self, index: Any) -> Any:
        return self.names[index]

    def __len__(self) -> int:
        return len(self.names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.names == other.names

    def __hash__(self) -> int:
        return hash(self.names)


@dataclass(frozen=True, eq=False)
class Example:
    """One document as the engine sees it.

    ids:     int32[n], from BOS on; usually ending with EOS.
    weights: float32[n]; how much predicting each id counts in the loss. 0 is given, not learned; BOS is always 0.
    """

    ids: np.ndarray
    weights: np.ndarray

    @classmethod
    def document(cls, content: Sequence[int] | np.ndarray, *, ends: bool = True) -> Example:
        """BOS, the content, and EOS unless the end is not to be learned; every id but BOS counts fully."""
        ids = np.full(len(content) + 1 + ends, EOS, np.int32)
        ids[0], ids[1 : len(content) + 1] = BOS, content
        weights = np.ones(len(ids), np.float32)
        weights[0] = 0
        return cls(ids, weights)


@dataclass(frozen=True)
class Remark:
    """What `read` may yield between items: something that a user should know of the file, counted by its text.

    `dropped` says that an item was left out; otherwise one was cut in two, or a column was guessed.
    """

    text: str
    dropped: bool = False


@dataclass(frozen=True, eq=False)
class Prompt:
    """What sampling starts from.

    ids:     int32[n] that are given, BOS first.
    grammar: that of the whole document.
    given:   int32[m], the tokens that stand right after `ids`: −1 where any may, −1 − t where any but t. Where their
             places are not known beforehand, an automaton of the documents that hold them, a part of `grammar`. None
             where nothing more is given.
    unconditional: int32[n] of the same prompt without what is asked for, for guidance; None where nothing is.
    guidance: how strongly samples are guided away from that where nobody says how; at 1 not at all.
    """

    ids: np.ndarray
    grammar: Grammar
    given: np.ndarray | Grammar | None = None
    unconditional: np.ndarray | None = None
    guidance: float = 1.0

    def strength(self, asked: float | None) -> float:
        """How strongly samples are guided: as is asked, or else as the prompt says."""
        return self.guidance if asked is None else asked


@dataclass(frozen=True, eq=False)
class Questions:
    """What a model is asked, in training, at some places of a document in place of the id that follows.

    places:  int[k]; right after which of the document's ids
    answers: int32[k]
    weights: float32[k]; how much each counts in the loss
    state:   of the domain's own grammar; the model is told that the document stands in it at all those places
    """

    places: np.ndarray
    answers: np.ndarray
    weights: np.ndarray
    state: int


@dataclass(frozen=True)
class Answer:
    """What `predict` says of one item: a line or more for people, and the same as JSON values by name."""

    text: str
    values: dict[str, Any]


class Oracle(Protocol):
    """A trained model as `predict` may question it: about ids, and about many documents at once.

    Ids begin with BOS. What the domain's grammar forbids is a ValueError.
    """

    def log_probabilities(self, beginnings: Sequence[np.ndarray], among: Sequence[int]) -> np.ndarray:
        """float32[n, k]: ln p that each of k tokens comes right after each of n beginnings int32[…]."""
        raise NotImplementedError

    def score(self, documents: Sequence[np.ndarray]) -> list[np.ndarray]:
        """For each document int32[n], float32[n]: what each id costs, -ln p(id | ids before); 0 for BOS."""
        raise NotImplementedError

    def attention(self, beginnings: Sequence[np.ndarray]) -> list[np.ndarray] | None:
        """For each beginning int32[n], float32[n]: which share of the attention after its last id lies on each id.

        Shares add up to 1; further back than attention looks they are 0. None for a model without attention.
        """
        raise NotImplementedError

    def generate(
        self, prompt: Prompt, count: int, *, max_new_tokens: int, seed: int, guidance: float | None = None
    ) -> list[np.ndarray]:
        """`count` new documents int32[…], prompt included, of at most `max_new_tokens` tokens beside it.

        `guidance` is in place of the prompt's.
        """
        raise NotImplementedError


class Domain(Generic[Item]):
    """One kind of data. Subclass it, name it, and register it in the entry-point group `seqgen`."""

    name: ClassVar[str]
    api_version: ClassVar[int] = API_VERSION
    reads: ClassVar[tuple[str, ...]] = ()
    """File endings, lower case with their dot; what `build` looks for in a folder. Empty: every file."""
    unit: ClassVar[str] = "token"
    """What one token is called in reports: nats a note."""
    renders: ClassVar[tuple[str, ...]] = ()
    """The kinds that `render` knows, written beside every sample."""
    period: ClassVar[int] = 1
    """How many tokens back the token stands that the bigram baseline looks at: 4 where four voices take turns."""
    in_pieces: ClassVar[bool] = False
    """Whether `read` holds only a piece of its file in memory. Then files of any size are read, and the time that one
    may take is counted anew for each part of its documents."""

    copies_differ_in: ClassVar[str] = ""
    """In what documents of equal `likeness` may differ, in words: "key or tempo"."""

    class Settings(Options):
        """What of this domain can be set when a model is trained; saved in its bundle."""

    class Constraints(Options):
        """What can be asked of a sample."""

    class Calibration(Options):
        """What `calibrate` finds; saved in the bundle."""

    def __init__(self, settings: Any = None, vocabulary: Vocabulary | None = None) -> None:
        self.settings: Any = settings if settings is not None else self.Settings()
        self.vocabulary: Vocabulary = vocabulary if vocabulary is not None else self.learn(())
        self.calibration: Any = self.Calibration()

    def read(self, path: Path) -> Iterator[Item | Remark]:
        """The items of one file, and remarks; raises UnusableFile, and nothing else, when it cannot be used."""
        raise NotImplementedError

    @property
    def undecided(self) -> bool:
        """Whether settings were left open that follow from the files; then `build` asks for clues, and settles them."""
        return False

    def clue(self, path: Path) -> Any:
        """What one file says about settings that were left open, as a JSON value; raises UnusableFile."""
        raise NotImplementedError

    def settle(self, clues: Sequence[Any]) -> Any:
        """The settings with nothing left open, by the clues of some of the files. Raises InvalidValue."""
        return self.settings

    def likeness(self, item: Item) -> Any:
        """What makes an item the same as another, of plain types and arrays; the whole item where nothing is said.

        Of items that are equal in this a corpus keeps the first, so that they never sit on both sides of a split.
        """
        return item

    def evidence(self, item: Item) -> Any:
        """What `learn` sees of an item, as a JSON value: it comes from the process in which the file is read."""
        return item

    def learn(self, evidence: Iterable[Any]) -> Vocabulary:
        """The vocabulary. A fixed one does not look at `evidence`; one that is learned from data goes through it.

        `evidence` is that of each document of the training split; it can be gone through several times, and is never
        held in memory. Called with nothing when a domain is made without a vocabulary.
        """
        raise NotImplementedError

    def grow(self, known: Vocabulary, evidence: Iterable[Any]) -> Vocabulary:
        """The vocabulary of a model that begins with a trained one, whose vocabulary is `known`: see `begins_with`.

        Weights go by the names of tokens; what is not kept here is forgotten. `evidence` is as in `learn`.
        """
        return self.learn(evidence)

    @classmethod
    def begins_with(cls, settings: Any) -> tuple[str, ...]:
        """The domains whose trained models one of these settings can begin with (`--from`)."""
        return (cls.name,)

    def encode(self, item: Item) -> Example:
        """An item's ids and weights; raises UnusableFile when it has none in this encoding."""
        raise NotImplementedError

    def decode(self, ids: np.ndarray) -> Item:
        """The item of ids[n]; total on what the grammar allows, whole or cut short at any token."""
        raise NotImplementedError

    def write(self, item: Item, path: Path) -> list[Path]:
        """Writes an item as `path` with the domain's own ending added; gives the files made. Whole or not at all."""
        raise NotImplementedError

    def grammar(self, constraints: Any = None) -> Grammar:
        """The automaton of this domain's documents, narrowed by `constraints`; raises ImpossibleConstraints."""
        return token_grammar.unconstrained(len(self.vocabulary))

    def augment(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Another document just as good, of the same length; a pure function of `ids` and `rng`."""
        return ids

    def questions(self, ids: np.ndarray, rng: np.random.Generator) -> Questions | None:
        """What else a model learns to answer while it reads a document int32[n]; a pure function of `ids` and `rng`.

        The ids are read on as they are. Held-out documents are measured without questions.
        """
        return None

    def prompt(self, item: Item | None = None, constraints: Any = None) -> Prompt:
        """What sampling starts from: nothing but BOS, or the beginning of `item`; raises ImpossibleConstraints."""
        allowed = self.grammar(constraints)
        if item is None:
            return Prompt(np.array([BOS], np.int32), allowed)
        ids = self.encode(item).ids
        ids = ids[:-1] if ids[-1] == EOS else ids
        try:
            allowed.unroll(ids)
        except ValueError as error:
            raise UsageError(f"The prompt does not fit what was asked for: {error}.") from error
        return Prompt(ids, allowed)

    def without_prompt(self, ids: np.ndarray, prompt: int) -> np.ndarray:
        """A document of its own, BOS first, of what follows the first `prompt` of a document's ids int32[n]."""
        return np.concatenate([[BOS], ids[prompt:]]).astype(np.int32)

    def of_prompts(self) -> Domain[Item]:
        """The domain that reads the file of a prompt: one that also takes what nothing is to be learned from."""
        return self

    def prompt_text(self, text: str) -> Item:
        """The item that a prompt stands for which is no file: the beginning of a text. Raises UnusableFile."""
        raise UnusableFile(f"{text} is not a file; name one that exists.")

    def live(self, chunks: Iterable[np.ndarray]) -> Iterator[str]:
        """What people are shown of one document while it is drawn: `chunks` are its ids int32[n], from BOS on.

        Raises UsageError in a domain that has nothing to show before a document is whole.
        """
        raise UsageError(f"Documents of the domain {self.name!r} cannot be shown while they are drawn; write them.")

    def measures(self, item: Item) -> dict[str, float]:
        """How large an item is, by unit: {"character": 5, "byte": 6}. `evaluate` reports bits per each of them."""
        return {}

    def passages(self, ids: np.ndarray) -> np.ndarray:
        """What tells a copied passage of the document ids[n]: a symbol for each id, int[n]; negative: it counts not.

        Passages are the same when their symbols are. A domain in which a copy may be moved gives how far each id is
        from the one before; as it comes, every id but BOS and EOS stands for itself.
        """
        return np.where(ids > EOS, ids, -1)

    def evaluate(self, real: Sequence[Item], made: Sequence[Item]) -> dict[str, float]:
        """Domain metrics of made items beside real ones, by name.

        Names such as "polyphony, held out", "polyphony, samples" and "polyphony, overlap" are shown side by side.
        """
        return {}

    def predict(self, items: Sequence[Item], oracle: Oracle) -> Iterator[Answer]:
        """The answer for each item, in order: its label, its translation, what comes next.

        What is to be predicted may stand in the items; it is not looked at. Called with many items at once, for the
        oracle is quick only when it is asked about many. Raises UsageError in a domain that predicts nothing.
        """
        raise UsageError(f"There is nothing to predict in the domain {self.name!r}; sample from it, or score files.")

    def explain(self, items: Sequence[Item], oracle: Oracle) -> Iterator[Answer]:
        """The answers of `predict`, each with what in the item spoke for it. Raises UsageError where nothing can."""
        raise UsageError(f"The domain {self.name!r} cannot explain what it predicts.")

    def calibrate(self, train: Sequence[Item], held_out: Sequence[Item], oracle: Oracle) -> Any:
        """What makes answers better and is found once a model is trained: a `Calibration`.

        `held_out` is the validation split, on which the model was not trained. Items are decoded when they are asked
        for. Before that, and in a domain that has none, `self.calibration` is the default one.
        """
        return self.calibration

    def examine(self, train: Sequence[Item], held_out: Sequence[Item], oracle: Oracle) -> dict[str, Any]:
        """How good the answers are on held-out items, beside simple baselines that learn from `train`.

        Numbers by name, or tables of them: {"confusion": {"negative": {"negative": 9, "positive": 1}, …}}.
        """
        return {}

    def show(self, item: Item, given: Item | None = None) -> str:
        """HTML of an item for the page of a run of `sample`, in which `given`, its beginning, was given; "" for none.

        What comes from data must be escaped (`html.escape`); nothing is loaded from outside.
        """
        return ""

    def script(self) -> str:
        """The JavaScript that what is shown needs; it stands in the page once."""
        return ""

    def render(self, item: Item, kind: str, path: Path, given: Item | None = None) -> Path:
        """Writes a picture, a sound or a score of an item; `path` comes without an ending."""
        raise UnknownName(f"rendering of domain {self.name!r}", kind, self.renders)

    def render_surprise(self, ids: np.ndarray, nats: np.ndarray, path: Path) -> Path:
        """Draws where the document ids[n] costs most, nats[n] an id; `path` comes without an ending.

        Raises UsageError in a domain that draws no such thing.
        """
        raise UsageError(f"What surprises in documents of the domain {self.name!r} cannot be drawn; leave out -o.")
