"""Recipes: small TOML files that say where real data comes from, under what licence, and how it is split.

name = "bach-chorales"
domain = "midi"
description = "…"
licence = "…"
[settings]              # the domain's settings, where they are not the defaults
[source]
package = "music21"     # an installed package that holds the files; it is never imported
pattern = "corpus/bach/*.mxl"
[split]
train = 0.8
valid = 0.1
test = 0.1
"""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import seqgen
from seqgen.corpus.split import Split
from seqgen.errors import CorpusError, SeqgenError, UnknownName


class Source(BaseModel):
    """Files inside an installed package."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    package: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    pattern: str


class Recipe(BaseModel):
    """Where a corpus comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    domain: str
    description: str
    licence: str
    settings: dict[str, Any] = {}
    source: Source
    split: Split = Split()

    def files(self) -> list[Path]:
        """The files in order; raises SeqgenError when their package is not installed, CorpusError when it has none."""
        # For a top-level name this looks at the path only; nothing is imported.
        found = importlib.util.find_spec(self.source.package)
        if found is None or not found.submodule_search_locations:
            raise SeqgenError(
                f"The recipe {self.name!r} takes its files from the package {self.source.package!r}, which is not "
                f"installed; install it with 'pip install {self.source.package}'."
            )
        folders = [Path(folder) for folder in found.submodule_search_locations]
        files = sorted(path for folder in folders for path in folder.glob(self.source.pattern) if path.is_file())
        if not files:
            raise CorpusError(
                f"The package {self.source.package!r} has no files {self.source.pattern!r}, which the recipe "
                f"{self.name!r} is made of; install another version of it."
            )
        return files


def folder() -> Path:
    """Where recipes lie: inside the package when it is installed, beside it in a checkout."""
    package = Path(seqgen.__file__).parent
    inside = package / "corpora"
    return inside if inside.is_dir() else package.parent / "corpora"


def recipes() -> dict[str, Recipe]:
    """Every recipe by name; raises CorpusError for one that cannot be read."""
    found = (_read(path) for path in sorted(folder().glob("*.toml")))
    return {recipe.name: recipe for recipe in found}


def find_recipe(name: str) -> Recipe:
    """The recipe of that name; raises UnknownName."""
    known = recipes()
    if name not in known:
        raise UnknownName("recipe", name, known)
    return known[name]


def _read(path: Path) -> Recipe:
    try:
        return Recipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CorpusError(f"The recipe {path} is wrong at {where!r}: {first['msg']}.") from error
    except (OSError, ValueError) as error:
        raise CorpusError(f"The recipe {path} cannot be read: {error}.") from error
