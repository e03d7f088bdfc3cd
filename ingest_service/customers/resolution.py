"""Who spoke: from identities to customers, deterministic over a whole batch (pure).

Order: external_id, then e-mail, then phone. Identities nobody had are attached to the customer found. Two
customers that exist are never merged here: the contradiction is recorded and a person decides. An external_id
that nobody had beside an e-mail address of somebody who has *another* external_id is a new customer: shared
mailboxes and family telephones exist, and a wrong merge cannot be undone while a missing one can be made.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from ingest_service.customers.identities import Kind


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has an identity now; `external_id` tells whether he has an id of the organisation."""

    customer_id: UUID
    external_id: bool


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
    created: list[tuple[UUID, UUID]] = field(default_factory=list)
    attached: dict[Key, UUID] = field(default_factory=dict)
    contradictions: list[Contradiction] = field(default_factory=list)


def resolve(claimants: Sequence[Claimant], known: Mapping[Key, Owner], fresh: Callable[[], UUID]) -> Resolution:
    """Find or invent the customer of each claimant, in order; later claimants see what earlier ones brought.

    `known` holds the owner of each identity that has one. `fresh` makes an id. A claimant who is not trusted is
    recognised, and may be new, but attaches nothing to a customer who existed.
    """
    owners = {key: owner.customer_id for key, owner in known.items()}
    named = {owner.customer_id for owner in known.values() if owner.external_id}
    result = Resolution()
    created: set[UUID] = set()
    for claimant in claimants:
        keys: list[Key] = [(claimant.org_id, kind, value) for kind, value in claimant.identities]
        customer_id = _find(keys, owners, named)
        if customer_id is None:
            customer_id = fresh()
            created.add(customer_id)
            result.created.append((claimant.org_id, customer_id))
        for key in keys:
            owner = owners.get(key)
            if owner is None:
                if claimant.trusted or customer_id in created:
                    owners[key] = result.attached[key] = customer_id
                    if key[1] == "external_id":
                        named.add(customer_id)
            elif owner != customer_id:
                result.contradictions.append(Contradiction(claimant.org_id, customer_id, owner, key[1], key[2]))
        result.customers.append(customer_id)
    return result


def _find(keys: Sequence[Key], owners: Mapping[Key, UUID], named: Container[UUID]) -> UUID | None:
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
