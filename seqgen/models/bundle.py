"""A trained model on disk: five files in a folder. They are data and cannot run anything.

    config.json         format, the settings of the model, how it was trained
    domain.json         the domain (seqgen.contract.domain_record) and its calibration
    grammar.json        the meaning of the state classes, as examples (seqgen.grammar.class_examples)
    model.safetensors   the weights
    README.md           a model card, for people

Some models come with seqgen. A user names them instead of a folder (`bach-chorales`).

Loading a bundle imports no plugin that is not installed and registered. Names, shapes and types of all weights are
compared with the settings before anything is allocated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import Field
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from seqgen.atomic import atomic_write, write_text
from seqgen.contract.domain_record import DomainRecord
from seqgen.errors import BundleError

FORMAT = 2
MAX_JSON_BYTES = 64 * 2**20
PRETRAINED_FOLDER = Path(__file__).parent / "pretrained"
TAKE_AGAIN = "take the bundle from where it was trained"


class BundleDomain(DomainRecord):
    """The content of domain.json.

    calibration: what `Prediction.calibrate` found
    """

    calibration: dict[str, Any] = Field(default_factory=dict)


class Bundle(NamedTuple):
    """The parts of a bundle that need no TensorFlow."""

    path: Path
    config: dict[str, Any]
    domain: BundleDomain

    def weights(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
        """Reads the weights, float32 by name. Raises BundleError unless they have exactly these names and shapes."""
        path = self.path / "model.safetensors"
        try:
            with safe_open(str(path), framework="numpy") as file:
                slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
                stored = {name: (tuple(part.get_shape()), part.get_dtype()) for name, part in slices.items()}
                expected = {name: (tuple(shape), "F32") for name, shape in shapes.items()}
                if stored != expected:
                    names = {*stored, *expected}
                    wrong = min(name for name in names if stored.get(name) != expected.get(name))
                    raise BundleError(
                        f"{path} does not fit its config.json: {wrong!r} is {stored.get(wrong)}, not "
                        f"{expected.get(wrong)}; {TAKE_AGAIN}."
                    )
                return {name: file.get_tensor(name) for name in expected}
        except (SafetensorError, OSError) as error:
            raise BundleError(f"{path} is missing or damaged ({error}); {TAKE_AGAIN}.") from error

    def class_examples(self) -> list[Any]:
        """Reads the examples of the state classes. Raises BundleError."""
        examples = _read_json(self.path / "grammar.json")
        if not isinstance(examples, list) or not all(isinstance(row, list) for row in examples):
            raise BundleError(f"{self.path}/grammar.json is damaged; {TAKE_AGAIN}.")
        return examples

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
    write_text(path / "grammar.json", json.dumps(class_examples))
    with atomic_write(path / "model.safetensors") as temporary:
        temporary.write_bytes(save(weights))
    write_text(path / "README.md", card)
    write_text(path / "config.json", json.dumps({"format": FORMAT, **config}, indent=1))


def _write_domain(path: Path, domain: DomainRecord) -> None:
    write_text(path / "domain.json", json.dumps(domain.model_dump(), indent=1, ensure_ascii=False))


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
    config = _read_json(path / "config.json")
    if not isinstance(config, dict):
        raise BundleError(f"{path}/config.json is no JSON object; {TAKE_AGAIN}.")
    if config.get("format") != FORMAT:
        raise BundleError(
            f"{path} is a bundle of format {config.get('format')!r}, this is format {FORMAT}; "
            "use the version of seqgen that made it."
        )
    try:
        domain = BundleDomain.model_validate(_read_json(path / "domain.json"))
    except ValueError as error:
        reason = str(error).splitlines()[0]
        raise BundleError(f"{path}/domain.json is damaged ({reason}); {TAKE_AGAIN}.") from error
    return Bundle(path, config, domain)


def _read_json(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise ValueError("it is too large")
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(
            f"{path.parent} holds no trained model: it has no {path.name}; give the folder that 'seqgen train' made, "
            "after its first evaluation."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError(f"{path} cannot be read ({error}); {TAKE_AGAIN}.") from error
