"""A plugin for translation: registers the domain `translation`.

What the entry point loads stays cheap: the domain is imported when seqgen first asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from seqgen_translation.domain import TranslationDomain

hookimpl = pluggy.HookimplMarker("seqgen")


@hookimpl
def seqgen_domain() -> type[TranslationDomain]:
    """Returns the domain that this plugin brings."""
    from seqgen_translation.domain import TranslationDomain

    return TranslationDomain
