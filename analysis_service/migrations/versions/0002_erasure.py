"""Feedback whose words were erased: what arrives late about it is stored without them."""

from alembic import op

from shared.database.migrate import secure

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE analysis.erased_feedback (
            org_id uuid NOT NULL,
            feedback_id uuid NOT NULL,
            erased_at timestamptz NOT NULL,
            PRIMARY KEY (org_id, feedback_id)
        )
        """
    )
    for statement in secure("analysis.erased_feedback", role="cxloop_analysis", grants="SELECT, INSERT"):
        op.execute(statement)
