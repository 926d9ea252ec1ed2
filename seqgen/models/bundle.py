"""A trained model on disk: five files in a folder. They are data and cannot run anything.

    config.json         format, the settings of the model, how it was trained
    domain.json         the domain (seqgen.contract.domain_record) and its calibration
    grammar.json        the meaning of the state classes, as examples (seqgen.grammar.class_examples)
    model.safetensors   the weights
    README.md           a model card, for people

Some models come with seqgen. A user names them instead of a folder (`bach-chorales`).

Each file but README.md holds the SHA-256 of its own content, which is verified when it is read. Loading a bundle
imports no plugin that is not installed and registered. Names, shapes and types of all weights are compared with the
settings before anything is allocated.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from seqgen.contract.domain_record import DomainRecord
from seqgen.errors import BundleError
from seqgen.files import atomic_write, write_text
from seqgen.files.stored_files import (
    DamagedFile,
    MissingFile,
    StoredFileError,
    read_json,
    shorten,
    validated,
    with_checksum,
    without_checksum,
)
from seqgen.files.tensor_file import Layout, read_tensor_header, read_tensors, tensor_file_content

FORMAT = 3
CONFIG_FILE, DOMAIN_FILE, GRAMMAR_FILE, WEIGHTS_FILE = "config.json", "domain.json", "grammar.json", "model.safetensors"
SETTINGS_FILE = "settings.json"
"""The file that makes a folder a run."""
MAX_PARAMETERS = 2**30
"""The most weights that a bundle may hold: 4 GiB."""
MAX_EARLY_PARAMETERS = 2**24
"""So many weights are verified before TensorFlow loads, which takes longer. More are compared with the settings first,
so that a large file is not read in vain."""
PRETRAINED_FOLDER = Path(__file__).parent / "pretrained"
TAKE_AGAIN = "take the bundle from where it was trained"


class BundleDomain(DomainRecord):
    """The content of domain.json.

    calibration: what `Prediction.calibrate` found
    """

    calibration: dict[str, Any] = Field(default_factory=dict)


class BundleConfig(BaseModel):
    """The content of config.json.

    model:    the settings of the model
    training: the settings of the training
    result:   the step of the weights and their likelihood of held-out data
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    format: int
    model: dict[str, Any] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    result: dict[str, int | float] = Field(default_factory=dict)


class ClassExamples(BaseModel):
    """The content of grammar.json: the rows of seqgen.grammar.class_examples."""

    model_config = ConfigDict(extra="forbid", strict=True)

    class_examples: Annotated[list[Annotated[list[int], Field(min_length=3, max_length=3)]], Field(fail_fast=True)]


