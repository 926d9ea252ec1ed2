"""What a domain can do beyond its core: small groups of methods that a domain offers or leaves out.

A domain holds each capability in the attribute that the class names, or None there:

    prompting      prompts from files and text, given tokens, streaming output
    display        pictures, sounds and scores, HTML for the page of samples, drawings of surprise
    browser        how a page shows what it draws without Python
    prediction     answers about data: labels, translations, forecasts
    metrics        statistics of samples beside held-out data, sizes by unit, symbols for the memorisation check
    deduplication  which items count as the same, and which belong to one source
    inference      settings that follow from the files
    training       augmentation, auxiliary targets, coordinates of tokens, what is known ahead
    defaults       settings, constraints and sampling options that are recommended
    learning       what `Domain.learn` is given, and which trained models a new one can start from
    reading        files of any size, files that are read together, and documents that are cut inside

A capability offers a method if its class overrides it; the methods that are not overridden keep a harmless default or
do not exist for the user. `Domain.require` raises the one error for what a domain does not offer. A domain that wraps
another domain wraps its capabilities: `self.display = LabelledDisplay(base.display)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, ClassVar, Generic

import numpy as np

from seqgen.contract.core import Core
from seqgen.contract.documents import Answer, AuxiliaryTargets, Item, Prompt, Record, Remark
from seqgen.contract.options import Options
from seqgen.contract.oracle import Oracle
from seqgen.contract.piano_roll import PianoRoll
from seqgen.contract.vocabulary import Learned, Vocabulary
from seqgen.errors import UsageError
from seqgen.grammar import BOS, EOS, Conditions, Registers

MAX_FILE_BYTES = 256 * 2**20
"""The size of the largest file that is read into memory as a whole."""


class Capability(Generic[Item]):
    """One group of methods that a domain may offer."""

    attribute: ClassVar[str]
    """The attribute of a domain that holds the capability."""

    @classmethod
    def method_names(cls) -> list[str]:
        """Returns the names of the methods that the contract gives this capability, in the order of the contract."""
        names = [
            name for name, value in vars(cls._contract()).items() if callable(value) and not isinstance(value, type)
        ]
        return [name for name in names if not name.startswith("_")]

    def offers(self, method: str) -> bool:
        """Whether the plugin implements this method of the contract. A wrapper asks the capability that it wraps."""
        return getattr(type(self), method) is not getattr(self._contract(), method)

    @classmethod
    def _contract(cls) -> type[Capability[Any]]:
        """Returns the class of the contract that a plugin's class implements."""
        return next(base for base in cls.__mro__ if Capability in base.__bases__)


class Prompting(Capability[Item]):
    """Where sampling starts. By default a prompt is the beginning of an item, which is continued."""

    attribute = "prompting"
    needs_prompt: bool = False
    """Whether nothing is sampled without a prompt, because the beginning of every document is given: a source sentence,
    a history. `evaluate` draws its samples after the given parts of held-out items."""

    def __init__(self, domain: Core[Item]) -> None:
        self.domain = domain

    def prompt(self, item: Item | None = None, constraints: Any = None) -> Prompt:
        """Returns the start of sampling: only BOS, or the beginning of `item`, and the grammar under `constraints`.

        Raises ImpossibleConstraints, and UsageError if the item does not fit the constraints.
        """
        grammar = self.domain.grammar(constraints)
        if item is None:
            return Prompt(np.array([BOS], np.int32), grammar)
        ids = self.domain.encode(item).ids
        ids = ids[:-1] if ids[-1] == EOS else ids
        try:
            grammar.unroll(ids)
        except ValueError as error:
            raise UsageError(f"The prompt does not fit the constraints: {error}.") from error
        return Prompt(ids, grammar)

    def given_part(self, record: Record[Item]) -> Item:
        """Returns the part of a whole record that is given where a prompt is needed: the source of a sentence pair.

        By default what the ids say before the first one with a weight above 0.
        """
        example = self.domain.encode(record.item)
        return self.domain.decode(example.ids[: int(np.argmax(example.weights > 0))])

    def read(self, path: Path) -> Iterator[Item | Record[Item] | Remark]:
        """Yields the items of a prompt file, which may be less than a training file: one voice, half a sentence.

        Raises UnusableFile. Runs in a worker process.
        """
        return self.domain.read(path)

    def from_text(self, text: str) -> Item:
        """Returns the item that begins with a text from the command line. Raises UnusableFile."""
        raise NotImplementedError

    def without_prompt(self, ids: np.ndarray, prompt_length: int) -> np.ndarray:
        """Returns the document that follows the first `prompt_length` of ids int32[n], with a BOS of its own."""
        return np.concatenate([[BOS], ids[prompt_length:]]).astype(np.int32)

    def stream_text(self, chunks: Iterable[np.ndarray]) -> Iterator[str]:
        """Yields what people see of one document while it is sampled. `chunks` are its ids int32[n], from BOS on."""
        raise NotImplementedError


