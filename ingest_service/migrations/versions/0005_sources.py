"""Sources: where providers send webhooks to, their secrets (encrypted), and what could not be understood (encrypted)."""

from alembic import op

from shared.database.migrate import secure

revision = "0005"
down_revision = "0004"

ROLE = "cxloop_ingest"

TABLES = (
    """
    CREATE TABLE ingest.sources (
        org_id uuid NOT NULL,
        id uuid NOT NULL,
        channel text NOT NULL,
        name text NOT NULL,
        secret bytea,
        settings jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        PRIMARY KEY (org_id, id)
    )
    """,
    """
    CREATE TABLE ingest.quarantine (
        org_id uuid NOT NULL,
        source_id uuid NOT NULL,
        id uuid NOT NULL,
        received_at timestamptz NOT NULL,
        reason text NOT NULL,
        faults jsonb NOT NULL,
        size_bytes integer NOT NULL,
        body bytea NOT NULL,
        PRIMARY KEY (org_id, source_id, id),
        FOREIGN KEY (org_id, source_id) REFERENCES ingest.sources (org_id, id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX quarantine_by_time ON ingest.quarantine (org_id, source_id, received_at, id)",
)

GRANTS = {
    "ingest.sources": "SELECT, INSERT, UPDATE (name, secret, settings, changed_at), DELETE",
    "ingest.quarantine": "SELECT, INSERT, DELETE",
}


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    for table, grants in GRANTS.items():
        for statement in secure(table, role=ROLE, grants=grants):
            op.execute(statement)
