"""Events, and one delivery of each event per listener.

A service adds its own events and settles its own deliveries, nothing more: the policies compare `publisher` and
`queue` with the role that is acting. The sweeper sees which deliveries are due but no content.
"""

from alembic import op

from shared.database.migrate import OPERATOR, ORGS, SERVICES, SWEEPER

revision = "0001"
down_revision = None

ROLES = ", ".join(f"cxloop_{service}" for service in SERVICES)
SELF = "replace(current_user, 'cxloop_', '')"


def upgrade() -> None:
    """Create both tables and seal them."""
    op.execute(
        """
        CREATE TABLE messaging.events (
            org_id uuid NOT NULL,
            id uuid NOT NULL,
            name text NOT NULL,
            publisher text NOT NULL,
            occurred_at timestamptz NOT NULL,
            published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            trace text,
            data jsonb NOT NULL,
            PRIMARY KEY (org_id, id)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE messaging.deliveries (
            org_id uuid NOT NULL,
            event_id uuid NOT NULL,
            listener text NOT NULL,
            queue text NOT NULL,
            state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'dead')),
            due_at timestamptz NOT NULL,
            attempt integer NOT NULL DEFAULT 0,
            sends integer NOT NULL DEFAULT 0,
            last_error text,
            done_at timestamptz,
            PRIMARY KEY (org_id, event_id, listener)
        ) WITH (fillfactor = 80)
        """
    )
    op.execute("CREATE INDEX deliveries_due ON messaging.deliveries (queue, due_at, org_id) WHERE state = 'pending'")
    op.execute("CREATE INDEX deliveries_dead ON messaging.deliveries (queue, org_id) WHERE state = 'dead'")
    for table in ("messaging.events", "messaging.deliveries"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY reading ON {table} FOR SELECT TO {ROLES} USING (org_id = ANY ({ORGS}))")
    op.execute(
        f"CREATE POLICY publishing ON messaging.events FOR INSERT TO {ROLES} "
        f"WITH CHECK (org_id = ANY ({ORGS}) AND publisher = {SELF})"
    )
    op.execute(
        f"CREATE POLICY publishing ON messaging.deliveries FOR INSERT TO {ROLES} WITH CHECK (org_id = ANY ({ORGS}))"
    )
    op.execute(
        f"CREATE POLICY settling ON messaging.deliveries FOR UPDATE TO {ROLES} "
        f"USING (org_id = ANY ({ORGS}) AND queue = {SELF}) "
        f"WITH CHECK (org_id = ANY ({ORGS}) AND queue = {SELF})"
    )
    op.execute(f"GRANT SELECT, INSERT ON messaging.events TO {ROLES}")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (state, due_at, attempt, sends, last_error, done_at) "
        f"ON messaging.deliveries TO {ROLES}"
    )
    op.execute(f"CREATE POLICY sweeping ON messaging.deliveries TO {SWEEPER} USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY sweeping ON messaging.events TO {SWEEPER} USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT, UPDATE (state, due_at, sends, last_error), DELETE ON messaging.deliveries TO {SWEEPER}")
    op.execute(f"GRANT SELECT (org_id, id, published_at), DELETE ON messaging.events TO {SWEEPER}")
    op.execute(f"CREATE POLICY operating ON messaging.deliveries TO {OPERATOR} USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY operating ON messaging.events FOR SELECT TO {OPERATOR} USING (true)")
    op.execute(
        f"GRANT SELECT, UPDATE (state, due_at, attempt, sends, last_error) ON messaging.deliveries TO {OPERATOR}"
    )
    op.execute(f"GRANT SELECT ON messaging.events TO {OPERATOR}")
