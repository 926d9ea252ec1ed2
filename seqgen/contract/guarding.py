"""Guards the methods of a plugin's domain and of its capabilities.

Discovery and workers use a guarded subclass of the plugin's class. What a method raises becomes a PluginFailure, which
names the plugin and the method, and so does a value of another type than the contract says. Errors of seqgen pass
through.

The guard acts where a call enters the plugin. What the methods of one plugin raise to each other does not concern it.
"""

from __future__ import annotations

import dataclasses
import functools
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from seqgen.contract.capabilities import CAPABILITIES
from seqgen.contract.core import Core
from seqgen.contract.documents import Prompt, PromptChoice
from seqgen.contract.domain import Domain
from seqgen.contract.plugin_identity import PluginIdentity, cause, remedy
from seqgen.contract.plugins import broken
from seqgen.contract.return_checks import (
    choice_fault,
    conditions_fault,
    count_fault,
    mask_fault,
    prompt_fault,
    truth_fault,
    value_fault,
)
from seqgen.contract.return_types import (
    describe_type,
    describe_value,
    element_type,
    has_type,
    is_iterable,
    item_type,
    return_type,
)
from seqgen.errors import PluginFailure, SeqgenError, UnusableFile

REQUIRED_METHODS = ("read", "learn", "encode", "decode", "write")
CORE_METHODS = (*REQUIRED_METHODS, "grammar")
CONSTRUCTOR = "its constructor"
NO_FILE_METHODS = ("learn", "decode", "write", "grammar")
NO_FILE_CAPABILITIES = ("display", "metrics", "training")
"""What has no file, and so may not raise UnusableFile."""
PASSING = (KeyboardInterrupt, GeneratorExit, MemoryError)
_END = object()
Kind = TypeVar("Kind", bound=type[Any])


class _Calls(threading.local):
    """The calls of plugins that this thread is in.

    plugins: whose methods they are, the innermost last
    failure: the last error that left a method, and the innermost method that it left
    """

    def __init__(self) -> None:
        self.plugins: list[PluginIdentity] = []
        self.failure: tuple[BaseException, str] | None = None


_CALLS = _Calls()


@functools.cache
def guarded_domain(kind: type[Domain[Any]], plugin: PluginIdentity) -> type[Domain[Any]]:
    """Returns a subclass of a plugin's class whose methods are guarded, and those of its capabilities."""
    item = item_type(kind)
    guarded = _guarded_class(kind, Core, CORE_METHODS, "", plugin, item)

    def make(self: Domain[Any], *arguments: Any, **named: Any) -> None:
        with _call(plugin, CONSTRUCTOR, takes_path=False):
            super(guarded, self).__init__(*arguments, **named)
        for contract in CAPABILITIES:
            _guard_capability(self, contract, plugin, item)

    guarded.__init__ = make  # type: ignore[method-assign]
    guarded.plugin = plugin
    return guarded


def plugin_of(kind: type[Domain[Any]]) -> PluginIdentity:
    """Returns the plugin that a domain came with. One that is not installed is named after its module."""
    return kind.plugin or PluginIdentity(kind.name, f"the module {kind.__module__}", "")


def failure(plugin: PluginIdentity, fault: str, error: BaseException | None = None) -> PluginFailure:
    """Returns the error about a method of a plugin. `error` is what the method raised."""
    summary = f"plugin error: {plugin} {fault}"
    if error is None:
        return PluginFailure(f"The plugin {plugin} {fault}; {remedy(plugin)}.", summary)
    sentence = f"The plugin {plugin} {fault}: {cause(error)}; {remedy(plugin)}."
    return PluginFailure(sentence, f"{summary} ({type(error).__name__})")


def _guard_capability(domain: Domain[Any], contract: Any, plugin: PluginIdentity, item: Any) -> None:
    """Guards one capability of a domain that was just made. Raises PluginError if it is no capability."""
    held = getattr(domain, contract.attribute)
    if held is None or type(held) is contract:
        return
    if not isinstance(held, contract):
        found = f"the class {held.__name__}" if isinstance(held, type) else describe_value(held)
        fault = (
            f"has {found} in the attribute {contract.attribute}, and an instance of {contract.__name__} was expected"
        )
        raise broken(plugin, fault)
    kind: Any = type(held)
    if "_is_guarded" not in vars(kind):
        # The object stays the same, because other objects of the plugin may hold it too.
        object.__setattr__(held, "__class__", _guarded_capability(kind, contract, plugin, item))


@functools.cache
def _guarded_capability(kind: Any, contract: Any, plugin: PluginIdentity, item: Any) -> Any:
    return _guarded_class(kind, contract, tuple(contract.method_names()), f"{contract.attribute}.", plugin, item)


def _guarded_class(
    kind: Kind, contract: Any, methods: tuple[str, ...], prefix: str, plugin: PluginIdentity, item: Any
) -> Kind:
    """Returns a subclass with guards around those methods of the contract that `kind` implements."""
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}

    def fill(namespace: dict[str, Any]) -> None:
        # Without slots of its own, an object of `kind` can become one of the subclass.
        namespace.update(names, __slots__=(), _is_guarded=True)

    guarded: Kind = types.new_class(kind.__name__, (kind,), {}, fill)  # type: ignore[assignment]
    for name in methods:
        is_required = contract is Core and name in REQUIRED_METHODS
        if is_required or getattr(kind, name) is not getattr(contract, name):
            expected = return_type(contract, name)
            setattr(guarded, name, _guarded_method(guarded, name, f"{prefix}{name}", expected, plugin, item))
    return guarded


