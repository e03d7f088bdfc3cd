"""Organisations, members, API keys, sessions, sign-in links, and an audit trail that can only grow."""

from alembic import op

from shared.database.migrate import secure

revision = "0001"
down_revision = None

ROLE = "cxloop_gateway"


def upgrade() -> None:
    """Create the tables and seal them."""
    op.execute(
        """
        CREATE TABLE gateway.organizations (
            org_id uuid PRIMARY KEY,
            name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE gateway.members (
            org_id uuid NOT NULL REFERENCES gateway.organizations,
            id uuid NOT NULL,
            email text NOT NULL CHECK (length(email) <= 320),
            name text NOT NULL CHECK (length(name) <= 200),
            role text NOT NULL CHECK (role IN ('owner', 'admin', 'manager', 'analyst', 'agent')),
            active boolean NOT NULL DEFAULT true,
            password_hash text,
            version integer NOT NULL DEFAULT 1,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            PRIMARY KEY (org_id, id),
            UNIQUE (org_id, email)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE gateway.api_keys (
            org_id uuid NOT NULL REFERENCES gateway.organizations,
            id uuid NOT NULL,
            kind text NOT NULL CHECK (kind IN ('secret', 'publishable')),
            name text NOT NULL CHECK (length(name) <= 200),
            shown_prefix text NOT NULL,
            last4 text NOT NULL,
            digest bytea NOT NULL CHECK (length(digest) = 32),
            scopes text[] NOT NULL,
            allowed_origins text[] NOT NULL DEFAULT '{}',
            created_by uuid,
            created_at timestamptz NOT NULL,
            expires_at timestamptz,
            revoked_at timestamptz,
            last_used_at timestamptz,
            replaced_by uuid,
            PRIMARY KEY (org_id, id),
            UNIQUE (org_id, digest)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE gateway.sessions (
            org_id uuid NOT NULL,
            id uuid NOT NULL,
            member_id uuid NOT NULL,
            digest bytea NOT NULL CHECK (length(digest) = 32),
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            ended_at timestamptz,
            PRIMARY KEY (org_id, id),
            UNIQUE (org_id, digest),
            FOREIGN KEY (org_id, member_id) REFERENCES gateway.members
        )
        """
    )
    op.execute("CREATE INDEX sessions_member ON gateway.sessions (org_id, member_id) WHERE ended_at IS NULL")
    op.execute(
        """
        CREATE TABLE gateway.sign_in_links (
            org_id uuid NOT NULL,
            id uuid NOT NULL,
            member_id uuid NOT NULL,
            digest bytea NOT NULL CHECK (length(digest) = 32),
            reusable boolean NOT NULL,
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            used_at timestamptz,
            PRIMARY KEY (org_id, id),
            UNIQUE (org_id, digest),
            FOREIGN KEY (org_id, member_id) REFERENCES gateway.members
        )
        """
    )
    op.execute(
        """
        CREATE TABLE gateway.audit_log (
            org_id uuid NOT NULL,
            seq bigint NOT NULL,
            id uuid NOT NULL,
            at timestamptz NOT NULL,
            actor_kind text NOT NULL,
            actor_id uuid,
            action text NOT NULL,
            subject_type text NOT NULL,
            subject_id uuid,
            details jsonb NOT NULL,
            hash bytea NOT NULL CHECK (length(hash) = 32),
            PRIMARY KEY (org_id, seq)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE gateway.sign_in_directory (
            org_id uuid NOT NULL REFERENCES gateway.organizations,
            email_digest bytea NOT NULL CHECK (length(email_digest) = 32),
            PRIMARY KEY (org_id, email_digest)
        )
        """
    )
    op.execute("CREATE INDEX sign_in_directory_digest ON gateway.sign_in_directory (email_digest)")
    for table, grants in {
        "organizations": "SELECT, INSERT, UPDATE (name, updated_at)",
        "members": "SELECT, INSERT, UPDATE (email, name, role, active, password_hash, version, updated_at)",
        "api_keys": "SELECT, INSERT, UPDATE (name, expires_at, revoked_at, last_used_at, replaced_by)",
        "sessions": "SELECT, INSERT, UPDATE (ended_at)",
        "sign_in_links": "SELECT, INSERT, UPDATE (used_at)",
        "sign_in_directory": "SELECT, INSERT",
        # No UPDATE, no DELETE: what was written stays, and the chain of hashes shows if an owner of the database lied.
        "audit_log": "SELECT, INSERT",
    }.items():
        for statement in secure(f"gateway.{table}", role=ROLE, grants=grants):
            op.execute(statement)
    # Signing in with address and password starts without an organisation: whoever names a digest sees its rows.
    op.execute(
        f"CREATE POLICY sign_in ON gateway.sign_in_directory FOR SELECT TO {ROLE} "
        "USING (email_digest = (SELECT decode(nullif(current_setting('app.sign_in', true), ''), 'hex')))"
    )
