"""Recipes: small TOML files that say where real data comes from, under what licence, and how it is split.

name = "bach-chorales"
domain = "midi"
description = "…"
licence = "…"
[settings]              # the domain's settings, where they are not the defaults
[source]                # either files of an installed package, which is never imported
package = "music21"
pattern = "corpus/bach/*.mxl"
take = "files"          # or the "docstrings", or the texts in "dictionaries", of Python files: JSON Lines with `text`
[source]                # or a file by its address and SHA-256
url = "https://…"
sha256 = "…"
bytes = 1115394
members = ["a/b.txt"]   # of a zip archive, the files that are meant; without them an archive is read as a folder is
[source]                # or files below an address, one by one
url = "https://…/"
listed = "some.sha256"  # their SHA-256s and names, as sha256sum writes them, in a file beside the recipe
bytes = 2531984         # of all together
[split]
train = 0.8
valid = 0.1
test = 0.1

Recipes are found by the hook seqgen_recipes, those that come with seqgen too.
"""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from seqgen.contract.plugins import hook_results, report_broken_plugins, unique
from seqgen.corpus.reading.sources import BuildProgress
from seqgen.corpus.recipes.docstrings import Prose, write_prose
from seqgen.corpus.recipes.downloads import cache_folder, fetch, unzip
from seqgen.corpus.storage.split import SplitFractions
from seqgen.errors import CorpusError, PluginError, SeqgenError, UnknownName

LISTED = re.compile(r"([0-9a-f]{64})  ([^/\s].*)")
"""A line of sha256sum: the SHA-256 of a file and its name."""


class PackageSource(BaseModel):
    """Files inside an installed package, or the prose in them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    package: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    pattern: str
    take: Literal["files"] | Prose = "files"

    def __str__(self) -> str:
        return f"{self.take if self.take == 'files' else f'{self.take} in files'} {self.pattern} of {self.package}"

    def files(self, recipe: str, folder: Path, progress: BuildProgress | None) -> list[Path]:
        """Raises SeqgenError when the package is not installed, CorpusError when it has no such files."""
        # For a top-level name this looks at the path only; nothing is imported.
        found = importlib.util.find_spec(self.package)
        if found is None or not found.submodule_search_locations:
            raise SeqgenError(
                f"The recipe {recipe!r} takes its files from the package {self.package!r}, which is not "
                f"installed; install it with 'pip install {self.package}'."
            )
        folders = [Path(folder) for folder in found.submodule_search_locations]
        files = sorted(path for folder in folders for path in folder.glob(self.pattern) if path.is_file())
        if not files:
            raise CorpusError(
                f"The package {self.package!r} has no files {self.pattern!r}, which the recipe {recipe!r} is made of; "
                "install another version of it."
            )
        if self.take == "files":
            return files
        return [write_prose(files, self.take, cache_folder() / recipe / "texts.jsonl")]


class AddressSource(BaseModel):
    """A file or an archive on the network, or some files of a zip archive there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern=r"^https?://[^/]+/.*[^/]$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=1)
    members: list[str] = []

    def __str__(self) -> str:
        return f"{self.url} ({self.bytes / 1e6:.1f} MB, fetched into {cache_folder()})"

    def files(self, recipe: str, folder: Path, progress: BuildProgress | None) -> list[Path]:
        """Raises CorpusError when it cannot be fetched or is another file, OutputError when it cannot be kept."""
        cache = cache_folder() / recipe
        archive = fetch(self.url, self.sha256, self.bytes, cache / self.url.rpartition("/")[2], progress)
        return unzip(archive, self.members, cache) if self.members else [archive]


class ListedSource(BaseModel):
    """Files below an address on the network, by a list of their SHA-256s and names that lies beside the recipe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern=r"^https?://[^/]+/(.*/)?$")
    listed: str = Field(pattern=r"^[\w-][\w.-]*$")
    bytes: int = Field(ge=1)

    def __str__(self) -> str:
        return f"{self.url}, files of {self.listed} ({self.bytes / 1e6:.1f} MB, fetched into {cache_folder()})"

    def files(self, recipe: str, folder: Path, progress: BuildProgress | None) -> list[Path]:
        """Raises CorpusError when one cannot be fetched or is another file, OutputError when it cannot be kept.

        Files that were fetched before, by a call that was interrupted too, are not fetched again.
        """
        fetched: list[Path] = []
        done = 0

        def report(part: int, size: int, what: str) -> None:
            if progress:
                progress(done + part, size, what)

        for name, digest in self.digests(folder):
            fetched.append(fetch(self.url + quote(name), digest, self.bytes, cache_folder() / recipe / name, report))
            done += fetched[-1].stat().st_size
        return fetched

    def digests(self, folder: Path) -> list[tuple[str, str]]:
        """Returns the name and the SHA-256 of each file that is listed in the recipe's folder. Raises CorpusError."""
        found = []
        path = folder / self.listed
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise CorpusError(f"The list of files {path} cannot be read: {error}.") from error
        for number, line in enumerate(lines, start=1):
            match = LISTED.fullmatch(line)
            if match is None or ".." in PurePosixPath(match[2]).parts:
                raise CorpusError(f"The list of files {path} is wrong in line {number}; write 'SHA-256  name' there.")
            found.append((match[2], match[1]))
        return found


def _kind(source: Any) -> str:
    """Returns which source is meant. In a recipe's text, its keys show it."""
    has = source.keys() if isinstance(source, dict) else type(source).model_fields.keys()
    return "listed" if "listed" in has else "url" if "url" in has else "package"


class Recipe(BaseModel):
    """Where a corpus comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    domain: str
    description: str
    licence: str
    settings: dict[str, Any] = {}
    source: Annotated[
        Annotated[PackageSource, Tag("package")]
        | Annotated[AddressSource, Tag("url")]
        | Annotated[ListedSource, Tag("listed")],
        Discriminator(_kind),
    ]
    split: SplitFractions = SplitFractions()
    folder: Path = Field(exclude=True)
    """Where the recipe's file is."""

    def files(self, progress: BuildProgress | None = None) -> list[Path]:
        """Returns the files in order, fetched where they have to be. Raises SeqgenError when they cannot be had."""
        return self.source.files(self.name, self.folder, progress)


def recipes() -> dict[str, Recipe]:
    """Returns every recipe by name. One that cannot be read, or that has the name of another, is reported."""
    named = []
    for plugin, path in hook_results("seqgen_recipes", Path):
        for file in sorted(path.glob("*.toml")) if path.is_dir() else [path]:
            with report_broken_plugins():
                try:
                    recipe = read_recipe(file)
                except CorpusError as error:
                    raise PluginError(f"A recipe of the plugin {plugin} is left out. {error}") from error
                named.append((recipe.name, plugin, recipe))
    return {name: recipe for name, (_, recipe) in unique(named, "recipe").items()}


def find_recipe(name: str) -> Recipe:
    """Returns the recipe of that name. Raises UnknownName."""
    known = recipes()
    if name not in known:
        raise UnknownName("recipe", name, known)
    return known[name]


def read_recipe(path: Path) -> Recipe:
    """Returns the recipe in a file. Raises CorpusError for a file that cannot be read or that is wrong."""
    try:
        return Recipe.model_validate({**tomllib.loads(path.read_text(encoding="utf-8")), "folder": path.parent})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CorpusError(f"The recipe {path} is wrong at {where!r}: {first['msg']}.") from error
    except (OSError, ValueError) as error:
        raise CorpusError(f"The recipe {path} cannot be read: {error}.") from error
