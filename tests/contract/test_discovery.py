"""Discovery of domains: fake distributions on sys.path, good and broken ones."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from seqgen import PluginError, UnknownName
from seqgen.contract.discovery import hidden_domains, installed_domains, load_all, load_domain
from seqgen.contract.plugins import bundled_plugins_only

GOOD = """
    import pluggy
    from seqgen import Domain

    class Fake(Domain):
        name = {name!r}
        interface_version = {version}

    @pluggy.HookimplMarker("seqgen")
    def seqgen_domain():
        return Fake
"""


@pytest.fixture
def install_domain(install):
    """Returns a function that installs a distribution with one domain, and returns the folder that holds it."""

    def install_one(name, body=None, *, distribution=None, version=2, called=None):
        return install(name, body or GOOD.format(name=called or name, version=version), distribution=distribution)

    return install_one


def broken() -> dict[str, str]:
    return {loaded.plugin.name: loaded.error for loaded in load_all() if loaded.error}


def test_a_strangers_domain_is_loaded_like_a_bundled_one(install_domain):
    install_domain("fake")
    assert load_domain("fake").name == "fake"
    assert "fake" in {loaded.domain.name for loaded in load_all() if loaded.domain}


def test_listing_imports_nothing_and_loading_imports_one(install_domain):
    install_domain("one", "raise SystemExit('imported')")
    install_domain("two")
    names = {plugin.name: (plugin.distribution, plugin.version) for plugin in installed_domains()}
    assert names["one"] == ("seqgen-one", "2.5")
    load_domain("two")
    assert "seqgen_one_fake" not in sys.modules


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("import there_is_no_such_module", "ModuleNotFoundError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def (", "SyntaxError"),
        ("pass", "does not give a domain"),
        ("import pluggy\n@pluggy.HookimplMarker('seqgen')\ndef seqgen_domain():\n    return 7", "no subclass"),
        ("import pluggy\n@pluggy.HookimplMarker('seqgen')\ndef seqgen_domian():\n    return 7", "unknown hook"),
        ("import pluggy\n@pluggy.HookimplMarker('seqgen')\ndef seqgen_domain():\n    1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_broken_plugin_is_named_and_breaks_nothing_else(install_domain, body, sentence):
    install_domain("bad", body)
    install_domain("good")
    with pytest.raises(PluginError, match=sentence) as caught:
        load_domain("bad")
    assert "'bad' of seqgen-bad 2.5" in str(caught.value)
    assert sentence in broken()["bad"]
    assert load_domain("good").name == "good"


def test_another_version_of_the_interface_is_refused(install_domain):
    install_domain("old", version=99)
    with pytest.raises(PluginError, match="version 99 of the interface, this is version 2"):
        load_domain("old")


def test_a_domain_must_be_called_as_its_entry_point(install_domain):
    install_domain("alias", called="other")
    with pytest.raises(PluginError, match="calls itself 'other'"):
        load_domain("alias")


def test_two_plugins_of_one_name_are_both_named(install_domain):
    install_domain("twin", distribution="seqgen-one")
    install_domain("twin", distribution="seqgen-two")
    install_domain("fine")
    with pytest.raises(PluginError, match=r"seqgen-one 2\.5 and seqgen-two 2\.5"):
        load_domain("twin")
    assert "seqgen-one 2.5 and seqgen-two 2.5" in broken()["twin"]
    assert load_domain("fine").name == "fine"


def test_the_same_distribution_twice_on_the_path_is_one(install_domain, monkeypatch, tmp_path):
    folder = install_domain("fake")
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.syspath_prepend(tmp_path / "link")
    assert [plugin.name for plugin in installed_domains()].count("fake") == 1


def test_strict_raises_at_a_broken_one(install_domain, monkeypatch):
    install_domain("bad", "1 / 0")
    monkeypatch.setenv("SEQGEN_STRICT_PLUGINS", "1")
    with pytest.raises(PluginError, match="'bad'"):
        load_all()


def test_no_plugins_leaves_strangers_out_here_and_in_child_processes(install_domain):
    install_domain("fake")
    with bundled_plugins_only():
        assert "fake" not in {plugin.name for plugin in installed_domains()}
        with pytest.raises(UnknownName):
            load_domain("fake")
        program = "from seqgen.contract.discovery import installed_domains as p; print([one.name for one in p()])"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        child = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        assert "midi" in child.stdout
        assert "fake" not in child.stdout
    assert load_domain("fake").name == "fake"


def test_a_bundled_domain_wins_over_a_strangers_of_the_same_name(install_domain):
    install_domain("text", distribution="seqgen-other")
    assert load_domain("text").__module__.startswith("seqgen_text")
    assert "seqgen-other 2.5" in hidden_domains()[0]
    assert "text" not in broken()


def test_a_domain_must_state_the_version_that_it_was_written_for(install_domain):
    install_domain("mute", GOOD.format(name="mute", version=2).replace("interface_version = 2", "pass"))
    with pytest.raises(PluginError, match="does not state the interface_version"):
        load_domain("mute")


def test_a_missing_plugin_is_named_by_its_distribution():
    with pytest.raises(PluginError, match=r"'chess' comes with seqgen-chess 1\.2, which is not installed; install it"):
        load_domain("chess", {"distribution": "seqgen-chess", "version": "1.2"})


def test_an_unknown_name_suggests_the_nearest(install_domain):
    install_domain("fake")
    with pytest.raises(UnknownName, match="did you mean 'fake'"):
        load_domain("fkae")


def test_damaged_metadata_of_others_is_passed_over(install_domain, tmp_path, monkeypatch):
    install_domain("fake")
    information = tmp_path / "other" / "other-1.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_bytes(b"Name: other\n")
    (information / "entry_points.txt").write_bytes(b"\xff\xfe[seqgen\nno equals sign\n")
    monkeypatch.syspath_prepend(tmp_path / "other")
    assert load_domain("fake").name == "fake"
