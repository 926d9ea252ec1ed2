"""What messages call a plugin and its errors."""

from __future__ import annotations

from seqgen.contract.plugin_identity import MAX_ERROR_LENGTH, PluginIdentity, cause, normalized, remedy


def test_a_plugin_is_named_with_its_distribution():
    assert str(PluginIdentity("chess", "seqgen-chess", "1.2")) == "'chess' of seqgen-chess 1.2"
    assert str(PluginIdentity("chess", "chess.py", "")) == "'chess' of chess.py"


def test_only_a_stranger_is_uninstalled():
    assert remedy(PluginIdentity("chess", "seqgen-chess", "1.2")) == "update or uninstall it"
    assert PluginIdentity("midi", "Seqgen_Framework", "1").is_bundled
    assert remedy(PluginIdentity("midi", "seqgen-framework", "1")) == "please report this bug of seqgen"


def test_the_cause_is_one_line():
    assert cause(KeyError("e9")) == "KeyError: 'e9'"
    assert cause(ZeroDivisionError()) == "ZeroDivisionError"
    assert cause(ValueError("one\ntwo")) == "ValueError: one two"
    assert len(cause(ValueError("word " * 1000))) <= MAX_ERROR_LENGTH + len("ValueError: ")


def test_names_of_distributions_are_compared_as_pip_does():
    assert normalized("Seqgen._Chess") == normalized("seqgen-chess")
