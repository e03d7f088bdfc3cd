"""Feedback whose words were erased: what arrives late about it is acted on without them."""

from alembic import op

from shared.database.migrate import secure

revision = "0002"
down_revision = "0001"

ROLE = "cxloop_loop"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE loop.erased_feedback (
            org_id uuid NOT NULL,
            feedback_id uuid NOT NULL,
            erased_at timestamptz NOT NULL,
            PRIMARY KEY (org_id, feedback_id)
        )
        """
    )
    for statement in secure("loop.erased_feedback", role=ROLE, grants="SELECT, INSERT"):
        op.execute(statement)
    op.execute(f"GRANT UPDATE (body) ON loop.webhook_messages TO {ROLE}")
    op.execute(f"GRANT UPDATE (response) ON loop.webhook_attempts TO {ROLE}")
