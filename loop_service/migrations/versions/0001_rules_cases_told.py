"""Rules, outcomes, cases with their history, the directory of people, webhooks and mail.

The sweeper may see which organisation has a webhook or a mail due (no content), so that one query finds
the work of all organisations and row-level security still holds for everything else.
"""

from alembic import op

from shared.database.migrate import SWEEPER, secure

revision = "0001"
down_revision = None

ROLE = "cxloop_loop"

RULES = [
    """
    CREATE TABLE loop.rules (
        org_id uuid NOT NULL,
        id uuid NOT NULL,
        name text NOT NULL,
        enabled boolean NOT NULL,
        condition jsonb NOT NULL,
        actions jsonb NOT NULL,
        preset text,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        archived_at timestamptz,
        PRIMARY KEY (org_id, id),
        UNIQUE (org_id, preset)
    )
    """,
    """
    CREATE TABLE loop.outcomes (
        org_id uuid NOT NULL,
        feedback_id uuid NOT NULL,
        revision integer NOT NULL,
        event_id uuid NOT NULL,
        received_at timestamptz NOT NULL,
        stored_at timestamptz NOT NULL,
        analysed_at timestamptz NOT NULL,
        evaluated_at timestamptz NOT NULL,
        model text NOT NULL,
        sentiment_label text,
        sentiment_reason text,
        rules jsonb NOT NULL,
        PRIMARY KEY (org_id, feedback_id)
    )
    """,
]

CASES = [
    """
    CREATE TABLE loop.cases (
        org_id uuid NOT NULL,
        id uuid NOT NULL,
        rule_id uuid NOT NULL,
        rule_version integer NOT NULL,
        feedback_id uuid NOT NULL,
        customer_id uuid,
        title text NOT NULL,
        status text NOT NULL,
        outcome text,
        owner_id uuid,
        priority text NOT NULL,
        priority_score integer NOT NULL,
        priority_reasons jsonb NOT NULL,
        due_at timestamptz,
        channel text,
        unit text,
        touchpoint text,
        customer_informed_at timestamptz,
        customer_informed_channel text,
        opened_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        resolved_at timestamptz,
        closed_at timestamptz,
        reopened integer NOT NULL DEFAULT 0,
        version integer NOT NULL DEFAULT 1,
        PRIMARY KEY (org_id, id),
        UNIQUE (org_id, rule_id, feedback_id),
        FOREIGN KEY (org_id, rule_id) REFERENCES loop.rules (org_id, id)
    ) WITH (fillfactor = 85)
    """,
    "CREATE INDEX cases_newest ON loop.cases (org_id, opened_at DESC, id DESC)",
    "CREATE INDEX cases_feedback ON loop.cases (org_id, feedback_id)",
    "CREATE INDEX cases_customer ON loop.cases (org_id, customer_id) WHERE customer_id IS NOT NULL",
    "CREATE INDEX cases_due ON loop.cases (org_id, due_at) WHERE status NOT IN ('resolved', 'verified', 'closed')",
    """
    CREATE TABLE loop.case_history (
        org_id uuid NOT NULL,
        case_id uuid NOT NULL,
        id uuid NOT NULL,
        kind text NOT NULL CHECK (kind IN ('opened', 'transition', 'change', 'note')),
        at timestamptz NOT NULL,
        actor_kind text NOT NULL,
        actor_id uuid,
        actor_name text NOT NULL,
        from_status text,
        to_status text,
        note text,
        changes jsonb NOT NULL,
        PRIMARY KEY (org_id, case_id, id),
        FOREIGN KEY (org_id, case_id) REFERENCES loop.cases (org_id, id)
    )
    """,
    """
    CREATE TABLE loop.people (
        org_id uuid NOT NULL,
        member_id uuid NOT NULL,
        email text NOT NULL,
        name text NOT NULL,
        role text NOT NULL,
        active boolean NOT NULL,
        version integer NOT NULL,
        PRIMARY KEY (org_id, member_id)
    )
    """,
]