def _guarded_method(
    guarded: type[Any], name: str, label: str, expected: Any, plugin: PluginIdentity, item: Any
) -> Callable[..., Any]:
    """Returns a method that calls the plugin's own inside a guard, and checks what it returns."""
    element = element_type(expected)
    check = value_fault(label)

    @functools.wraps(getattr(guarded, name))
    def method(self: Any, *arguments: Any, **named: Any) -> Any:
        is_entry = _is_entry(plugin)
        takes_path = any(isinstance(one, Path) for one in (*arguments, *named.values()))
        with _call(plugin, label, takes_path):
            value = getattr(super(guarded, self), name)(*arguments, **named)
        if not is_entry:
            return value
        if element is not None:
            if not is_iterable(value):
                raise _wrong_type(plugin, f"returns {describe_value(value)} from", label, "an iterator", item)
            return elements(value, takes_path, arguments)
        if not has_type(value, expected, item):
            raise _wrong_type(plugin, f"returns {describe_value(value)} from", label, expected, item)
        fault = check(self, arguments, value)
        if fault:
            raise failure(plugin, f"returns from {label} {fault}")
        return guarded_prompt(value, plugin, label) if isinstance(value, Prompt) else value

    def elements(values: Any, takes_path: bool, arguments: tuple[Any, ...]) -> Iterator[Any]:
        with _call(plugin, label, takes_path):
            iterator = iter(values)
        count = 0
        while True:
            with _call(plugin, label, takes_path):
                value = next(iterator, _END)
            if value is _END:
                break
            if not has_type(value, element, item):
                raise _wrong_type(plugin, f"yields {describe_value(value)} from", label, element, item)
            fault = check(None, arguments, value)
            if fault:
                raise failure(plugin, f"yields from {label} {fault}")
            count += 1
            yield value
        fault = count_fault(label, arguments, count)
        if fault:
            raise failure(plugin, f"yields from {label} {fault}")

    return method


def guarded_prompt(prompt: Prompt, plugin: PluginIdentity, label: str) -> Prompt:
    """Returns a prompt whose functions are guarded as the method is that returned it."""

    def guard(function: Callable[..., Any] | None, name: str, fault: Callable[[Any], str | None]) -> Any:
        return function and _guarded_function(function, plugin, f"{name} of {label}", fault)

    guards = {
        "complete": guard(prompt.complete, "complete", lambda value: None),
        "accepts": guard(prompt.accepts, "accepts", truth_fault),
        "next_tokens": guard(prompt.next_tokens, "next_tokens", mask_fault(prompt.grammar.vocabulary_size)),
    }
    if prompt.choice is not None:
        guards["choice"] = PromptChoice(
            guard(prompt.choice.draw, "choice.draw", choice_fault),
            guard(prompt.choice.resolve, "choice.resolve", prompt_fault),
        )
    if prompt.conditions is not None:
        draw = guard(prompt.conditions.draw, "conditions.draw", conditions_fault)
        guards["conditions"] = dataclasses.replace(prompt.conditions, draw=draw)
    return dataclasses.replace(prompt, **guards)


def _guarded_function(
    function: Callable[..., Any], plugin: PluginIdentity, label: str, fault: Callable[[Any], str | None]
) -> Callable[..., Any]:
    """Returns a function that calls the plugin's own inside a guard. `fault` names what is wrong with its value."""

    def guarded(*arguments: Any) -> Any:
        with _call(plugin, label, takes_path=False):
            value = function(*arguments)
        found = fault(value)
        if found:
            raise failure(plugin, f"returns from {label} {found}")
        return value

    return guarded


def _wrong_type(plugin: PluginIdentity, verb: str, label: str, expected: Any, item: Any) -> PluginFailure:
    expectation = expected if isinstance(expected, str) else describe_type(expected, item)
    return failure(plugin, f"{verb} {label}, and {expectation} was expected")


def _is_entry(plugin: PluginIdentity) -> bool:
    """Whether a call of a plugin's method now comes from outside the plugin."""
    return _CALLS.plugins[-1:] != [plugin]


@contextmanager
def _call(plugin: PluginIdentity, label: str, takes_path: bool) -> Iterator[None]:
    """Raises PluginFailure for what a plugin raises within, if the call comes from outside the plugin.

    takes_path: whether the method works with a file. Then an OSError is about the file, and passes through.
    """
    is_entry = _is_entry(plugin)
    _CALLS.plugins.append(plugin)
    try:
        yield
    except PASSING:
        raise
    except BaseException as error:
        if isinstance(error, SeqgenError):
            if not (is_entry and isinstance(error, UnusableFile) and _has_no_file(label)):
                raise
        elif isinstance(error, OSError) and takes_path:
            raise
        if _CALLS.failure is None or _CALLS.failure[0] is not error:
            _CALLS.failure = error, label
        if not is_entry:
            raise
        innermost, _CALLS.failure = _CALLS.failure[1], None
        if isinstance(error, NotImplementedError):
            raise failure(plugin, f"does not implement {innermost}") from error
        raise failure(plugin, f"fails in {innermost}", error) from error
    finally:
        _CALLS.plugins.pop()


def _has_no_file(label: str) -> bool:
    return label in NO_FILE_METHODS or label.partition(".")[0] in NO_FILE_CAPABILITIES
