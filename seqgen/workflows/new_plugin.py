"""Writes a new plugin that works: a small domain with its tests, which an author changes step by step."""

from __future__ import annotations

import itertools
import keyword
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from string import Template

from seqgen.contract.core import INTERFACE_VERSION
from seqgen.contract.discovery import installed_domains
from seqgen.errors import OutputError, UnknownName, UsageError
from seqgen.files import write_text

CONSTRAINTS = "constraints"
CAPABILITIES = (
    "prompting",
    "display",
    "prediction",
    "metrics",
    "deduplication",
    "inference",
    "training",
    "defaults",
    "learning",
    "reading",
)
STUBS = (CONSTRAINTS, *CAPABILITIES)
"""What a new plugin can have beside the core."""
ARGUMENTS = {"prompting": "self", "prediction": "self", "inference": "self.settings"}
"""What the constructors of some capabilities take."""
SYLLABLES = ("ba", "de", "fi", "go", "lu", "ma", "ne", "ri", "so", "tu")
SETTINGS_CLASS = '''
    class Settings(Options):
        """How words are read."""

        separator: str | None = Field(
            default=None, min_length=1, max_length=1, description="the character between words; inferred if unset"
        )
'''
CONSTRAINTS_CLASS = '''
    class Constraints(Options):
        """What can be asked of a word."""

        letters: int | None = Field(default=None, ge=1, le=100, description="the number of letters")
'''
GRAMMAR_METHOD = '''
    def grammar(self, constraints: Any = None) -> Grammar:
        """Returns the automaton of all words, or of those with the number of letters that is asked for."""
        if constraints is None or constraints.letters is None:
            return super().grammar()

        def moves(count: int) -> Iterator[tuple[int, int]]:
            if count == constraints.letters:
                yield EOS, count
            else:
                yield from ((FIRST_LETTER + number, count + 1) for number in range(len(LETTERS)))

        return build_grammar(len(self.vocabulary), 0, moves)
'''


def new_plugin(name: str, folder: Path | str, stubs: Sequence[str] = ()) -> list[Path]:
    """Writes a plugin with a domain called `name` into a new folder, and returns its files.

    stubs: the capabilities that it has beside the core, such as "prediction"; see STUBS

    Raises UsageError for a name that no plugin can have, UnknownName for other stubs, and OutputError.
    """
    folder = Path(folder)
    check_name(name)
    for stub in stubs:
        if stub not in STUBS:
            raise UnknownName("stub", stub, STUBS)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder} is not an empty folder; choose another one.")
    values = template_values(name, stubs)
    package = values["package"]
    contents = {
        "pyproject.toml": rendered("pyproject.toml", values),
        "README.md": rendered("README.md", values),
        f"{package}/__init__.py": rendered("init.py", values),
        f"{package}/py.typed": "",
        f"{package}/domain.py": rendered("domain.py", values),
        "tests/test_domain.py": rendered("test_domain.py", values),
        f"examples/words.{name}": "".join(f"{word}\n" for word in example_words()),
    }
    for stub in CAPABILITIES:
        if stub in stubs:
            contents[f"{package}/{stub}.py"] = rendered(f"capabilities/{stub}.py", values)
    for path, text in contents.items():
        write_text(folder / path, text)
    return [folder / path for path in contents]


def check_name(name: str) -> None:
    """Raises UsageError for a name that no new domain can have."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise UsageError(f"A domain cannot be called {name!r}; take lower-case letters, digits and underscores.")
    if any(plugin.name == name for plugin in installed_domains()):
        raise UsageError(f"A domain {name!r} is installed already; choose another name.")


def template_values(name: str, stubs: Sequence[str]) -> dict[str, str]:
    """Returns the values of the placeholders in the templates."""
    class_name = "".join(part.capitalize() for part in name.split("_"))
    package = f"seqgen_{name}"
    chosen = [stub for stub in CAPABILITIES if stub in stubs]
    has_constraints, has_settings = CONSTRAINTS in stubs, "inference" in stubs
    has_options = has_constraints or has_settings
    names = ["Domain", "Example", "UnusableFile", "Vocabulary", "atomic_write"]
    names += ["EOS", "Grammar"] if has_constraints else []
    names += ["Options"] if has_options else []
    imports = [f"from {package}.{stub} import {class_name}{stub.capitalize()}" for stub in sorted(chosen)]
    # Constants stand before classes, and classes before functions, as ruff sorts them.
    names.sort(key=lambda one: (not one.isupper(), not one[0].isupper(), one))
    return {
        "name": name,
        "class_name": class_name,
        "package": package,
        "distribution": f"seqgen-{name.replace('_', '-')}",
        "interface_version": str(INTERFACE_VERSION),
        "seqgen_names": ", ".join(names),
        "mapping_import": ", Mapping" if chosen else "",
        "options_import": "from pydantic import Field\n" if has_options else "",
        "grammar_import": "from seqgen.grammar import build_grammar\n" if has_constraints else "",
        "capability_imports": "".join(["\n", *(f"{line}\n" for line in imports)]) if imports else "",
        "settings": SETTINGS_CLASS if has_settings else "",
        "separation": '.replace(self.settings.separator or " ", " ")' if has_settings else "",
        "constraints": CONSTRAINTS_CLASS if has_constraints else "",
        "grammar": GRAMMAR_METHOD if has_constraints else "",
        "constructor": constructor(class_name, chosen),
    }


def constructor(class_name: str, capabilities: Sequence[str]) -> str:
    """Returns the source of the constructor that sets these capabilities, or nothing if there are none."""
    if not capabilities:
        return ""
    lines = [
        "",
        "    def __init__(",
        "        self, settings: Any = None, vocabulary: Vocabulary | None = None, "
        "state: Mapping[str, Any] | None = None",
        "    ) -> None:",
        "        super().__init__(settings, vocabulary, state)",
    ]
    for one in capabilities:
        lines.append(f"        self.{one} = {class_name}{one.capitalize()}({ARGUMENTS.get(one, '')})")
    return "\n".join(lines) + "\n"


def rendered(template: str, values: dict[str, str]) -> str:
    """Returns the text of a template with its placeholders filled in."""
    source = files("seqgen.workflows").joinpath("plugin_template", f"{template}.txt")
    return Template(source.read_text(encoding="utf-8")).substitute(values)


def example_words() -> list[str]:
    """Returns some hundred made-up words."""
    return ["".join(parts) for parts in itertools.permutations(SYLLABLES, 3)][::2]