class Display(Capability[Item]):
    """Pictures, sounds and web pages of items."""

    attribute = "display"
    renderings: tuple[str, ...] = ()
    """The kinds of files that `render` can make. They are made of every sample."""

    def render(self, item: Item, rendering: str, path: Path, prompt_item: Item | None = None) -> Path:
        """Writes one rendering of an item to `path` with an ending added, and returns the file.

        prompt_item: the part of the item that was the prompt. Raises OutputError.
        """
        raise NotImplementedError

    def html(self, item: Item, prompt_item: Item | None = None) -> str:
        """Returns HTML of an item for the page of samples. All data in it is escaped; it loads nothing."""
        return ""

    def script(self) -> str:
        """Returns the JavaScript that the HTML needs. A page contains it once."""
        return ""

    def piano_roll(self, item: Item, ids: np.ndarray) -> PianoRoll:
        """Returns the notes of an item in real time, for a page that draws and plays them.

        ids: the document int32[n] that the item was decoded from. It may be cut after any token.
        """
        raise NotImplementedError

    def draw_surprise(self, ids: np.ndarray, nats: np.ndarray, path: Path) -> Path:
        """Draws where the document ids int32[n] is improbable, nats float32[n] an id, and returns the file.

        `path` comes without an ending. Raises OutputError.
        """
        raise NotImplementedError


class BrowserDisplay(Capability[Item]):
    """How a page shows documents that it draws by itself, without Python (`seqgen export --to html`)."""

    attribute = "browser"

    def script(self) -> str:
        """Returns JavaScript that defines the function `showDocument(ids, element, about, known)`.

        It shows the ids so far of a document, an array that begins with BOS, in an element of the page, and is called
        again as the document grows. `about` is what export.json says. `known` holds what was chosen to be known ahead
        of the document, the values of step 1 by channel (`Training.conditions`), or is null. It returns {files,
        seconds}: the files to save, as a Uint8Array by the ending of their names, and how long the document plays, or
        null. The page loads nothing. A domain without this has its tokens shown by name.
        """
        raise NotImplementedError


class Prediction(Capability[Item]):
    """Answers of a trained model about data: labels, translations, forecasts."""

    attribute = "prediction"
    answers_are_texts: bool = False
    """Whether the text of an answer stands for its document, as a translation does. Then `predict` prints it alone."""

    class Calibration(Options):
        """What `calibrate` finds. The bundle stores it."""

    def __init__(self) -> None:
        self.calibration: Any = self.Calibration()

    def predict(self, records: Sequence[Record[Item]], oracle: Oracle) -> Iterator[Answer]:
        """Yields the answer about each record, in order. A true answer that a record contains is not looked at.

        It is called with many records at once, because the oracle is only fast for many.
        """
        raise NotImplementedError

    def explain(self, records: Sequence[Record[Item]], oracle: Oracle) -> Iterator[Answer]:
        """Yields the same answers, each with what in the item speaks for it."""
        raise NotImplementedError

    def calibrate(self, train: Sequence[Record[Item]], held_out: Sequence[Record[Item]], oracle: Oracle) -> Any:
        """Returns a `Calibration` that is found after training and makes the answers better.

        held_out: the validation split. Items of both splits are decoded when they are asked for.
        """
        return self.calibration

    def evaluate_answers(
        self, train: Sequence[Record[Item]], held_out: Sequence[Record[Item]], oracle: Oracle
    ) -> dict[str, Any]:
        """Returns how good the answers are on held-out records, beside simple baselines that learn from `train`.

        Values are numbers by name, or tables of them: {"confusion": {"negative": {"negative": 9, "positive": 1}, …}}.
        """
        return {}

    def read(self, path: Path) -> Iterator[Item | Record[Item] | Remark]:
        """Yields the items of a file that answers are wanted for. They need not contain a true answer.

        Raises UnusableFile. Runs in a worker process.
        """
        raise NotImplementedError


