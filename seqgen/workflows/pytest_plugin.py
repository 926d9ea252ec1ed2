"""Fixtures for the tests of plugins. pytest finds them by the entry point `pytest11`, where seqgen is installed.

def test_a_tiny_model_samples(train_tiny_model):
    trained = train_tiny_model(MyDomain, [Path("some.file")])
    assert trained.sample(2)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from seqgen.contract.domain import Domain
    from seqgen.workflows.trained_model import TrainedModel

MODULE = """
import pluggy
from {module} import {name}

@pluggy.HookimplMarker("seqgen")
def seqgen_domain():
    return {qualname}
"""
DISTRIBUTION = "registered-by-a-test"


@pytest.fixture
def register_domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Domain[Any]]], None]:
    """Returns a function that registers a domain until the test ends, as if it were installed.

    Worker processes find the domain too. Its class stands at the top level of a module.
    """

    def register(kind: type[Domain[Any]]) -> None:
        module = f"seqgen_registered_{kind.name}"
        folder = tmp_path / module
        information = folder / f"{module}-0.dist-info"
        information.mkdir(parents=True)
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: 0\n")
        (information / "entry_points.txt").write_text(f"[seqgen]\n{kind.name} = {module}\n")
        name = kind.__qualname__.partition(".")[0]
        source = MODULE.format(module=kind.__module__, name=name, qualname=kind.__qualname__)
        (folder / f"{module}.py").write_text(source)
        monkeypatch.syspath_prepend(folder)

    return register


@pytest.fixture
def train_tiny_model(
    register_domain: Callable[[type[Domain[Any]]], None], tmp_path: Path
) -> Callable[..., TrainedModel]:
    """Returns a function that trains a tiny model for some steps on files of a domain, in a few seconds.

    It takes the class of the domain and the files, and settings by name. The domain need not be installed.
    """

    def train(kind: type[Domain[Any]], files: Sequence[Path], **settings: Any) -> TrainedModel:
        # pytest imports this module at its start, where nobody may need TensorFlow.
        from seqgen.contract.discovery import installed_plugin
        from seqgen.workflows.tiny_model import tiny_model

        if installed_plugin(kind.name) is None:
            register_domain(kind)
        return tiny_model(kind.name, files, tmp_path / "run", settings)

    return train
