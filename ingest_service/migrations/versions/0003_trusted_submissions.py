"""Whether a submission was told with a secret key: a browser must not rewrite it."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE ingest.submissions ADD COLUMN trusted boolean NOT NULL DEFAULT true")
    op.execute("GRANT UPDATE (trusted) ON ingest.submissions TO cxloop_ingest")