class Metrics(Capability[Item]):
    """Statistics of samples, sizes of items, and what counts as a copied passage."""

    attribute = "metrics"
    period: int = 1
    """How many tokens back the bigram baseline looks: 4 if four voices take turns."""

    def compare(self, held_out: Sequence[Record[Item]], samples: Sequence[Record[Item]]) -> dict[str, float]:
        """Returns statistics of samples beside held-out data, by name.

        Names such as "polyphony, held out", "polyphony, samples" and "polyphony, overlap" are shown in one row.
        """
        return {}

    def statistics(self, item: Item) -> dict[str, float]:
        """Returns statistics of one item by name, NaN where there is nothing to measure. All items have the same names.

        A domain that labels content learns from them which label fits (plugins/sentiment).
        """
        return {}

    def sizes(self, item: Item) -> dict[str, float]:
        """Returns the size of an item by unit: {"character": 5, "byte": 6}. `evaluate` reports bits per unit."""
        return {}

    def copy_symbols(self, ids: np.ndarray) -> np.ndarray:
        """Returns a symbol for each of ids int32[n]: int[n]. Two passages are copies if their symbols are equal.

        Ids with a negative symbol are ignored. A domain in which a copy may be transposed returns intervals. By default
        every id but BOS and EOS is its own symbol.
        """
        return np.where(ids > EOS, ids, -1)

    def token_features(self, ids: np.ndarray) -> Mapping[str, np.ndarray]:
        """Returns what can be said of each token of a document int32[n] by name: float[n] each.

        Such as the position in the bar or the voice. `seqgen inside` looks for units that follow it. A document may be
        cut after any token.
        """
        return {}


class Deduplication(Capability[Item]):
    """Which items count as the same, and which come from one source."""

    attribute = "deduplication"
    differences: str = ""
    """In what items with the same key may differ, in words: "key or tempo"."""
    compares_ids: bool = True
    """Whether items with other keys are duplicates if their ids are equal. False if different items may have the same
    ids, such as texts with unknown words."""

    def key(self, item: Item) -> Any:
        """Returns what is equal in near-duplicates, made of plain types and arrays. By default the whole item.

        A corpus keeps the first of all items with the same key, so that they are never in two splits.
        """
        return item

    def group(self, record: Record[Item]) -> Any:
        """Returns what is equal in documents of one source, or None. A split takes a group as a whole."""
        return None


class SettingsInference(Capability[Item]):
    """Settings that follow from the files."""

    attribute = "inference"

    def is_needed(self) -> bool:
        """Whether settings were left open."""
        raise NotImplementedError

    def inspect(self, path: Path) -> Any:
        """Returns what one file says about the open settings, as a JSON value. Raises UnusableFile.

        Runs in a worker process.
        """
        raise NotImplementedError

    def infer(self, findings: Sequence[Any]) -> Any:
        """Returns complete settings from what `inspect` found in some of the files. Raises InvalidValue."""
        raise NotImplementedError


