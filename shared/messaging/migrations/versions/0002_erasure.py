"""Erasure: the words and the person of an event can be taken away, and nothing else can be written into it.

The policy lets a service change an event of the organisations in hand only into one that names nobody and quotes
nothing, so the right destroys words and can do no more.
"""

from alembic import op

from shared.database.migrate import ORGS

revision = "0002"
down_revision = "0001"

ROLES = "cxloop_ingest, cxloop_analysis, cxloop_loop"
NOBODY = " AND ".join(
    [
        "data @> '{\"erased\": true}'",
        *(f"coalesce(data -> '{name}', 'null') = 'null'" for name in ("text", "customer_id", "submission_id")),
        "(name LIKE 'Case%' OR coalesce(data -> 'title', 'null') = 'null')",
        "coalesce(data -> 'attributes', '{}') = '{}'",
    ]
)


def upgrade() -> None:
    op.execute(
        f"CREATE POLICY erasing ON messaging.events FOR UPDATE TO {ROLES} "
        f"USING (org_id = ANY ({ORGS})) WITH CHECK (org_id = ANY ({ORGS}) AND {NOBODY})"
    )
    op.execute(f"GRANT UPDATE (data) ON messaging.events TO {ROLES}")
