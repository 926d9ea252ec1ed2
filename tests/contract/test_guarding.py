"""Whatever a plugin's method does wrong is one sentence that names the plugin and the method."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from complete_domain import Complete, CompleteMetrics, CompletePrediction, CompletePrompting

from seqgen import Answer, Domain, ImpossibleConstraints, OutputError, PluginError, PluginFailure, Record, UnusableFile
from seqgen.contract.capabilities import CAPABILITIES
from seqgen.contract.documents import PromptChoice, PromptConditions
from seqgen.contract.guarding import CORE_METHODS, guarded_domain, plugin_of
from seqgen.contract.plugin_identity import PluginIdentity

PLUGIN = PluginIdentity("complete", "seqgen-complete", "1.2")
NAMED = r"^The plugin 'complete' of seqgen-complete 1\.2 "
CAPABILITY_METHODS = [(contract, method) for contract in CAPABILITIES for method in contract.method_names()]


def guard(kind):
    """Returns a guarded domain of a class."""
    return guarded_domain(kind, PLUGIN)()


def with_method(name, function):
    """Returns a guarded domain whose core has another method."""
    return guard(type("Changed", (Complete,), {name: function}))


def with_capability(attribute, capability):
    """Returns a guarded domain with another capability."""

    class Changed(Complete):
        def __init__(self, settings=None, vocabulary=None, state=None):
            super().__init__(settings, vocabulary, state)
            setattr(self, attribute, capability)

    return guard(Changed)


def fail(*_, **__):
    return {}["e9"]


def use(value):
    """Returns a value, and runs what yields it."""
    return list(value) if hasattr(value, "__next__") else value


@pytest.mark.parametrize("method", [name for name in CORE_METHODS if name != "learn"])
def test_an_error_in_a_method_of_the_core_names_plugin_and_method(method):
    domain = with_method(method, fail)
    with pytest.raises(PluginFailure, match=rf"{NAMED}fails in {method}: KeyError: 'e9'; update or uninstall it\.$"):
        use(getattr(domain, method)("item"))


@pytest.mark.parametrize(
    ("contract", "method"), CAPABILITY_METHODS, ids=lambda value: getattr(value, "__name__", value)
)
def test_an_error_in_a_method_of_a_capability_names_plugin_and_method(contract, method):
    held = getattr(Complete(), contract.attribute)
    changed = object.__new__(type("Changed", (type(held),), {method: fail}))
    vars(changed).update(vars(held))
    domain = with_capability(contract.attribute, changed)
    label = f"{contract.attribute}.{method}"
    with pytest.raises(PluginFailure, match=rf"{NAMED}fails in {label}: KeyError: 'e9'"):
        use(getattr(getattr(domain, contract.attribute), method)("item"))


def test_an_error_while_a_method_yields_is_named_too():
    def read(self, path):
        yield "ab"
        yield {}["e9"]

    items = with_method("read", read).read(Path("some.ab"))
    assert next(items) == "ab"
    with pytest.raises(PluginFailure, match=f"{NAMED}fails in read: KeyError"):
        next(items)


@pytest.mark.parametrize("method", ["learn", "__init__"])
def test_a_domain_that_cannot_be_made_is_named(method):
    label = "learn" if method == "learn" else "its constructor"
    with pytest.raises(PluginFailure, match=f"{NAMED}fails in {label}: KeyError"):
        with_method(method, fail)


@pytest.mark.parametrize(
    ("method", "value", "sentence"),
    [
        ("encode", [2, 3], "returns a list from encode, and Example was expected"),
        ("decode", ["a"], "returns a list from decode, and str was expected"),
        ("write", Path("a"), r"returns a PosixPath from write, and list\[Path\] was expected"),
        ("write", [], None),
        ("write", ["a"], r"returns a list from write, and list\[Path\] was expected"),
        ("grammar", None, "returns None from grammar, and Grammar was expected"),
        ("read", None, "returns None from read, and an iterator was expected"),
        ("read", "ab", "returns a str from read, and an iterator was expected"),
        ("read", ["ab", 7], r"yields an int from read, and str or Record\[str\] or Remark was expected"),
        ("read", [Record(7)], r"yields a Record from read"),
        ("read", [Record("a", 7)], "yields from read a record whose metadata are an int and no dictionary"),
        ("read", ["ab"], None),
    ],
)
def test_a_value_of_a_wrong_type_is_named(method, value, sentence):
    domain = with_method(method, lambda self, *_: value)
    if sentence is None:
        assert use(getattr(domain, method)(None)) == value
    else:
        with pytest.raises(PluginFailure, match=f"{NAMED}{sentence}"):
            use(getattr(domain, method)(None))


class _Predicting(CompletePrediction):
    def __init__(self, answers):
        super().__init__()
        self.answers = answers

    def predict(self, records, oracle):
        return iter(self.answers)


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (["win"], "yields a str from prediction.predict, and Answer was expected"),
        ([], "yields from prediction.predict 0 answers about 1 records"),
        ([Answer("", {}), Answer("", {})], "yields from prediction.predict 2 answers about 1 records"),
        ([Answer("", {"p": np.float32(1)})], "yields from prediction.predict an answer whose values are not JSON"),
    ],
)
def test_wrong_answers_are_named(answers, sentence):
    domain = with_capability("prediction", _Predicting(answers))
    with pytest.raises(PluginFailure, match=f"{NAMED}{sentence}"):
        list(domain.prediction.predict([Record("ab")], None))


def test_numbers_of_numpy_and_integers_are_numbers():
    class Counting(CompleteMetrics):
        def sizes(self, item):
            return {"letter": np.float32(2), "byte": 2}

    assert with_capability("metrics", Counting()).metrics.sizes("ab") == {"letter": 2, "byte": 2}


def test_symbols_must_be_as_many_as_ids():
    class Short(CompleteMetrics):
        def copy_symbols(self, ids):
            return ids[:-1]

    with pytest.raises(PluginFailure, match=f"{NAMED}returns from metrics.copy_symbols 2 symbols of 3 ids"):
        with_capability("metrics", Short()).metrics.copy_symbols(np.array([0, 2, 1], np.int32))


@pytest.mark.parametrize(("value", "found"), [(CompleteMetrics, "the class CompleteMetrics"), (7, "an int")])
def test_what_is_no_capability_is_named(value, found):
    with pytest.raises(PluginError, match=f"{NAMED}has {found} in the attribute metrics, and an instance of Metrics"):
        with_capability("metrics", value)


def test_a_method_that_is_missing_is_named():
    class Unfinished(Domain[str]):
        name, interface_version = "complete", 2
        learn = Complete.learn

    with pytest.raises(PluginFailure, match=f"{NAMED}does not implement decode; "):
        guard(Unfinished).decode(np.zeros(1, np.int32))


@pytest.mark.parametrize(
    "error",
    [ImpossibleConstraints("no"), OutputError("full"), UnusableFile("empty"), MemoryError(), KeyboardInterrupt()],
)
def test_errors_that_the_contract_knows_pass_through(error):
    def read(self, path):
        raise error

    with pytest.raises(type(error)) as caught:
        list(with_method("read", read).read(Path("a")))
    assert caught.value is error


def test_an_error_about_a_file_passes_through_where_there_is_a_file():
    with pytest.raises(FileNotFoundError):
        list(guard(Complete).read(Path("missing.ab")))

    def decode(self, ids):
        raise FileNotFoundError("missing")

    with pytest.raises(PluginFailure, match="fails in decode: FileNotFoundError: missing"):
        with_method("decode", decode).decode(np.zeros(1, np.int32))


def test_where_there_is_no_file_an_unusable_file_is_a_bug():
    def decode(self, ids):
        raise UnusableFile("not plain ASCII")

    with pytest.raises(PluginFailure, match="fails in decode: UnusableFile: not plain ASCII"):
        with_method("decode", decode).decode(np.zeros(1, np.int32))


def test_methods_of_one_plugin_raise_to_each_other_what_they_like():
    class Careful(Complete):
        def encode(self, item):
            raise KeyError(item)

        def write(self, item, path):
            try:
                self.encode(item)
            except KeyError:
                return [path]
            return []

    assert guard(Careful).write("ab", Path("a")) == [Path("a")]


def test_the_innermost_method_is_named():
    class Careless(CompletePrompting):
        def from_text(self, text):
            return self.domain.decode(text)

    class Changed(Complete):
        decode = fail

        def __init__(self, settings=None, vocabulary=None, state=None):
            super().__init__(settings, vocabulary, state)
            self.prompting = Careless(self)

    with pytest.raises(PluginFailure, match=f"{NAMED}fails in decode: KeyError"):
        guard(Changed).prompting.from_text("a")


def test_the_methods_of_a_wrapped_domain_name_its_own_plugin():
    inner = guarded_domain(type("Inner", (Complete,), {"decode": fail}), PluginIdentity("inner", "seqgen-inner", "3"))()
    with pytest.raises(PluginFailure, match=r"The plugin 'inner' of seqgen-inner 3 fails in decode: KeyError"):
        with_method("decode", lambda self, ids: inner.decode(ids)).decode(None)


def test_a_guarded_domain_is_the_same_to_everybody_else():
    kind = guarded_domain(Complete, PLUGIN)
    domain = kind()
    assert kind is guarded_domain(Complete, PLUGIN)
    assert (kind.__module__, kind.__qualname__, kind.__doc__) == (Complete.__module__, "Complete", Complete.__doc__)
    assert isinstance(domain, Complete)
    assert isinstance(domain.metrics, CompleteMetrics)
    assert domain.capabilities() == Complete().capabilities()
    assert plugin_of(kind) == PLUGIN
    assert str(plugin_of(Complete)) == "'complete' of the module complete_domain"
    assert list(domain.prompting.stream_text(iter([np.array([0, 2])]))) == [".a"]


def test_a_failure_has_a_summary_without_the_text_of_the_error():
    with pytest.raises(PluginFailure) as caught:
        with_method("decode", fail).decode(None)
    assert caught.value.summary == "plugin error: 'complete' of seqgen-complete 1.2 fails in decode (KeyError)"
    assert isinstance(caught.value.__cause__, KeyError)


def prompt_with(**values):
    """Returns the guarded prompt of a domain whose prompts have other functions."""

    class Changed(CompletePrompting):
        def prompt(self, item=None, constraints=None):
            return replace(super().prompt(item, constraints), **values)

    class Prompted(Complete):
        def __init__(self, settings=None, vocabulary=None, state=None):
            super().__init__(settings, vocabulary, state)
            self.prompting = Changed(self)

    return guard(Prompted).prompting.prompt()


PROMPT_CALLS = {
    "accepts": lambda prompt: prompt.accepts(prompt.ids),
    "next_tokens": lambda prompt: prompt.next_tokens(prompt.ids),
    "conditions.draw": lambda prompt: prompt.conditions.draw(prompt.ids, np.random.default_rng(0)),
    "choice.draw": lambda prompt: prompt.choice.draw(np.random.default_rng(0)),
    "choice.resolve": lambda prompt: prompt.choice.resolve(0),
}


@pytest.mark.parametrize("name", PROMPT_CALLS)
def test_the_functions_of_a_prompt_are_guarded_too(name):
    prompt = prompt_with(
        accepts=fail, next_tokens=fail, conditions=PromptConditions(1, fail), choice=PromptChoice(fail, fail)
    )
    assert prompt.complete is None
    with pytest.raises(PluginFailure, match=f"{NAMED}fails in {name} of prompting.prompt: KeyError"):
        PROMPT_CALLS[name](prompt)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("accepts", 1, "an int, and True or False was expected"),
        ("accepts", np.True_, None),
        ("next_tokens", [True], r"a list, and bool\[4\] was expected"),
        ("next_tokens", np.ones(3, bool), r"an? ndarray, and bool\[4\] was expected"),
        ("next_tokens", np.ones(4, bool), None),
        ("conditions.draw", np.zeros(3, np.int32), "an? ndarray, and a table of integers"),
        ("conditions.draw", np.zeros((1, 2), np.int32), None),
        ("choice.draw", [1], "a list, and a value that can be hashed was expected"),
        ("choice.draw", (1, "C"), None),
        ("choice.resolve", 1, "an int, and a Prompt was expected"),
    ],
)
def test_what_a_function_of_a_prompt_returns_is_checked(name, value, sentence):
    def function(*_):
        return value

    prompt = prompt_with(
        accepts=function, next_tokens=function, conditions=PromptConditions(1, function),
        choice=PromptChoice(function, function),
    )  # fmt: skip
    if sentence is None:
        assert PROMPT_CALLS[name](prompt) is value
    else:
        with pytest.raises(PluginFailure, match=f"{NAMED}returns from {name} of prompting.prompt {sentence}"):
            PROMPT_CALLS[name](prompt)
