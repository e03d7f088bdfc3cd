"""Records as analysed, the facets they fall under, and the cells that count them.

Index diet: a record has its key and one covering index, which answers every metric of NPS, volume, sentiment and
distinct customers without touching the row. No full-text index: with forced row-level security PostgreSQL will not
use one (its operators are not leakproof), so text search is bounded by time instead.
"""

from alembic import op

from shared.database.migrate import secure

revision = "0001"
down_revision = None

ROLE = "cxloop_analysis"
MAIN = ("csat", "ces", "stars", "rating")


def upgrade() -> None:
    """Create tables and the view that metrics read, and seal them."""
    op.execute(
        """
        CREATE TABLE analysis.facets (
            org_id uuid NOT NULL,
            facet uuid NOT NULL,
            channel text NOT NULL,
            source text NOT NULL,
            unit text NOT NULL,
            touchpoint text NOT NULL,
            language text NOT NULL,
            PRIMARY KEY (org_id, facet)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE analysis.records (
            org_id uuid NOT NULL,
            feedback_id uuid NOT NULL,
            occurred_at timestamptz NOT NULL,
            received_at timestamptz NOT NULL,
            stored_at timestamptz NOT NULL,
            analysed_at timestamptz NOT NULL,
            facet uuid NOT NULL,
            customer_id uuid,
            revision integer NOT NULL,
            nps double precision,
            csat double precision,
            csat_scale text,
            ces double precision,
            ces_scale text,
            stars double precision,
            stars_scale text,
            rating double precision,
            rating_scale text,
            sentiment text CHECK (sentiment IN ('positive', 'neutral', 'negative', 'mixed')),
            sentiment_score double precision,
            sentiment_reason text,
            submission_id text,
            title text,
            text text,
            ratings jsonb NOT NULL,
            aspects jsonb,
            probabilities jsonb,
            terms jsonb NOT NULL,
            attributes jsonb NOT NULL,
            model text NOT NULL,
            content_hash bytea NOT NULL,
            PRIMARY KEY (org_id, feedback_id),
            CHECK ((sentiment IS NULL) = (sentiment_reason IS NOT NULL)),
            CHECK ((sentiment IS NULL) = (sentiment_score IS NULL))
        )
        """
    )
    op.execute(
        "CREATE INDEX records_by_time ON analysis.records (org_id, occurred_at DESC, feedback_id DESC) "
        "INCLUDE (facet, customer_id, nps, sentiment, sentiment_score)"
    )
    op.execute(
        "CREATE INDEX records_by_customer ON analysis.records (org_id, customer_id, occurred_at DESC) "
        "WHERE customer_id IS NOT NULL"
    )
    op.execute(
        """
        CREATE TABLE analysis.metric_cells (
            org_id uuid NOT NULL,
            metric text NOT NULL,
            hour timestamptz NOT NULL,
            facet uuid NOT NULL,
            scale text NOT NULL,
            aspect text NOT NULL,
            n bigint NOT NULL,
            favourable bigint NOT NULL,
            neutral bigint NOT NULL,
            unfavourable bigint NOT NULL,
            total bigint NOT NULL,
            total_squares numeric NOT NULL,
            PRIMARY KEY (org_id, metric, hour, facet, scale, aspect)
        ) WITH (fillfactor = 85)
        """
    )
    branches = [
        "SELECT org_id, feedback_id, occurred_at, customer_id, facet, 'volume'::text AS metric, ''::text AS aspect, "
        "''::text AS scale, NULL::double precision AS value, NULL::text AS label FROM analysis.records",
        "SELECT org_id, feedback_id, occurred_at, customer_id, facet, 'nps'::text, ''::text, '0-10'::text, nps, "
        "NULL::text FROM analysis.records WHERE nps IS NOT NULL",
        "SELECT org_id, feedback_id, occurred_at, customer_id, facet, 'sentiment'::text, ''::text, ''::text, "
        "sentiment_score, sentiment FROM analysis.records WHERE sentiment IS NOT NULL",
        "SELECT org_id, feedback_id, occurred_at, customer_id, facet, 'sentiment_unscored'::text, ''::text, "
        "''::text, NULL::double precision, NULL::text FROM analysis.records "
        "WHERE sentiment IS NULL AND sentiment_reason <> 'no_text'",
        *(
            f"SELECT org_id, feedback_id, occurred_at, customer_id, facet, '{name}'::text, ''::text, {name}_scale, "
            f"{name}, NULL::text FROM analysis.records WHERE {name} IS NOT NULL"
            for name in MAIN
        ),
    ]
    op.execute("CREATE VIEW analysis.observations WITH (security_invoker = true) AS " + " UNION ALL ".join(branches))
    # Apart from the others: no constant tells the planner which records have sub-scores of a metric.
    op.execute(
        """
        CREATE VIEW analysis.aspect_observations WITH (security_invoker = true) AS
        SELECT r.org_id, r.feedback_id, r.occurred_at, r.customer_id, r.facet, a.metric, a.aspect, a.scale, a.value,
               NULL::text AS label
        FROM analysis.records r, jsonb_to_recordset(r.aspects)
            AS a (metric text, aspect text, scale text, value double precision)
        WHERE r.aspects IS NOT NULL
        """
    )
    for table, grants in (
        ("analysis.facets", "SELECT, INSERT"),
        ("analysis.records", "SELECT, INSERT, UPDATE"),
        ("analysis.metric_cells", "SELECT, INSERT, UPDATE"),
    ):
        for statement in secure(table, role=ROLE, grants=grants):
            op.execute(statement)
    op.execute(f"GRANT SELECT ON analysis.observations, analysis.aspect_observations TO {ROLE}")
    op.execute("ALTER TABLE analysis.records SET (autovacuum_vacuum_insert_scale_factor = 0.05)")
