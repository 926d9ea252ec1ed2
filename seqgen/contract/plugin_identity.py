"""What messages call a plugin and its errors."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

BUNDLED = "seqgen-framework"
MAX_ERROR_LENGTH = 300
"""In characters; errors of pluggy and TensorFlow have many lines."""


@dataclass(frozen=True)
class PluginIdentity:
    """The name of a plugin, and the distribution that it comes with."""

    name: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.name!r} of {self.distribution} {self.version}".rstrip()

    @property
    def is_bundled(self) -> bool:
        """Whether it comes with seqgen."""
        return normalized(self.distribution) == BUNDLED


def remedy(plugin: PluginIdentity) -> str:
    """Returns what to do about a broken plugin, as the last part of a sentence."""
    if plugin.is_bundled:
        return "please report this bug of seqgen"
    return "update or uninstall it" if plugin.version else "correct it"


def cause(error: BaseException) -> str:
    """Returns the type and the text of an error in one line."""
    text = textwrap.shorten(str(error), MAX_ERROR_LENGTH, placeholder=" …")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def normalized(distribution: str) -> str:
    """Returns a distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()
