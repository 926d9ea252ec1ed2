"""The bundled plugin for text: registers the domain `text`.

What the entry point loads stays cheap: the domain is imported when seqgen first asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from seqgen_text.domain import TextDomain

hookimpl = pluggy.HookimplMarker("seqgen")


@hookimpl
def seqgen_domain() -> type[TextDomain]:
    """Returns the domain that this plugin brings."""
    from seqgen_text.domain import TextDomain

    return TextDomain
