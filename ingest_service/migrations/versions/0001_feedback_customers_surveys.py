"""Feedback and what makes it arrive once; customers and their identities; surveys.

Index diet: intake writes one primary key per feedback row, and one partial index for known customers.

Secondary indexes do not begin with org_id: while a table has no statistics, the planner takes any index that begins
with it for as good as the primary key and then reads all rows of the organisation (seen: 300 ms instead of 1).
"""

from alembic import op

from shared.database.migrate import secure

revision = "0001"
down_revision = None

ROLE = "cxloop_ingest"

TABLES = (
    """
    CREATE TABLE ingest.submissions (
        org_id uuid NOT NULL,
        source text NOT NULL,
        submission_id text NOT NULL,
        feedback_id uuid NOT NULL,
        revision integer NOT NULL,
        content_hash bytea NOT NULL,
        occurred_at timestamptz NOT NULL,
        PRIMARY KEY (org_id, source, submission_id)
    )
    """,
    """
    CREATE TABLE ingest.feedback (
        org_id uuid NOT NULL,
        id uuid NOT NULL,
        revision integer NOT NULL,
        channel text NOT NULL,
        source text NOT NULL,
        submission_id text,
        occurred_at timestamptz NOT NULL,
        received_at timestamptz NOT NULL,
        customer_id uuid,
        ratings jsonb NOT NULL,
        text text,
        title text,
        language text,
        unit text,
        touchpoint text,
        attributes jsonb NOT NULL,
        survey_id text,
        PRIMARY KEY (org_id, id, revision)
    )
    """,
    """
    CREATE INDEX feedback_of_customer ON ingest.feedback (customer_id, occurred_at, id)
    WHERE customer_id IS NOT NULL
    """,
    """
    CREATE TABLE ingest.idempotency_keys (
        org_id uuid NOT NULL,
        key text NOT NULL,
        fingerprint bytea NOT NULL,
        status integer,
        body bytea,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (org_id, key)
    )
    """,
    "CREATE INDEX idempotency_keys_by_age ON ingest.idempotency_keys (created_at)",
    """
    CREATE TABLE ingest.customers (
        org_id uuid NOT NULL,
        id uuid NOT NULL,
        name text,
        name_at timestamptz,
        attributes jsonb NOT NULL,
        attribute_times jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (org_id, id)
    )
    """,
    """
    CREATE TABLE ingest.identities (
        org_id uuid NOT NULL,
        kind text NOT NULL CHECK (kind IN ('external_id', 'email', 'phone')),
        value text NOT NULL,
        customer_id uuid NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (org_id, kind, value),
        FOREIGN KEY (org_id, customer_id) REFERENCES ingest.customers (org_id, id)
            DEFERRABLE INITIALLY DEFERRED
    )
    """,
    "CREATE INDEX identities_of_customer ON ingest.identities (customer_id)",
    """
    CREATE TABLE ingest.identity_contradictions (
        org_id uuid NOT NULL,
        customer_id uuid NOT NULL,
        other_id uuid NOT NULL,
        kind text NOT NULL,
        value text NOT NULL,
        seen_at timestamptz NOT NULL,
        PRIMARY KEY (org_id, customer_id, other_id, kind, value)
    )
    """,
    """
    CREATE TABLE ingest.timeline_entries (
        org_id uuid NOT NULL,
        customer_id uuid NOT NULL,
        at timestamptz NOT NULL,
        id uuid NOT NULL,
        kind text NOT NULL,
        data jsonb NOT NULL,
        PRIMARY KEY (org_id, customer_id, at, id)
    )
    """,
    """
    CREATE TABLE ingest.surveys (
        org_id uuid NOT NULL,
        id uuid NOT NULL,
        name text NOT NULL,
        revision integer NOT NULL,
        created_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        PRIMARY KEY (org_id, id)
    )
    """,
    """
    CREATE TABLE ingest.survey_revisions (
        org_id uuid NOT NULL,
        survey_id uuid NOT NULL,
        revision integer NOT NULL,
        content jsonb NOT NULL,
        published_at timestamptz NOT NULL,
        PRIMARY KEY (org_id, survey_id, revision),
        FOREIGN KEY (org_id, survey_id) REFERENCES ingest.surveys (org_id, id)
    )
    """,
)

GRANTS = {
    "ingest.submissions": "SELECT, INSERT, UPDATE (revision, content_hash)",
    "ingest.feedback": "SELECT, INSERT",  # never edited: a correction is a new revision
    "ingest.idempotency_keys": "SELECT, INSERT, UPDATE (fingerprint, status, body, created_at), DELETE",
    "ingest.customers": "SELECT, INSERT, UPDATE (name, name_at, attributes, attribute_times)",
    "ingest.identities": "SELECT, INSERT, DELETE",
    "ingest.identity_contradictions": "SELECT, INSERT",
    "ingest.timeline_entries": "SELECT, INSERT",
    "ingest.surveys": "SELECT, INSERT, UPDATE (name, revision, changed_at)",
    "ingest.survey_revisions": "SELECT, INSERT",  # what was asked is never edited
}


def upgrade() -> None:
    """Create the tables and seal them."""
    for statement in TABLES:
        op.execute(statement)
    for table, grants in GRANTS.items():
        for statement in secure(table, role=ROLE, grants=grants):
            op.execute(statement)
