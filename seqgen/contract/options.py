"""Options: named and typed values that `--set key=value` reaches."""

from __future__ import annotations

import enum
import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from seqgen.contract.plugin_identity import cause
from seqgen.errors import InvalidValue, PluginError, SeqgenError, UnknownName


def type_name(annotation: Any) -> str:
    """Returns what a type is called in a help text: "win | draw | loss", "int". None is left out."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " | ".join(type_name(one) for one in arguments if one is not type(None))
    if origin is Literal:
        return " | ".join(map(str, arguments))
    if origin is Annotated:
        return type_name(arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return " | ".join(str(member.value) for member in annotation)
    return str(annotation).replace("typing.", "") if arguments else str(getattr(annotation, "__name__", annotation))


class Options(BaseModel):
    """A domain's settings, constraints or calibration: named, typed, immutable, and JSON-serialisable."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def is_empty(self) -> bool:
        """Whether every value is None. Constraints that are empty ask for nothing."""
        return all(value is None for _, value in self)

    @classmethod
    def has_option(cls, key: str) -> bool:
        """Whether an option has this name. Options that contain those of another domain know more names than fields."""
        return key in cls.model_fields

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], kind: str = "setting") -> Self:
        """Returns checked options. `kind` is what an error message calls one of them.

        Raises UnknownName for a key that does not exist, and InvalidValue for a value that the option does not take.
        """
        for key in values:
            if not cls.has_option(key):
                raise UnknownName(kind, key, cls.model_fields)
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            reason = first["msg"].removeprefix("Value error, ")
            raise InvalidValue(f"The {kind} {where!r} cannot be {first['input']!r}: {reason}.") from error
        except SeqgenError:
            raise
        except Exception as error:  # pydantic passes on what a validator raises, unless it is a ValueError
            raise PluginError(
                f"The {kind}s of {cls.__module__} fail with {cause(error)}; tell the author of this plugin."
            ) from error
