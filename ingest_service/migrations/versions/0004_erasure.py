"""Erasure: who was forgotten and when, without a word of him; what was said under his name can lose its words.

Feedback still is never edited: the policy admits one change only, into a row that names nobody and quotes nothing.
"""

from alembic import op

from shared.database.migrate import secure

revision = "0004"
down_revision = "0003"

ROLE = "cxloop_ingest"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE ingest.erasures (
            org_id uuid NOT NULL,
            customer_id uuid NOT NULL,
            requested_at timestamptz NOT NULL,
            feedback integer NOT NULL,
            identities integer NOT NULL,
            timeline integer NOT NULL,
            PRIMARY KEY (org_id, customer_id)
        )
        """
    )
    for statement in secure("ingest.erasures", role=ROLE, grants="SELECT, INSERT"):
        op.execute(statement)
    op.execute("ALTER TABLE ingest.submissions ADD COLUMN erased_at timestamptz")
    op.execute(f"GRANT UPDATE (erased_at) ON ingest.submissions TO {ROLE}")
    op.execute(
        f"CREATE POLICY erasing ON ingest.feedback AS RESTRICTIVE FOR UPDATE TO {ROLE} USING (true) "
        "WITH CHECK (customer_id IS NULL AND submission_id IS NULL AND text IS NULL AND title IS NULL "
        "AND attributes = '{}')"
    )
    op.execute(f"GRANT UPDATE (customer_id, submission_id, text, title, attributes) ON ingest.feedback TO {ROLE}")
    for table in ("customers", "timeline_entries", "identity_contradictions"):
        op.execute(f"GRANT DELETE ON ingest.{table} TO {ROLE}")
