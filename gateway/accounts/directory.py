"""In which organisations an e-mail address may sign in, for people who know only their address and password.

The one look-up that cannot know its organisation before. It stays under row-level security all the same: the table
holds only a keyed digest of the address and an organisation, and a transaction sees nothing but its own
organisations' rows and the rows of the one digest it names (`app.sign_in`). No address can be listed or guessed
through it without the pepper.
"""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

from shared.database import Database, Transaction

MAX_ORGANIZATIONS = 5
"""Each match costs an argon2 check; nobody needs more."""


def email_digest(email: str, pepper: str) -> bytes:
    """HMAC-SHA256(pepper, normalised address), 32 bytes."""
    return hmac.digest(pepper.encode(), b"email:" + email.encode(), hashlib.sha256)


async def enlist(tx: Transaction, org_id: UUID, email: str, pepper: str) -> None:
    """Let `email` be found for `org_id`; in the transaction that adds the member."""
    conn = await tx.driver()
    await conn.execute(
        "INSERT INTO gateway.sign_in_directory (org_id, email_digest) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        org_id,
        email_digest(email, pepper),
    )


async def organizations_of(db: Database, email: str, pepper: str) -> list[UUID]:
    """The organisations where `email` is a member, newest first, a few at most."""
    digest = email_digest(email, pepper)
    async with db.batch([]) as tx:
        await tx.conn.execute("SELECT set_config('app.sign_in', $1, true)", digest.hex())
        rows = await tx.conn.fetch(
            "SELECT org_id FROM gateway.sign_in_directory WHERE email_digest = $1 ORDER BY org_id DESC LIMIT $2",
            digest,
            MAX_ORGANIZATIONS,
        )
    return [row["org_id"] for row in rows]
