"""The audit chain: any change to any entry is found, at its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from gateway.accounts.audit_chain import GENESIS, Entry, first_break, link

ORG = UUID(int=1)
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _entry(seq: int) -> Entry:
    return Entry(ORG, seq, UUID(int=seq), AT + timedelta(seconds=seq), "member", UUID(int=9), "key.create", "api_key",
                 UUID(int=100 + seq), {"scopes": ["feedback:read"], "n": seq})  # fmt: skip


def _chain(length: int) -> list[tuple[Entry, bytes]]:
    chain, previous = [], GENESIS
    for seq in range(1, length + 1):
        entry = _entry(seq)
        previous = link(previous, entry)
        chain.append((entry, previous))
    return chain


def test_whole_chain_holds() -> None:
    assert first_break(_chain(20)) is None
    assert first_break([]) is None


@given(
    st.integers(min_value=0, max_value=9),
    st.sampled_from(["action", "details", "actor", "time", "hash", "drop", "swap"]),
)
def test_every_change_is_found_at_its_place(place: int, change: str) -> None:
    chain = _chain(10)
    entry, stored = chain[place]
    if change == "action":
        chain[place] = (replace(entry, action="key.revoke"), stored)
    elif change == "details":
        chain[place] = (replace(entry, details={**entry.details, "n": -1}), stored)
    elif change == "actor":
        chain[place] = (replace(entry, actor_id=None), stored)
    elif change == "time":
        chain[place] = (replace(entry, at=entry.at + timedelta(microseconds=1)), stored)
    elif change == "hash":
        chain[place] = (entry, bytes([stored[0] ^ 1]) + stored[1:])
    elif change == "drop":
        del chain[place]
        if place == 9:
            return  # the newest entry can be cut off unseen: only a copy of its hash elsewhere shows that
    else:
        other = (place + 1) % 10
        chain[place], chain[other] = chain[other], chain[place]
        place = min(place, other)
    assert first_break(chain) == place + 1


def test_the_same_moment_in_another_zone_hashes_the_same() -> None:
    from datetime import timezone

    entry = _entry(1)
    elsewhere = replace(entry, at=entry.at.astimezone(timezone(timedelta(hours=5, minutes=45))))
    assert link(GENESIS, entry) == link(GENESIS, elsewhere)
