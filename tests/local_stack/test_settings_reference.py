"""`.env.example` says exactly what the services' settings say."""

from __future__ import annotations

from local_stack.settings_reference import PATH, env_example


def test_the_example_is_up_to_date() -> None:
    assert PATH.read_text() == env_example(), "the settings changed: run `make env-example`"


def test_it_holds_no_value_of_a_secret() -> None:
    for line in PATH.read_text().splitlines():
        name, sign, value = line.partition("=")
        if sign and name.endswith(("_SECRET", "_PEPPER", "_KEY", "_PASSWORD")):
            assert value == "", name
