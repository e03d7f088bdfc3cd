"""Setting a checkout up: stamps, pip's settings told to uv, failures in words."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local_stack import bootstrap
from local_stack.places import ROOT


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of our own that nothing was set up in."""
    for name in ("ROOT", "VENV", "LOCAL", "CACHE", "LOG", "STAMP"):
        place = getattr(bootstrap, name)
        monkeypatch.setattr(bootstrap, name, tmp_path / place.relative_to(ROOT))
    (tmp_path / "requirements").mkdir()
    for level in ("uv", "runtime", "dev"):
        (tmp_path / "requirements" / f"{level}.lock").write_text(f"{level}==1\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    python = tmp_path / ".venv" / "bin" / "python"
    python.symlink_to(sys.executable)
    return tmp_path


def test_a_changed_lock_is_noticed(checkout: Path) -> None:
    assert not bootstrap.python_is_fresh("runtime")
    bootstrap.write_stamp(bootstrap.STAMP, bootstrap.python_stamp("runtime"))
    assert bootstrap.python_is_fresh("runtime")
    assert not bootstrap.python_is_fresh("dev")
    (checkout / "requirements" / "runtime.lock").write_text("runtime==2\n")
    assert not bootstrap.python_is_fresh("runtime")


def test_development_packages_are_never_taken_away(checkout: Path) -> None:
    bootstrap.write_stamp(bootstrap.STAMP, bootstrap.python_stamp("dev"))
    assert bootstrap.wanted_level("runtime") == "dev"
    assert bootstrap.python_is_fresh("runtime")
    (checkout / "requirements" / "dev.lock").write_text("dev==2\n")
    assert not bootstrap.python_is_fresh("runtime")


def test_a_moved_checkout_is_noticed(checkout: Path) -> None:
    bootstrap.write_stamp(bootstrap.STAMP, {**bootstrap.python_stamp("runtime"), "root": "/elsewhere"})
    assert not bootstrap.python_is_fresh("runtime")


def test_a_broken_stamp_counts_as_none(checkout: Path) -> None:
    bootstrap.STAMP.write_text("{half")
    assert bootstrap.read_stamp(bootstrap.STAMP) == {}
    assert not bootstrap.python_is_fresh("runtime")


def test_front_end_packages_follow_their_lock(checkout: Path) -> None:
    folder = checkout / "gateway" / "web"
    folder.mkdir(parents=True)
    assert bootstrap.web_folders("dev") == []
    (folder / "package.json").write_text("{}")
    (folder / "package-lock.json").write_text("{}")
    assert bootstrap.web_folders("runtime") == [folder]
    assert not bootstrap.web_is_fresh(folder)
    (folder / "node_modules").mkdir()
    bootstrap.write_stamp(folder / "node_modules" / ".cxloop-stamp.json", bootstrap.web_stamp(folder))
    assert bootstrap.web_is_fresh(folder)


PIP_SETTINGS = """\
:env:.default-timeout='180'
:env:.find-links='/'
global.cert='/a/cert.pem'
global.extra-index-url='https://one.example/simple\\nhttps://two.example/simple'
global.find-links='/nowhere'
install.index-url='https://index.example/simple'
download.index-url='https://other.example/simple'
"""


def test_uv_is_told_what_pip_was_told(tmp_path: Path) -> None:
    pip = tmp_path / "python"
    pip.write_text(f"#!/bin/sh\ncat <<'END'\n{PIP_SETTINGS}END\n")
    pip.chmod(0o755)
    told = bootstrap.uv_environment(pip, {"PATH": "/bin:/usr/bin"})
    assert told["UV_DEFAULT_INDEX"] == "https://index.example/simple"
    assert told["UV_INDEX"] == "https://one.example/simple https://two.example/simple"
    assert told["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert told["UV_FIND_LINKS"] == "/"
    assert told["SSL_CERT_FILE"] == "/a/cert.pem"
    assert told["UV_HTTP_TIMEOUT"] == "180"
    own = bootstrap.uv_environment(pip, {"PATH": "/bin:/usr/bin", "UV_DEFAULT_INDEX": "https://mine.example"})
    assert own["UV_DEFAULT_INDEX"] == "https://mine.example"


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n do not match the hashes", "differs from the locked one"),
        ("npm error code EINTEGRITY", "differs from the locked one"),
        ("[Errno 13] Permission denied: '/x'", "no permission"),
        ("ERROR: No matching distribution found for uv==9", "does not have a locked version"),
        ("Failed to establish a new connection: timed out", "cannot be reached"),
        ("something new", "the reason is at the end"),
    ],
)
def test_failures_become_sentences(output: str, words: str) -> None:
    assert words in bootstrap.explain(output, "Installing")


