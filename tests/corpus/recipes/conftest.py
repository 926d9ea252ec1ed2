"""What the tests of recipes share."""

from __future__ import annotations

import pytest


@pytest.fixture
def install_recipes(install):
    """Returns a function that installs a plugin whose recipes are at a path."""

    def install_one(path, name="corpora"):
        body = f"""
            from pathlib import Path
            import pluggy

            @pluggy.HookimplMarker("seqgen")
            def seqgen_recipes():
                return [Path({str(path)!r})]
        """
        install(name, body, group="seqgen.recipes")

    return install_one
