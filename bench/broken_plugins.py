"""Installs broken plugins and looks whether each is named, with its version and the reason, and breaks nothing else.

    python bench/broken_plugins.py [--pip]

Each plugin is a distribution in a folder of its own on PYTHONPATH, with a dist-info as pip writes it. With `--pip`, it
is a wheel that pip installs into a temporary virtual environment, and removes again. First a good plugin trains a tiny
model. Then one kind of broken plugin after the other takes its place, and one command runs. At last all are installed
at once: the help must stay fast, and the commands for other domains must work.

Prints one line a kind, and a JSON line: `kinds`, `named` (both as many as there are kinds), `others_work` and
`help_cpu_seconds` (target: at most 0.25).
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import textwrap
import venv
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from common import finish

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from words_plugin import WORDS_PLUGIN, changed

VERSION = "1.7"
COMMANDS = """
import click
import pluggy


@click.command("{name}")
def command():
    {body}


@pluggy.HookimplMarker("seqgen")
def seqgen_commands():
    return [command]
"""
BUILD = ("build", "{words}", "--domain", "words", "-o", "{out}")
SAMPLE = ("sample", "{run}", "-o", "{out}", "-n", "2", "--max-new-tokens", "20")


@dataclass(frozen=True)
class Kind:
    """One kind of broken plugin.

    command:  what is run, with {words}, {run} and {out} in it
    reason:   a part of what the command must print
    exit_code: of the command; None if it does not matter
    """

    what: str
    body: str
    reason: str
    command: tuple[str, ...] = ("domains",)
    exit_code: int | None = 0
    group: str = "seqgen"
    name: str = "words"
    twin: bool = False
    leaves: tuple[str, ...] = field(default=())


KINDS = [
    Kind("cannot be imported", "import there_is_no_such_module", "ModuleNotFoundError"),
    Kind("ends the process at import", "raise SystemExit(3)", "SystemExit: 3"),
    Kind("is no Python", "def (", "SyntaxError"),
    Kind("takes long to import", f"import time\ntime.sleep(5)\n{WORDS_PLUGIN}", "takes 5 s to import"),
    Kind("another version of the interface", changed("interface_version = 2", "interface_version = 99"), "version 99"),
    Kind("no version of the interface", changed("interface_version = 2", "pass"),
         "does not state the interface_version"),
    Kind("no hook", "", "does not give a domain by the hook"),
    Kind("a hook that nobody asks for", changed("def seqgen_domain", "def seqgen_domian"), "unknown hook"),
    Kind("a hook that fails", changed("    return Words\n", "    return {}['e9']\n"), "KeyError: 'e9'"),
    Kind("gives no domain", changed("    return Words\n", "    return 7\n"), "no subclass of seqgen.Domain"),
    Kind("a group that does not exist", WORDS_PLUGIN, "no group 'seqgen.domain'", group="seqgen.domain"),
    Kind("the name of a bundled domain", WORDS_PLUGIN.replace('"words"', '"text"'), "has the same name", name="text"),
    Kind("the name of another plugin", WORDS_PLUGIN, "Two plugins are called 'words'", twin=True),
    Kind("a text for the endings", changed('(".words",)', '".words"'), "a tuple was expected"),
    Kind("a class for a capability", changed("display = WordsDisplay()", "display = WordsDisplay"),
         "has the class WordsDisplay in the attribute display", BUILD, 1),
    Kind("learn fails", changed("        return Vocabulary", "        return {}['e9'] or Vocabulary"),
         "fails in learn: KeyError: 'e9'", BUILD, 1),
    Kind("read fails", changed("for word in", "for word in {}['e9'] or"), "fails in read: KeyError: 'e9'", BUILD, 1),
    Kind("read yields wrong types", changed("yield word", "yield len(word)"),
         "yields an int from read, and str", BUILD, 1),
    Kind("read returns nothing", changed("            yield word", "            pass"),
         "returns None from read, and an iterator was expected", BUILD, 1),
    Kind("read hangs", changed("            yield word", "            import time; time.sleep(1000); yield word"),
         "took longer than 60 s", BUILD, 1),
    Kind("read ends its process", changed("            yield word", "            import os; os.abort(); yield word"),
         "the reader crashed", BUILD, 1),
    Kind("encode returns wrong types", changed("return Example.document(", "return list("),
         "returns a list from encode, and Example was expected", BUILD, 1),
    Kind("encode returns wrong ids", changed("[2 + string", "[200 + string"),
         "returns a wrong document from encode", BUILD, 1),
    Kind("the grammar is no grammar", changed("    def learn",
         "    def grammar(self, constraints=None):\n        return {}\n\n"
         "    def learn"), "returns a dict from grammar, and Grammar was expected", BUILD, 1),
    Kind("decode fails", changed('return "".join(', "return {}['e9'] or \"\".join("),
         "fails in decode: KeyError: 'e9'", SAMPLE, 1),
    Kind("decode returns wrong types", changed('return "".join(', "return list("),
         "returns a list from decode, and str", SAMPLE, 1),
    Kind("write leaves half a file", changed("        with atomic_write(target)",
         "        target.write_text('ha'); {}['e9']\n"
         "        with atomic_write(target)"), "fails in write: KeyError: 'e9'", SAMPLE, 1),
    Kind("write names files that are not there", changed("return [target]", "return [path]"),
         "which is not there", SAMPLE, 1),
    Kind("html fails", changed('return "<p></p>"', "return {}['e9']"), "fails in display.html: KeyError: 'e9'", SAMPLE,
         leaves=("words-0.html", "words-0-1.words")),
    Kind("render fails", changed("target.write_text(item)", "target.write_text(item[0]); {}['e9']"),
         "fails in display.render: KeyError: 'e9'", SAMPLE, leaves=("words-0.html", "words-0-2.words")),
    Kind("a metric fails", changed('return {"count": 1.0}', "return {}['e9']"),
         "fails in metrics.compare: KeyError: 'e9'",
         ("evaluate", "{run}")),
    Kind("a command that has a name of seqgen's", COMMANDS.format(name="train", body="pass"),
         "The command 'train' of the plugin", ("--help",), group="seqgen.commands"),
    Kind("a command that fails", COMMANDS.format(name="dance", body="{}['e9']"),
         "fails in the command 'dance': KeyError",
         ("dance",), 1, group="seqgen.commands"),
]  # fmt: skip


class Folders:
    """Installs distributions as folders on PYTHONPATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cpu_seconds = 0.0
        """The processor time of the last command."""

    def add(self, distribution: str, kind: Kind) -> str:
        """Writes a distribution with one plugin into a new folder, and returns its name."""
        module = distribution.replace("-", "_")
        place = self.folder / distribution
        information = place / f"{module}-{VERSION}.dist-info"
        information.mkdir(parents=True)
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {VERSION}\n")
        (information / "entry_points.txt").write_text(f"[{kind.group}]\n{kind.name} = {module}\n")
        (place / f"{module}.py").write_text(textwrap.dedent(kind.body))
        return distribution

    def seqgen(
        self, arguments: tuple[str, ...], distributions: list[str], values: dict[str, Path]
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command with some distributions installed."""
        places = [str(self.folder / distribution) for distribution in distributions]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*places, *filter(None, sys.path)])}
        return self._run(
            [sys.executable, "-m", "seqgen.cli", *(one.format(**values) for one in arguments)], environment
        )

    def _run(self, command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """Runs a command, and takes its processor time."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return done


class VirtualEnvironment(Folders):
    """Installs distributions by pip into a virtual environment, which also sees what this interpreter has installed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        venv.create(folder / "venv", with_pip=True)
        self.python = folder / "venv" / "bin" / "python"
        (site_packages,) = (folder / "venv").glob("lib/python*/site-packages")
        lines = [f"import site; site.addsitedir({path!r})" for path in filter(None, sys.path)]
        (site_packages / "outer.pth").write_text("\n".join(lines) + "\n")

    def wheel(self, distribution: str) -> Path:
        """Returns the wheel of a distribution that was added."""
        place, module = self.folder / distribution, distribution.replace("-", "_")
        path = self.folder / f"{module}-{VERSION}-py3-none-any.whl"
        information = f"{module}-{VERSION}.dist-info"
        files = {str(file.relative_to(place)): file.read_text() for file in place.rglob("*") if file.is_file()}
        files[f"{information}/WHEEL"] = (
            "Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        files[f"{information}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{information}/RECORD"])
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        return path

    def seqgen(
        self, arguments: tuple[str, ...], distributions: list[str], values: dict[str, Path]
    ) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        wheels = [str(self.wheel(distribution)) for distribution in distributions]
        self._pip("install", "--no-deps", "--no-index", *wheels)
        command = [str(self.python), "-m", "seqgen.cli", *(one.format(**values) for one in arguments)]
        done = self._run(command, environment)
        self._pip("uninstall", "--yes", *distributions)
        return done

    def _pip(self, *arguments: str) -> None:
        command = [str(self.python), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
        subprocess.run(command, check=True, capture_output=True, text=True)


def is_named(kind: Kind, done: subprocess.CompletedProcess[str], out: Path) -> bool:
    """Whether a command named the plugin with its version and the reason, and left what it should."""
    said = done.stdout + done.stderr
    places = [path.name for path in out.iterdir()] if out.is_dir() else []
    has_half_file = kind.what.startswith("write leaves") and any(name.endswith(".words") for name in places)
    return (
        kind.reason in said
        and f" {VERSION}" in said
        and "Traceback" not in said
        and (kind.exit_code is None or done.returncode == kind.exit_code)
        and all(name in places for name in kind.leaves)
        and not has_half_file
        and (kind.what != "a metric fails" or "perplexity" in done.stdout)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pip", action="store_true", help="install the plugins by pip into a temporary environment")
    by_pip = parser.parse_args().pip
    named = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        plugins = VirtualEnvironment(folder) if by_pip else Folders(folder)
        words = folder / "some.words"
        letters = "abcdefghij"
        words.write_text("\n".join(one + two + three for one in letters for two in letters for three in letters[:4]))
        values = {"words": words, "run": folder / "run", "out": folder / "out"}
        good = plugins.add("good-words", Kind("good", WORDS_PLUGIN, ""))
        train = ("train", "{words}", "--domain", "words", "-o", "{run}", "--size", "tiny", "--steps", "20")
        trained = plugins.seqgen(train, [good], values)
        assert trained.returncode == 0, trained.stderr
        broken = []
        for number, kind in enumerate(KINDS):
            distribution = plugins.add(f"broken-{number}", kind)
            broken.append(distribution)
            values["out"] = folder / f"out-{number}"
            done = plugins.seqgen(kind.command, [distribution, good] if kind.twin else [distribution], values)
            is_right = is_named(kind, done, values["out"]) and f"broken-{number}" in done.stdout + done.stderr
            named += is_right
            print(f"{'named' if is_right else 'NOT NAMED'}: {kind.what}", flush=True)
            if not is_right:
                print(textwrap.indent(f"exit code {done.returncode}\n{done.stdout}{done.stderr}", "    "), flush=True)
        text = folder / "some.txt"
        text.write_text("\n\n".join(f"A paragraph, number {number}." for number in range(50)))
        values |= {"text": text, "out": folder / "corpus"}
        build = ("build", "{text}", "--domain", "text", "-o", "{out}", "--set", "document=paragraph")
        others = [plugins.seqgen(arguments, broken, values) for arguments in (build, ("corpora",), ("domains", "midi"))]
        helped = plugins.seqgen(("--help",), broken, values)
        others.append(helped)
    finish(
        {
            "kinds": len(KINDS),
            "named": named,
            "others_work": all(done.returncode == 0 for done in others),
            "help_cpu_seconds": plugins.cpu_seconds,
        }
    )


if __name__ == "__main__":
    main()
