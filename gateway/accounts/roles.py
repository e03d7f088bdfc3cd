"""Roles and scopes: THE table of what a member of each role may do, and who may hand out what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

Role = Literal["owner", "admin", "manager", "analyst", "agent"]
ROLES: tuple[Role, ...] = get_args(Role)

SCOPES: dict[str, str] = {
    "feedback:write": "Send feedback",
    "feedback:read": "Read feedback and its trace",
    "metrics:read": "Read metrics and terms",
    "text:annotate": "Have texts annotated",
    "imports:write": "Start and cancel imports",
    "imports:read": "Read imports and their errors",
    "customers:read": "Read customers and their timelines",
    "customers:write": "Erase customers",
    "rules:read": "Read rules",
    "rules:write": "Create, change and remove rules",
    "cases:read": "Read cases and mail sent about them",
    "cases:write": "Work on cases",
    "webhooks:read": "Read webhook endpoints and deliveries",
    "webhooks:write": "Create, change, test and remove webhook endpoints; replay deliveries",
    "accounts:read": "Read the organisation and its members",
    "accounts:write": "Manage members, API keys and sign-in links; read the audit log",
    "surveys:read": "Read surveys",
    "surveys:write": "Create and change surveys",
    "sources:read": "Read sources and what of theirs was quarantined",
    "sources:write": "Connect, change and remove sources",
    "live:read": "Listen to live changes",
    "responses:write": "Submit responses, read published surveys, send to a source (all that a publishable key may do)",
}
"""Every scope there is, with a sentence for people. `resource:action`."""

PUBLISHABLE_SCOPES: frozenset[str] = frozenset({"responses:write"})
"""What a publishable key holds, always: it lies open in web pages."""

SECRET_SCOPES: frozenset[str] = frozenset(SCOPES) - PUBLISHABLE_SCOPES
"""What a secret key may hold, and does unless fewer are asked for."""

_AGENT = frozenset(
    {"feedback:read", "metrics:read", "customers:read", "cases:read", "cases:write", "accounts:read", "live:read"}
)
_ANALYST = frozenset(
    {
        "feedback:read",
        "metrics:read",
        "text:annotate",
        "imports:read",
        "imports:write",
        "customers:read",
        "rules:read",
        "cases:read",
        "surveys:read",
        "accounts:read",
        "live:read",
    }
)
_MANAGER = _AGENT | _ANALYST | {"feedback:write", "rules:write", "surveys:write", "webhooks:read", "sources:read"}

ROLE_SCOPES: dict[Role, frozenset[str]] = {
    "owner": SECRET_SCOPES,
    "admin": SECRET_SCOPES,
    "manager": frozenset(_MANAGER),
    "analyst": _ANALYST,
    "agent": _AGENT,
}
"""Owner and admin hold the same scopes; an owner can be made, changed or removed by an owner only."""


def unknown_scopes(scopes: Iterable[str]) -> list[str]:
    """Those of `scopes` that a secret key cannot hold, sorted."""
    return sorted(set(scopes) - SECRET_SCOPES)


def may_hand_out(held: frozenset[str], scopes: Iterable[str]) -> bool:
    """Whether somebody who holds `held` may create a key with `scopes`: nobody gives what he does not have."""
    return set(scopes) <= held


def may_manage(actor_role: Role | None, held: frozenset[str], subject_role: Role) -> bool:
    """Whether an actor may create, change, remove or sign in a member of `subject_role`.

    `actor_role` is None for an API key, which counts as an owner only when it holds every secret scope.
    """
    if "accounts:write" not in held or not ROLE_SCOPES[subject_role] <= held:
        return False
    if subject_role == "owner":
        return actor_role == "owner" or (actor_role is None and held >= SECRET_SCOPES)
    return True
