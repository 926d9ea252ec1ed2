"""The bundled plugin for labelled content: registers the domain `sentiment`.

What the entry point loads stays cheap: the domain is imported when seqgen first asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from seqgen_sentiment.domain import SentimentDomain

hookimpl = pluggy.HookimplMarker("seqgen")


@hookimpl
def seqgen_domain() -> type[SentimentDomain]:
    """Returns the domain that this plugin brings."""
    from seqgen_sentiment.domain import SentimentDomain

    return SentimentDomain
