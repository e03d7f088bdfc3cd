"""Imports: jobs with their progress, the uploaded bytes until they are read, the errors per row.

The bytes lie uncompressed out of line (EXTERNAL): they are written once, read once and deleted.
"""

from alembic import op

from shared.database.migrate import SWEEPER, secure

revision = "0002"
down_revision = "0001"

ROLE = "cxloop_ingest"

TABLES = (
    """
    CREATE TABLE ingest.imports (
        org_id uuid NOT NULL,
        id uuid NOT NULL,
        status text NOT NULL CHECK (status IN ('receiving', 'queued', 'running', 'completed',
                                               'completed_with_errors', 'failed', 'cancelled')),
        stage text NOT NULL CHECK (stage IN ('profile', 'rows', 'done')),
        filename text,
        size_bytes bigint NOT NULL,
        digest text,
        told jsonb NOT NULL,
        layout jsonb,
        facts jsonb,
        profile jsonb,
        position bigint NOT NULL,
        line bigint NOT NULL,
        rows_total bigint,
        rows_read bigint NOT NULL,
        accepted bigint NOT NULL,
        duplicates bigint NOT NULL,
        revised bigint NOT NULL,
        rejected bigint NOT NULL,
        error_counts jsonb NOT NULL,
        notes jsonb NOT NULL,
        failure jsonb,
        created_by text,
        created_at timestamptz NOT NULL,
        started_at timestamptz,
        finished_at timestamptz,
        touched_at timestamptz NOT NULL,
        PRIMARY KEY (org_id, id)
    )
    """,
    "CREATE INDEX imports_unfinished ON ingest.imports (org_id, touched_at) WHERE stage <> 'done'",
    """
    CREATE TABLE ingest.import_parts (
        org_id uuid NOT NULL,
        import_id uuid NOT NULL,
        start bigint NOT NULL,
        data bytea NOT NULL,
        PRIMARY KEY (org_id, import_id, start),
        FOREIGN KEY (org_id, import_id) REFERENCES ingest.imports (org_id, id) ON DELETE CASCADE
    )
    """,
    "ALTER TABLE ingest.import_parts ALTER COLUMN data SET STORAGE EXTERNAL",
    """
    CREATE TABLE ingest.import_errors (
        org_id uuid NOT NULL,
        import_id uuid NOT NULL,
        row bigint NOT NULL,
        ordinal integer NOT NULL,
        line bigint NOT NULL,
        column_name text,
        code text NOT NULL,
        detail text NOT NULL,
        PRIMARY KEY (org_id, import_id, row, ordinal),
        FOREIGN KEY (org_id, import_id) REFERENCES ingest.imports (org_id, id) ON DELETE CASCADE
    )
    """,
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    for table in ("imports", "import_parts", "import_errors"):
        for statement in secure(f"ingest.{table}", role=ROLE, grants="SELECT, INSERT, UPDATE, DELETE"):
            op.execute(statement)
    # The sweeper sees which uploads were abandoned and which imports stand still, of every organisation, and nothing
    # of what is in them.
    op.execute(f"GRANT USAGE ON SCHEMA ingest TO {SWEEPER}")
    op.execute(f"CREATE POLICY unfinished ON ingest.imports FOR SELECT TO {SWEEPER} USING (stage <> 'done')")
    op.execute(
        f"GRANT SELECT (org_id, id, status, stage, position, created_at, touched_at) ON ingest.imports TO {SWEEPER}"
    )