def test_caches_stay_in_the_checkout_and_a_missing_home_is_no_obstacle(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    told = bootstrap.environment()
    for name in ("PIP_CACHE_DIR", "UV_CACHE_DIR", "npm_config_cache", "HOME"):
        assert told[name].startswith(str(checkout))
    assert "PYTHONPATH" not in told


def test_a_failing_command_is_explained_and_logged(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = [sys.executable, "-c", "import sys; sys.exit('No space left on device')"]
    with pytest.raises(bootstrap.SetupError, match="Packages failed: the disk is full"):
        bootstrap.run("Packages", argv, bootstrap.environment(), cwd=checkout)
    assert "No space left" in bootstrap.LOG.read_text()
    bootstrap.run("Packages", [sys.executable, "-c", ""], bootstrap.environment(), cwd=checkout)
    assert "Packages: 0 s" in capsys.readouterr().out


def test_the_command_script_is_made_for_any_path(checkout: Path) -> None:
    site = checkout / "site"
    site.mkdir()
    python = checkout / "fake"
    python.write_text(f"#!/bin/sh\necho '{site}'\n")
    python.chmod(0o755)
    bootstrap.install_project(python)
    assert (site / "cxloop.pth").read_text() == f"{checkout}\n"
    assert "-m local_stack" in (checkout / ".venv" / "bin" / "cxloop").read_text()


def test_two_makes_at_once_wait_for_each_other(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bootstrap.LOCAL.mkdir()
    with bootstrap.take_lock():
        lock = str(bootstrap.LOCAL / "bootstrap.lock")
        code = f"import fcntl; fcntl.flock(open({lock!r}), fcntl.LOCK_EX | fcntl.LOCK_NB)"
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode != 0
    with (bootstrap.LOCAL / "bootstrap.lock").open() as free:
        fcntl.flock(free, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_warm_run_takes_a_moment_and_says_nothing() -> None:
    def warm() -> tuple[str, float]:
        begun = time.monotonic()
        argv = [sys.executable, "-I", "local_stack/bootstrap.py", "dev"]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout, time.monotonic() - begun

    said, _seconds = warm()
    if said:  # a lock file had changed since the last set-up; that run has mended it
        said, _seconds = warm()
    assert said == ""
    assert min(warm()[1] for _ in range(3)) < 2


def test_an_unknown_word_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(["everything"]) == 2
    assert "usage" in capsys.readouterr().err


def test_a_node_of_its_own_trusts_what_the_machine_trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system, asked = tmp_path / "system.pem", tmp_path / "asked.pem"
    system.touch()
    monkeypatch.setattr(bootstrap, "SYSTEM_CERTIFICATES", (str(tmp_path / "none.pem"), str(system)))
    monkeypatch.setattr(bootstrap, "pip_settings", lambda _python, _env: {})
    assert bootstrap.npm_certificates({}) == {"NODE_EXTRA_CA_CERTS": str(system)}
    asked.touch()
    monkeypatch.setattr(bootstrap, "pip_settings", lambda _python, _env: {"cert": str(asked)})
    assert bootstrap.npm_certificates({}) == {"NODE_EXTRA_CA_CERTS": str(asked)}
    monkeypatch.setattr(bootstrap, "pip_settings", lambda _python, _env: {"cert": str(tmp_path / "gone.pem")})
    monkeypatch.setattr(bootstrap, "SYSTEM_CERTIFICATES", ())
    assert bootstrap.npm_certificates({}) == {}