class Training(Capability[Item]):
    """What a model sees during training beside the documents themselves. Held-out data is never changed."""

    attribute = "training"

    def augment(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns an equally good document of the same length; a pure function of ids int32[n] and `rng`."""
        return ids

    def auxiliary_targets(self, ids: np.ndarray, rng: np.random.Generator) -> AuxiliaryTargets | None:
        """Returns what the model also learns to predict within ids int32[n]; a pure function of `ids` and `rng`."""
        return None

    def registers(self) -> Registers | None:
        """Returns the coordinates of the tokens and the registers that they are compared with, or None.

        Their classes are those of the domain's grammar. The model hears differences of coordinates, such as intervals.
        """
        return None

    def conditions(self) -> Conditions | None:
        """Returns what may be known ahead of a document, such as its key or one of its voices, or None.

        The classes are those of the domain's grammar.
        """
        return None

    def shown_conditions(self, ids: np.ndarray, rng: np.random.Generator, metadata: Mapping[str, Any]) -> np.ndarray:
        """Returns what the model is shown of a document in training: int32[C, J], by step and channel.

        Such as a random part of what is true of ids int32[n], sometimes nothing at all, or what the metadata of its
        record say, such as tomorrow's temperature. Row 0 is unknown. A pure function of its arguments. Only a domain
        with conditions needs it.
        """
        raise NotImplementedError


class Defaults(Capability[Item]):
    """What a domain recommends where the user does not choose: how its models are trained, and how they are sampled."""

    attribute = "defaults"

    def settings(self) -> Mapping[str, Any]:
        """Returns settings of the model and its training by name, in place of seqgen's own defaults.

        Such as `attention_window`. `--size` and `--set` change them.
        """
        return {}

    def constraints(self, requested: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns constraints that samples have beside those that are requested, by name.

        A requested value wins over that of the same name.
        """
        return {}

    def sampling(self) -> Mapping[str, float]:
        """Returns sampling options by name: {"temperature": 0.9, "min_p": 0.05}.

        By default the model's distribution is sampled as it is.
        """
        return {}


class VocabularyLearning(Capability[Item]):
    """What `Domain.learn` is given, and which trained models a new model can start from (`--from`)."""

    attribute = "learning"

    def observe(self, item: Item) -> Any:
        """Returns what `learn` is given of an item, as a JSON value. Runs in a worker process. By default the item."""
        return item

    def extend(self, known: Learned, observations: Iterable[Any]) -> Vocabulary | Learned:
        """Returns what is learned for a model that starts from a trained one, which learned `known`.

        Weights are kept by the name of the token; a token that is not returned is forgotten. Raises UsageError.
        """
        raise NotImplementedError

    def start_domains(self) -> tuple[str, ...]:
        """Returns the names of the domains whose models a new model can start from. By default only its own."""
        return ()


class Reading(Capability[Item]):
    """How files are read."""

    attribute = "reading"

    def in_parts(self, path: PurePath) -> bool:
        """Whether `read` keeps only a part of this file in memory.

        Then the file may have any size, and the time limit holds for each part of its documents. Other files have at
        most MAX_FILE_BYTES; a plugin that opens a second file itself, such as one that a table names, checks its size.
        """
        return False

    def companions(self, path: PurePath) -> tuple[str, ...]:
        """Returns the names of the files in the same folder that are read together with this one.

        Such as `train.de` for `train.en`. They are unpacked together, and are not read for themselves.
        """
        return ()

    def restore(self, record: Record[Item]) -> Item:
        """Returns the item of a prompt, with what its tokens cannot say, such as a name or an exact tempo.

        record: the item as it was decoded, and the metadata that was read with it. Runs in the caller.
        """
        return record.item

    def cut(self, item: Item, shares: Sequence[float]) -> list[Item]:
        """Returns contiguous parts of an item, whose lengths have about these shares; or [item] if it must stay whole.

        A corpus cuts a document that is too large for one split, and each part goes to another split. Only a domain
        whose items are running text or the like offers this. Its items are JSON values, and it does not replace
        `VocabularyLearning.observe`. A pure function.
        """
        return [item]


CAPABILITIES: tuple[type[Capability[Any]], ...] = (
    Prompting, Display, BrowserDisplay, Prediction, Metrics, Deduplication, SettingsInference, Training, Defaults,
    VocabularyLearning, Reading,
)  # fmt: skip
