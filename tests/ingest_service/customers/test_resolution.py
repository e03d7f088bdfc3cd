"""Who spoke: deterministic, never merging two who exist."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ingest_service.customers.resolution import Claimant, Key, doubtful, resolve
from shared.foundation.ids import new_id

ORG, ANN, BEA = new_id(), new_id(), new_id()


def claims(*identities: tuple[str, str], trusted: bool = True) -> Claimant:
    """A claimant with (kind, value) pairs."""
    return Claimant(ORG, identities, trusted)  # type: ignore[arg-type]  # kinds are spelled out by each test


def known(**owners: UUID) -> dict[Key, UUID]:
    """Owners of identities written as kind_value, e.g. email_a."""
    return {(ORG, *name.rsplit("_", 1)): owner for name, owner in owners.items()}  # type: ignore[misc]  # as above


def test_a_stranger_is_a_new_customer_with_all_his_identities() -> None:
    result = resolve([claims(("external_id", "1"), ("email", "a"))], {}, set(), new_id)
    [customer] = result.customers
    assert result.created == {0: (ORG, customer)}
    assert set(result.attached.values()) == {customer}
    assert len(result.attached) == 2


def test_the_own_id_decides_over_the_address_and_the_contradiction_is_told() -> None:
    result = resolve(
        [claims(("external_id", "1"), ("email", "b"))], known(external_id_1=ANN, email_b=BEA), set(), new_id
    )
    assert result.customers == [ANN]
    assert not result.attached
    [told] = result.contradictions
    assert (told.customer_id, told.other_id, told.kind, told.value) == (ANN, BEA, "email", "b")


def test_what_nobody_had_is_attached_to_who_is_found() -> None:
    result = resolve([claims(("external_id", "1"), ("phone", "p"))], known(phone_p=ANN), set(), new_id)
    assert result.customers == [ANN]
    assert result.attached == {(ORG, "external_id", "1"): ANN}


def test_a_new_id_beside_the_address_of_somebody_who_has_another_is_a_new_customer() -> None:
    """A shared mailbox does not make two people one."""
    owners = known(email_a=ANN)
    claimant = claims(("external_id", "2"), ("email", "a"))
    assert doubtful([claimant], owners) == {(ORG, ANN)}
    result = resolve([claimant], owners, {ANN}, new_id)
    assert result.customers[0] != ANN
    assert [one.other_id for one in result.contradictions] == [ANN]


def test_nobody_is_doubtful_when_no_new_id_comes() -> None:
    owners = known(email_a=ANN, external_id_1=ANN)
    assert doubtful([claims(("external_id", "1"), ("email", "a")), claims(("email", "a"))], owners) == set()


def test_later_claimants_see_what_earlier_ones_brought() -> None:
    result = resolve(
        [claims(("email", "a")), claims(("external_id", "1"), ("email", "a")), claims(("external_id", "1"))],
        {},
        set(),
        new_id,
    )
    assert len(set(result.customers)) == 1
    assert len(result.created) == 1


def test_a_browser_is_recognised_but_attaches_nothing_to_who_exists() -> None:
    claimant = claims(("external_id", "1"), ("email", "mine"), trusted=False)
    result = resolve([claimant], known(external_id_1=ANN), set(), new_id)
    assert result.customers == [ANN]
    assert not result.attached
    fresh = resolve([claimant], {}, set(), new_id)
    assert len(fresh.attached) == 2


def counting() -> Callable[[], UUID]:
    """Makes ids in a known order."""
    numbers = iter(range(100))
    return lambda: UUID(int=next(numbers))


_kinds = st.sampled_from(["external_id", "email", "phone"])
_claimants = st.lists(
    st.tuples(st.sets(st.tuples(_kinds, st.sampled_from("abc")), min_size=1, max_size=3), st.booleans()), max_size=12
)


@given(_claimants, st.integers(0, 12))
def test_a_batch_is_decided_like_its_records_one_after_another(
    shapes: list[tuple[set[tuple[str, str]], bool]], cut: int
) -> None:
    order = ("external_id", "email", "phone")
    claimants = [
        claims(*sorted(identities, key=lambda one: (order.index(one[0]), one[1])), trusted=trusted)
        for identities, trusted in shapes
    ]
    whole = resolve(claimants, {}, set(), counting())
    fresh = counting()
    first = resolve(claimants[:cut], {}, set(), fresh)
    owners = dict(first.attached)
    named = {owner for key, owner in owners.items() if key[1] == "external_id"}
    second = resolve(claimants[cut:], owners, named, fresh)
    assert first.customers + second.customers == whole.customers
    assert first.attached | second.attached == whole.attached
    created = {customer for _, customer in whole.created.values()}
    assert set(whole.customers) == created
    assert set(whole.attached.values()) <= created
