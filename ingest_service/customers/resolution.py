"""Who spoke: from identities to customers, deterministic over a whole batch (pure).

Order: external_id, then e-mail, then phone. Identities nobody had are attached to the customer found. Two
customers that exist are never merged here: the contradiction is recorded and a person decides. An external_id
that nobody had beside an e-mail address of somebody who has *another* external_id is a new customer: shared
mailboxes and family telephones exist, and a wrong merge cannot be undone while a missing one can be made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from uuid import UUID

from ingest_service.customers.identities import Kind

Key = tuple[UUID, Kind, str]
"""(organisation, kind, value in normal form)."""


@dataclass(frozen=True, slots=True)
class Claimant:
    """The identities that came with one submission, in order of trust; never empty."""

    org_id: UUID
    identities: tuple[tuple[Kind, str], ...]
    trusted: bool


@dataclass(frozen=True, slots=True)
class Contradiction:
    """An identity that came with a customer but belongs to another."""

    org_id: UUID
    customer_id: UUID
    other_id: UUID
    kind: Kind
    value: str


@dataclass(slots=True)
class Resolution:
    """Who each claimant is, and what is to be written."""

    customers: list[UUID] = field(default_factory=list)
    created: dict[int, tuple[UUID, UUID]] = field(default_factory=dict)
    """Place of the claimant who was new → (organisation, customer)."""
    attached: dict[Key, UUID] = field(default_factory=dict)
    contradictions: list[Contradiction] = field(default_factory=list)


def resolve(
    claimants: Sequence[Claimant], known: Mapping[Key, UUID], named: Set[UUID], fresh: Callable[[], UUID]
) -> Resolution:
    """Find or invent the customer of each claimant, in order; later claimants see what earlier ones brought.

    `known` holds the customer of each identity that has one, `named` the customers that have an external_id (see
    `doubtful`). `fresh` makes an id. A claimant who is not trusted is recognised, and may be new, but attaches
    nothing to a customer who existed.
    """
    owners = dict(known)
    with_external = {customer_id for key, customer_id in known.items() if key[1] == "external_id"} | named
    result = Resolution()
    for place, claimant in enumerate(claimants):
        keys: list[Key] = [(claimant.org_id, kind, value) for kind, value in claimant.identities]
        customer_id = _find(keys, owners, with_external)
        if customer_id is None:
            customer_id = fresh()
            result.created[place] = (claimant.org_id, customer_id)
        for key in keys:
            owner = owners.get(key)
            if owner is None:
                if claimant.trusted or place in result.created:
                    owners[key] = result.attached[key] = customer_id
                    if key[1] == "external_id":
                        with_external.add(customer_id)
            elif owner != customer_id:
                result.contradictions.append(Contradiction(claimant.org_id, customer_id, owner, key[1], key[2]))
        result.customers.append(customer_id)
    return result


def doubtful(claimants: Sequence[Claimant], known: Mapping[Key, UUID]) -> set[tuple[UUID, UUID]]:
    """(organisation, customer) of whom it matters whether he has an external_id, because somebody brings a new one."""
    brought = {
        claimant.org_id
        for claimant in claimants
        for kind, value in claimant.identities
        if kind == "external_id" and (claimant.org_id, kind, value) not in known
    }
    return {
        (key[0], customer_id) for key, customer_id in known.items() if key[0] in brought and key[1] != "external_id"
    }


def _find(keys: Sequence[Key], owners: Mapping[Key, UUID], named: Set[UUID]) -> UUID | None:
    stranger = False
    for key in keys:
        owner = owners.get(key)
        if key[1] == "external_id":
            if owner is not None:
                return owner
            stranger = True
        elif owner is not None and not (stranger and owner in named):
            return owner
    return None
