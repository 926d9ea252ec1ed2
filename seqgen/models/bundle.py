"""What a trained model is on disk: five files in a folder, which are data and can run nothing.

    config.json         format, the model's settings, how it was trained
    domain.json         the domain's name, interface version, plugin, settings, learned state and calibration
    grammar.json        what the state classes of the domain's grammar mean, by examples (seqgen.grammar.class_examples)
    model.safetensors   the weights
    README.md           a model card, for people

Some come with seqgen, and are called by their names (`bach-chorales`).

A bundle names its plugin; loading one never imports anything that is not already installed and registered. Names,
shapes and dtypes of all weights are compared with what the settings ask for before anything is allocated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from seqgen.atomic import atomic_write, write_text
from seqgen.errors import BundleError

FORMAT = 2
LARGEST_JSON = 64 * 2**20
SHIPPED = Path(__file__).parent / "pretrained"


class Bundle(NamedTuple):
    """The parts of a bundle that need no TensorFlow."""

    path: Path
    config: dict[str, Any]
    domain: dict[str, Any]

    def weights(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
        """The weights, float32 by name; raises BundleError unless names, shapes and dtypes are exactly `shapes`."""
        path = self.path / "model.safetensors"
        try:
            with safe_open(str(path), framework="numpy") as file:
                found = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
                stored = {name: (tuple(part.get_shape()), part.get_dtype()) for name, part in found.items()}
                wanted = {name: (tuple(shape), "F32") for name, shape in shapes.items()}
                if stored != wanted:
                    odd = sorted(name for name in {*stored, *wanted} if stored.get(name) != wanted.get(name))[0]
                    raise BundleError(
                        f"{path} does not fit its config.json: {odd!r} is {stored.get(odd)}, not {wanted.get(odd)}; "
                        "take the whole bundle from where it was trained."
                    )
                return {name: file.get_tensor(name) for name in wanted}
        except (SafetensorError, OSError) as error:
            raise BundleError(
                f"{path} is missing or damaged ({error}); take the bundle from where it was trained."
            ) from error

    def class_examples(self) -> list[Any]:
        """Returns the examples of the state classes that the model was trained with. Raises BundleError."""
        examples = _read_json(self.path / "grammar.json")
        if not isinstance(examples, list) or not all(isinstance(row, list) for row in examples):
            raise BundleError(f"{self.path}/grammar.json is damaged; take the bundle from where it was trained.")
        return examples

    def describe_domain(self, domain: dict[str, Any]) -> None:
        """Says anew what domain.json holds. Raises OutputError."""
        _write_domain(self.path, domain)


def write_bundle(
    path: Path,
    config: dict[str, Any],
    domain: dict[str, Any],
    class_examples: list[list[int]],
    weights: dict[str, np.ndarray],
    card: str,
) -> None:
    """Writes or updates the bundle of a run; each file is whole at any moment. Raises OutputError.

    Within a run only the weights and the account of how they were trained change, so a reader that comes between two
    of the files meets a model that loads.
    """
    _write_domain(path, domain)
    write_text(path / "grammar.json", json.dumps(class_examples))
    with atomic_write(path / "model.safetensors") as temporary:
        temporary.write_bytes(save(weights))
    write_text(path / "README.md", card)
    write_text(path / "config.json", json.dumps({"format": FORMAT, **config}, indent=1))


def _write_domain(path: Path, domain: dict[str, Any]) -> None:
    write_text(path / "domain.json", json.dumps(domain, indent=1, ensure_ascii=False))


def shipped() -> list[str]:
    """The names of the trained models that come with seqgen."""
    return sorted(folder.name for folder in SHIPPED.iterdir() if folder.is_dir())


def folder(path: Path | str) -> Path:
    """The folder at `path` or, where nothing is called so, the model of that name that comes with seqgen."""
    return SHIPPED / str(path) if str(path) in shipped() and not Path(path).exists() else Path(path)


def read_bundle(path: Path | str) -> Bundle:
    """Reads a bundle's two JSON files; `path` is the bundle, the run that holds it or a name. Raises BundleError."""
    path = folder(path)
    if (path / "bundle").is_dir():
        path = path / "bundle"
    if not path.is_dir():
        raise BundleError(
            f"{path} is no trained model; give the folder that 'seqgen train' made, or the name of one that comes with "
            f"seqgen ({', '.join(shipped())})."
        )
    config, domain = _read_object(path / "config.json"), _read_object(path / "domain.json")
    if config.get("format") != FORMAT:
        raise BundleError(
            f"{path} is a bundle of format {config.get('format')!r}, this is format {FORMAT}; "
            "use the version of seqgen that made it."
        )
    return Bundle(path, config, domain)


def _read_object(path: Path) -> dict[str, Any]:
    value = _read_json(path)
    if not isinstance(value, dict):
        raise BundleError(f"{path} is no JSON object; take the bundle from where it was trained.")
    return value


def _read_json(path: Path) -> Any:
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise ValueError("it is too large")
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(
            f"{path.parent} holds no trained model: it has no {path.name}; give the folder that 'seqgen train' made, "
            "after its first evaluation."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError(f"{path} cannot be read ({error}); take the bundle from where it was trained.") from error
