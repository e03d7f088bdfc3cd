"""Matching: every route is found by its own path, and nothing else finds it."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.accounts.roles import PUBLISHABLE_SCOPES, SCOPES
from gateway.forwarding.matching import Matcher
from gateway.forwarding.table import ROUTES, Credential, Route, Service

MATCHER = Matcher(ROUTES)


def _filled(route: Route, value: str = "0199f0a0-0000-7000-8000-000000000001") -> bytes:
    return "/".join(value if part.startswith("{") else part for part in route.path.split("/")).encode()


def test_table_is_consistent() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
    assert len({route.operation_id for route in ROUTES}) == len(ROUTES)
    for route in ROUTES:
        assert route.path.startswith("/v1/")
        assert route.service in get_args(Service)
        assert route.credentials <= set(get_args(Credential))
        assert route.scope is None or route.scope in SCOPES
        assert route.summary
        if "publishable_key" in route.credentials:
            assert route.scope in PUBLISHABLE_SCOPES
        if route.scope is None:
            assert route.service == "gateway", "a service's route always needs a scope"
        assert (route.browsers or route.key_in_address) == ("publishable_key" in route.credentials)
        assert not (route.browsers and route.key_in_address)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation_id)
def test_each_route_is_found_by_its_path(route: Route) -> None:
    methods = MATCHER.methods(_filled(route))
    assert methods is not None
    assert methods[route.method] is route


def test_literal_segment_wins_over_a_template() -> None:
    methods = MATCHER.methods(b"/v1/rules/dry-run")
    assert methods is not None
    assert methods["POST"].operation_id == "rule_dry_run"


@pytest.mark.parametrize(
    "path",
    [
        b"/", b"", b"/v1", b"/v1/", b"/v1/feedback/", b"//v1/feedback", b"/v1//feedback", b"/V1/feedback",
        b"/v1/feedback/..", b"/v1/feedback/.", b"/v1/cases/../feedback", b"/v1/cases/%2e%2e", b"/v1/cases/a%2Fb",
        b"/v1/cases/a;b", b"/v1/cases/a b", b"/v1/cases/\xff", b"/v1/cases/a/notes/", b"/v1/cases//notes",
        b"/v1/cases/" + b"a" * 129, b"/v1/cases/a\n", b"/v1/feedback\n",
    ],
)  # fmt: skip
def test_paths_that_are_not_public(path: bytes) -> None:
    assert MATCHER.methods(path) is None


@given(st.binary(max_size=40))
def test_whatever_matches_has_no_dot_segment_and_no_escape(tail: bytes) -> None:
    path = b"/v1/cases/" + tail
    if MATCHER.methods(path) is not None:
        parts = path.decode("ascii").split("/")
        assert ".." not in parts
        assert "." not in parts
        assert "%" not in path.decode("ascii")
