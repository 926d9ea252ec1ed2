"""The site is true and complete: its examples run, its commands exist, and the reference leaves nothing out."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import click
import pytest
from commands import exit_code

import seqgen
import seqgen.grammar
from seqgen.cli import group
from seqgen.contract.discovery import load_all, load_domain
from seqgen.contract.hooks import GROUPS
from seqgen.contract.testing import check_domain
from seqgen.engine.settings import ModelSettings, TrainingSettings

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
TUTORIAL = DOCS / "tutorial" / "chess.md"


def module_in_docs(name: str) -> ModuleType:
    """Returns a Python module of the site's folder."""
    specification = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def blocks(page: Path, opening: str) -> list[str]:
    """Returns the code blocks of a page that begin with this line."""
    return re.findall(
        rf"^```{re.escape(opening)}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


COMMAND_LINES = [
    (page.name, line.removeprefix("$ "))
    for page in PAGES
    for block in blocks(page, "console")
    for line in block.splitlines()
    if line.startswith("$ seqgen ")
]


@pytest.fixture(scope="module")
def reference() -> dict[str, str]:
    return module_in_docs("reference").reference_pages()


def test_the_reference_has_every_public_name(reference):
    shown = set(re.findall(r"^::: \S*?(\w+)$", "\n".join(reference.values()), re.MULTILINE))
    grammar = {name for name in seqgen.grammar.__all__ if callable(getattr(seqgen.grammar, name))}
    assert {*seqgen.__all__, *grammar, "TrainedModel"} - shown == {"BOS", "EOS"}  # these are in a sentence
    assert "`BOS`" in reference["reference/grammar.md"]


def test_every_public_name_has_a_docstring():
    values = {name: getattr(seqgen, name) for name in seqgen.__all__}
    assert [name for name, value in values.items() if callable(value) and not value.__doc__] == []


def test_the_reference_has_every_command_with_its_options(reference):
    context = click.Context(group, info_name="seqgen")
    for name in group.list_commands(context):
        assert f"## seqgen {name}\n" in reference["reference/commands.md"]
        options = [option for parameter in group.get_command(context, name).params for option in parameter.opts]
        for option in options:
            if option.startswith("--"):
                assert option in reference["reference/commands.md"]


def test_the_reference_has_every_hook(reference):
    for hook, entry_points in GROUPS.items():
        assert f"| `{hook}` | `{entry_points}` |" in reference["reference/hooks.md"]


def test_the_reference_describes_every_setting_and_constraint(reference):
    page = reference["reference/settings.md"]
    options = [ModelSettings, TrainingSettings]
    for loaded in load_all():
        options += [loaded.domain.Settings, loaded.domain.Constraints]
    for kind in options:
        for name, field in kind.model_fields.items():
            assert field.description, f"{kind.__qualname__}.{name} has no description"
            assert f"| `{name}` |" in page


@pytest.mark.parametrize(("page", "line"), COMMAND_LINES)
def test_every_command_line_can_be_called(page, line):
    _, *words = shlex.split(line)
    name, *arguments = words[2:] if words[0] == "--plugin" else words
    command = group.get_command(click.Context(group), name)
    assert command is not None, f"{page}: there is no command {name}"
    context = click.Context(command, info_name=name)
    parsed, rest, _ = command.make_parser(context).parse_args(list(arguments))
    assert rest == []
    known = {*ModelSettings.model_fields, *TrainingSettings.model_fields}
    for domain in map(load_domain, ("midi", "text", "sentiment", "translation")):
        known |= {*domain.Settings.model_fields, *domain.Constraints.model_fields}
    known |= {"label", "result"}  # a label is a constraint of a trained model, a result one of the tutorial
    assert {value.partition("=")[0] for value in parsed.get("settings", [])} <= known


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name)
def test_python_examples_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec", dont_inherit=True), {})


def test_the_tutorial_makes_a_domain_that_keeps_all_laws(tmp_path):
    parts = blocks(TUTORIAL, 'python title="chess_domain.py"')
    lines = [line for line in "".join(parts).splitlines() if line and not line.startswith(("import", "from"))]
    assert len(lines) < 60
    names: dict = {"__name__": "chess_domain"}
    exec(compile("".join(parts), str(TUTORIAL), "exec", dont_inherit=True), names)
    chess, games = names["seqgen_domain"](), DOCS / "tutorial" / "games.pgn"
    check_domain(chess(), files=[games])
    assert len(list(chess().read(games))) == 33
    white_wins = chess().grammar(chess.Constraints(result="1-0"))
    vocabulary = chess().vocabulary
    assert white_wins.allowed[white_wins.start].nonzero()[0].tolist() == [vocabulary.ids["1-0"]]
    measured = blocks(TUTORIAL, 'python title="chess_domain.py, continued"')[0]
    exec(compile(measured, str(TUTORIAL), "exec", dont_inherit=True), names)
    assert names["MeasuredChess"]().metrics.sizes({"result": "1-0", "moves": ["e4", "e5"]}) == {"move": 2}


def test_the_domain_of_the_tutorial_trains_and_samples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = "".join(blocks(TUTORIAL, 'python title="chess_domain.py"'))
    (tmp_path / "chess_domain.py").write_text(code, encoding="utf-8")
    (tmp_path / "games").mkdir()
    (tmp_path / "games" / "games.pgn").write_bytes((DOCS / "tutorial" / "games.pgn").read_bytes())
    plugin = ("--plugin", "chess_domain.py")
    assert (
        exit_code(
            monkeypatch, *plugin, "train", "games", "--domain", "chess", "-o", "run", "--size", "tiny", "--steps", 20
        )
        == 0
    )
    assert (
        exit_code(
            monkeypatch, *plugin, "sample", "run", "-o", "out", "-n", 3, "--set", "result=1-0", "--max-new-tokens", 400
        )
        == 0
    )
    games = sorted((tmp_path / "out").glob("*.pgn"))
    assert len(games) == 3
    assert all(game.read_text().startswith('[Result "1-0"]') for game in games)


def test_equations_become_mathml():
    equations = module_in_docs("equations")
    page = equations.on_page_markdown("A line.\n\n```equations\nh_t = tanh(x)      hidden & shown\n```\n")
    assert page == (
        'A line.\n\n<table class="equations"><tr><td><math><msub><mi>h</mi><mi>t</mi></msub><mo>=</mo><mi>tanh</mi>'
        "<mo>(</mo><mi>x</mi><mo>)</mo></math></td><td>hidden &amp; shown</td></tr></table>\n"
    )
    both = "<msup><msub><mo>∑</mo><mrow><mi>t</mi><mo>−</mo><mn>1</mn></mrow></msub><mi>T</mi></msup>"
    assert equations.mathml("Σ_{t−1}^T") == f"<math>{both}</math>"
    for wrong in ("a_{b", "a}"):
        with pytest.raises(ValueError, match="brace"):
            equations.mathml(wrong)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_equation_can_be_drawn(page):
    equations = module_in_docs("equations")
    for block in blocks(page, "equations"):
        root = ElementTree.fromstring(equations.table(block))
        for script in (*root.iter("msub"), *root.iter("msup")):
            assert len(script) == 2


def test_argument_lists_of_docstrings_become_lists():
    with_lists = module_in_docs("docstrings").with_lists
    assert with_lists("Does it.\n\nids:     int32[n]\nweights: float32[n], one\n         for each id") == (
        "Does it.\n\n- `ids`: int32[n]\n- `weights`: float32[n], one for each id"
    )
    assert with_lists("A paragraph: with a colon,\nand more.") == "A paragraph: with a colon,\nand more."
