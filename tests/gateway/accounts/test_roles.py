"""Roles: every cell of who may hand out what."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gateway.accounts.roles import (
    PUBLISHABLE_SCOPES,
    ROLE_SCOPES,
    ROLES,
    SCOPES,
    SECRET_SCOPES,
    Role,
    may_hand_out,
    may_manage,
    unknown_scopes,
)


def test_every_role_has_scopes_that_exist_and_none_submits_responses() -> None:
    assert set(ROLE_SCOPES) == set(ROLES)
    for scopes in ROLE_SCOPES.values():
        assert scopes <= SECRET_SCOPES
    assert set(SCOPES) == SECRET_SCOPES | PUBLISHABLE_SCOPES


def test_roles_grow() -> None:
    sizes = [ROLE_SCOPES[role] for role in ("agent", "manager", "admin", "owner")]
    assert all(small <= large for small, large in pairwise(sizes))
    assert ROLE_SCOPES["analyst"] <= ROLE_SCOPES["manager"]


MANAGES: dict[Role, set[Role]] = {
    "owner": set(ROLES),
    "admin": {"admin", "manager", "analyst", "agent"},
    "manager": set(),
    "analyst": set(),
    "agent": set(),
}


@pytest.mark.parametrize("actor", ROLES)
@pytest.mark.parametrize("subject", ROLES)
def test_who_manages_whom(actor: Role, subject: Role) -> None:
    assert may_manage(actor, ROLE_SCOPES[actor], subject) is (subject in MANAGES[actor])


def test_a_key_manages_owners_only_with_every_scope() -> None:
    assert may_manage(None, SECRET_SCOPES, "owner")
    assert not may_manage(None, SECRET_SCOPES - {"rules:write"}, "owner")
    narrow = frozenset({"accounts:write"}) | ROLE_SCOPES["agent"]
    assert may_manage(None, narrow, "agent")
    assert not may_manage(None, narrow, "analyst")


def test_nobody_hands_out_what_he_does_not_hold() -> None:
    assert may_hand_out(SECRET_SCOPES, ["feedback:read"])
    assert not may_hand_out(frozenset({"feedback:read"}), ["feedback:read", "feedback:write"])
    assert unknown_scopes(["feedback:read", "responses:write", "everything"]) == ["everything", "responses:write"]