class Bundle(NamedTuple):
    """The parts of a bundle that need no TensorFlow."""

    path: Path
    config: dict[str, Any]
    domain: BundleDomain
    layout: Layout
    """The shape and the type of each array in model.safetensors, by name."""

    def weights(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
        """Reads the weights, float32 by name.

        Raises BundleError unless they have exactly these names and shapes, their checksum matches, and all are finite.
        """
        path = self.path / WEIGHTS_FILE
        expected = {name: (tuple(shape), "F32") for name, shape in shapes.items()}
        if self.layout != expected:
            names = {*self.layout, *expected}
            wrong = min(name for name in names if self.layout.get(name) != expected.get(name))
            raise BundleError(
                f"{path} does not fit its config.json: {shorten(wrong)!r} is {self.layout.get(wrong)}, not "
                f"{expected.get(wrong)}; {TAKE_AGAIN}."
            )
        with _bundle_errors(path):
            return _finite_weights(path)

    def class_examples(self) -> list[list[int]]:
        """Reads the examples of the state classes. Raises BundleError."""
        path = self.path / GRAMMAR_FILE
        with _bundle_errors(path):
            return validated(ClassExamples, without_checksum(read_json(path))).class_examples

    def write_calibration(self, calibration: dict[str, Any]) -> None:
        """Replaces the calibration in domain.json. Raises OutputError."""
        _write_domain(self.path, self.domain.model_copy(update={"calibration": calibration}))


def write_bundle(
    path: Path,
    config: dict[str, Any],
    domain: DomainRecord,
    class_examples: list[list[int]],
    weights: dict[str, np.ndarray],
    card: str,
) -> None:
    """Writes or updates the bundle of a run. Each file is complete at any moment. Raises OutputError.

    Within a run only the weights and the record of their training change. So somebody who reads while some files are
    new and some are old gets a model that loads.
    """
    _write_domain(path, domain)
    _write_json(path / GRAMMAR_FILE, {"class_examples": class_examples}, indent=None)
    with atomic_write(path / WEIGHTS_FILE) as temporary:
        temporary.write_bytes(tensor_file_content(weights))
    write_text(path / "README.md", card)
    _write_json(path / CONFIG_FILE, {"format": FORMAT, **config})


def _write_domain(path: Path, domain: DomainRecord) -> None:
    _write_json(path / DOMAIN_FILE, domain.model_dump())


def _write_json(path: Path, content: Mapping[str, Any], indent: int | None = 1) -> None:
    write_text(path, json.dumps(with_checksum(content), indent=indent, ensure_ascii=False))


def pretrained_names() -> list[str]:
    """Returns the names of the trained models that come with seqgen."""
    return sorted(folder.name for folder in PRETRAINED_FOLDER.iterdir() if folder.is_dir())


def model_folder(path: Path | str) -> Path:
    """Returns the folder at `path`, or the model of that name that comes with seqgen if there is nothing at `path`."""
    is_name = str(path) in pretrained_names() and not Path(path).exists()
    return PRETRAINED_FOLDER / str(path) if is_name else Path(path)


def read_bundle(path: Path | str) -> Bundle:
    """Reads config.json and domain.json of a bundle. Raises BundleError.

    path: the bundle, the run that contains it, or the name of a model that comes with seqgen
    """
    path = model_folder(path)
    if (path / "bundle").is_dir():
        path = path / "bundle"
    if not path.is_dir():
        raise BundleError(
            f"{path} is no trained model; give the folder that 'seqgen train' made, or the name of one that comes with "
            f"seqgen ({', '.join(pretrained_names())})."
        )
    with _bundle_errors(path / CONFIG_FILE):
        config = read_json(path / CONFIG_FILE)
        if isinstance(config, dict) and config.get("format") != FORMAT:
            raise BundleError(
                f"{path} is a bundle of format {shorten(repr(config.get('format')))}, this is format {FORMAT}; "
                "use the version of seqgen that made it."
            )
        config = validated(BundleConfig, without_checksum(config)).model_dump(exclude_unset=True)
    with _bundle_errors(path / DOMAIN_FILE):
        domain = validated(BundleDomain, without_checksum(read_json(path / DOMAIN_FILE)))
    with _bundle_errors(path / WEIGHTS_FILE):
        layout = read_tensor_header(path / WEIGHTS_FILE).layout
        _check_layout(layout, len(domain.vocabulary))
        if _count(layout) <= MAX_EARLY_PARAMETERS:
            _finite_weights(path / WEIGHTS_FILE)
    bundle = Bundle(path, config, domain, layout)
    bundle.class_examples()  # verified before TensorFlow loads, which takes longer
    return bundle


def _check_layout(layout: Layout, vocabulary_size: int) -> None:
    """Raises StoredFileError for arrays that no model can have. The exact check needs the grammar, and so more time."""
    shape = layout.get("embedding", ((), ""))[0]
    if len(shape) != 2 or shape[0] != vocabulary_size + 2:
        raise StoredFileError(f"it does not hold the embeddings of {vocabulary_size} tokens")
    if _count(layout) > MAX_PARAMETERS:
        raise StoredFileError(f"it holds more than {MAX_PARAMETERS} weights")


def _count(layout: Layout) -> int:
    """Returns the number of weights."""
    return sum(math.prod(shape) for shape, _ in layout.values())


def _finite_weights(path: Path) -> dict[str, np.ndarray]:
    """Reads and verifies the weights. Raises StoredFileError, also for weights that are not finite."""
    weights, _ = read_tensors(path)
    for name, value in weights.items():
        if not np.isfinite(value).all():
            raise StoredFileError(f"it holds numbers in {shorten(name)!r} that are not finite")
    return weights


@contextmanager
def _bundle_errors(path: Path) -> Iterator[None]:
    """Turns a StoredFileError about a file of a bundle into a BundleError."""
    try:
        yield
    except MissingFile:
        raise BundleError(
            f"{path.parent} holds no trained model: it has no {path.name}; give the folder that 'seqgen train' made, "
            "after its first evaluation."
        ) from None
    except DamagedFile as error:
        raise BundleError(f"{path} is damaged ({error}); restore it from a copy, or train again.") from error
    except StoredFileError as error:
        raise BundleError(f"{path} cannot be used: {error}; {TAKE_AGAIN}.") from error
