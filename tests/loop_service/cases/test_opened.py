"""Who gets a case: the member named, or the least busy of the people nearest to the work."""

import pytest

from loop_service.cases.opened import PersonRow, pick_owner
from shared.foundation.ids import new_id

ORG = new_id()


def person(role: str, email: str = "x@example.com", *, active: bool = True) -> PersonRow:
    return PersonRow(ORG, new_id(), email, "Agent 1", role, active)


MANAGER, OTHER, ADMIN, AGENT = (
    person("manager"),
    person("manager"),
    person("admin"),
    person("agent", "agent@example.com"),
)
GONE = person("manager", "gone@example.com", active=False)
PEOPLE = [GONE, AGENT, ADMIN, MANAGER, OTHER]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (None, None),
        ("agent@example.com", AGENT),
        ("AGENT@example.com", AGENT),
        (str(AGENT.member_id), AGENT),
        ("gone@example.com", None),
        (str(GONE.member_id), None),
        ("stranger@example.com", None),
    ],
    # names of their own: ids are others in every test worker, and the workers must agree on the tests
    ids=["nobody", "email", "any case", "id", "gone by email", "gone by id", "stranger"],
)
def test_named(wanted: str | None, expected: PersonRow | None) -> None:
    assert pick_owner(wanted, PEOPLE, {}) == expected


def test_auto() -> None:
    assert pick_owner("auto", PEOPLE, {MANAGER.member_id: 3, OTHER.member_id: 2}) == OTHER
    assert pick_owner("auto", [AGENT, ADMIN], {}) == ADMIN
    assert pick_owner("auto", [AGENT, GONE], {}) is None