WEBHOOKS = [
    """
    CREATE TABLE loop.webhook_endpoints (
        org_id uuid NOT NULL,
        id uuid NOT NULL,
        url text NOT NULL,
        description text NOT NULL,
        events text[] NOT NULL,
        enabled boolean NOT NULL,
        disabled_reason text,
        secret bytea NOT NULL,
        previous_secret bytea,
        previous_secret_until timestamptz,
        failing_since timestamptz,
        quiet_until timestamptz,
        last_delivered_at timestamptz,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        archived_at timestamptz,
        PRIMARY KEY (org_id, id)
    )
    """,
    """
    CREATE TABLE loop.webhook_messages (
        org_id uuid NOT NULL,
        id uuid NOT NULL,
        type text NOT NULL,
        body text NOT NULL,
        feedback_id uuid,
        case_id uuid,
        trace text,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (org_id, id)
    )
    """,
    "CREATE INDEX webhook_messages_feedback ON loop.webhook_messages (org_id, feedback_id)",
    """
    CREATE TABLE loop.webhook_deliveries (
        org_id uuid NOT NULL,
        id uuid NOT NULL,
        endpoint_id uuid NOT NULL,
        message_id uuid NOT NULL,
        type text NOT NULL,
        state text NOT NULL CHECK (state IN ('pending', 'delivered', 'dead', 'held', 'cancelled')),
        step integer NOT NULL DEFAULT 0,
        attempts integer NOT NULL DEFAULT 0,
        next_at timestamptz,
        lease uuid,
        last_status integer,
        last_reason text,
        created_at timestamptz NOT NULL,
        settled_at timestamptz,
        PRIMARY KEY (org_id, id),
        UNIQUE (org_id, message_id, endpoint_id),
        FOREIGN KEY (org_id, endpoint_id) REFERENCES loop.webhook_endpoints (org_id, id),
        FOREIGN KEY (org_id, message_id) REFERENCES loop.webhook_messages (org_id, id)
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX webhook_deliveries_due ON loop.webhook_deliveries (next_at, org_id) WHERE state = 'pending'",
    "CREATE INDEX webhook_deliveries_endpoint ON loop.webhook_deliveries (org_id, endpoint_id, next_at) "
    "WHERE state = 'pending'",
    "CREATE INDEX webhook_deliveries_newest ON loop.webhook_deliveries (org_id, created_at DESC, id DESC)",
    """
    CREATE TABLE loop.webhook_attempts (
        org_id uuid NOT NULL,
        delivery_id uuid NOT NULL,
        number integer NOT NULL,
        at timestamptz NOT NULL,
        duration_ms integer NOT NULL,
        status integer,
        reason text,
        response text,
        PRIMARY KEY (org_id, delivery_id, number),
        FOREIGN KEY (org_id, delivery_id) REFERENCES loop.webhook_deliveries (org_id, id)
    )
    """,
]

MAIL = [
    """
    CREATE TABLE loop.mails (
        org_id uuid NOT NULL,
        id uuid NOT NULL,
        kind text NOT NULL,
        event_id uuid NOT NULL,
        case_id uuid NOT NULL,
        feedback_id uuid,
        member_id uuid NOT NULL,
        data jsonb NOT NULL,
        state text NOT NULL CHECK (state IN ('pending', 'sent', 'dead', 'not_configured')),
        attempts integer NOT NULL DEFAULT 0,
        next_at timestamptz,
        lease uuid,
        last_reason text,
        trace text,
        created_at timestamptz NOT NULL,
        settled_at timestamptz,
        PRIMARY KEY (org_id, id),
        UNIQUE (org_id, event_id, member_id)
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX mails_due ON loop.mails (next_at, org_id) WHERE state = 'pending'",
    "CREATE INDEX mails_newest ON loop.mails (org_id, created_at DESC, id DESC)",
    "CREATE INDEX mails_feedback ON loop.mails (org_id, feedback_id)",
]

GRANTS = {
    "rules": "SELECT, INSERT, UPDATE",
    "outcomes": "SELECT, INSERT, UPDATE",
    "cases": "SELECT, INSERT, UPDATE",
    "case_history": "SELECT, INSERT",
    "people": "SELECT, INSERT, UPDATE",
    "webhook_endpoints": "SELECT, INSERT, UPDATE",
    "webhook_messages": "SELECT, INSERT, DELETE",
    "webhook_deliveries": "SELECT, INSERT, UPDATE, DELETE",
    "webhook_attempts": "SELECT, INSERT, DELETE",
    "mails": "SELECT, INSERT, UPDATE",
}


def upgrade() -> None:
    """Create every table of the loop and seal it."""
    for statement in [*RULES, *CASES, *WEBHOOKS, *MAIL]:
        op.execute(statement)
    for table, grants in GRANTS.items():
        for statement in secure(f"loop.{table}", role=ROLE, grants=grants):
            op.execute(statement)
    op.execute(f"GRANT USAGE ON SCHEMA loop TO {SWEEPER}")
    for table in ("webhook_deliveries", "mails"):
        op.execute(f"CREATE POLICY sweeping ON loop.{table} FOR SELECT TO {SWEEPER} USING (true)")
        op.execute(f"GRANT SELECT (org_id, state, next_at) ON loop.{table} TO {SWEEPER}")
