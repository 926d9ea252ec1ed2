"""Every hook is documented, and used by something that comes with seqgen."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from seqgen.contract.hooks import GROUPS, HookSpecifications
from seqgen.contract.plugins import call_hook, installed_plugins

HOOKS = [name for name in vars(HookSpecifications) if name.startswith("seqgen_")]
CONTRIBUTING = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_every_hook_has_a_group_of_its_own():
    assert list(GROUPS) == HOOKS
    assert len(set(GROUPS.values())) == len(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_says_what_it_returns_and_when_it_is_called(hook):
    text = inspect.getdoc(getattr(HookSpecifications, hook))
    assert text.startswith("Returns ")
    assert re.search(r"^Called ", text, re.MULTILINE)


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_in_the_table_of_contributing(hook):
    assert f"| `{hook}` | `{GROUPS[hook]}` |" in CONTRIBUTING


@pytest.mark.parametrize("hook", HOOKS)
def test_something_that_comes_with_seqgen_uses_each_hook(hook, tmp_path):
    training = {"run": tmp_path, "step": 0, "settings": {"early_stopping_patience": 0}}
    arguments = training if hook == "seqgen_train_callbacks" else {}
    bundled = [plugin for plugin in installed_plugins(hook) if plugin.is_bundled]
    assert bundled
    assert all(call_hook(plugin, hook, **arguments) for plugin in bundled)
