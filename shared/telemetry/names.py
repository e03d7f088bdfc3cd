"""Every metric of ours: its name, its meaning, its labels. Labels never hold an organisation or a person."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUESTS = Counter("cxloop_http_requests_total", "HTTP requests answered", ["service", "method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "cxloop_http_request_seconds", "Time to answer a request", ["service", "route"], buckets=LATENCY_BUCKETS
)
EVENTS_HANDLED = Counter("cxloop_events_handled_total", "Events handled", ["listener"])
EVENTS_FAILED = Counter(
    "cxloop_events_failed_total", "Single events whose handling failed and will be retried", ["listener"]
)
EVENTS_DEAD = Counter("cxloop_events_dead_total", "Events given up, visible with `cxloop events dead`", ["listener"])
HANDLING_SECONDS = Histogram(
    "cxloop_handling_seconds", "Time to handle one batch of events", ["listener"], buckets=LATENCY_BUCKETS
)
RELAY_SENT = Counter("cxloop_relay_sent_total", "Deliveries that the relay sent right after their commit")
RELAY_DROPPED = Counter("cxloop_relay_dropped_total", "Deliveries that the relay left to the sweeper")
SWEPT = Counter("cxloop_swept_total", "Deliveries that the sweeper sent again", ["queue"])
QUEUE_PENDING = Gauge("cxloop_queue_pending", "Deliveries not settled yet", ["queue"])
QUEUE_LATE_SECONDS = Gauge("cxloop_queue_late_seconds", "How long the oldest delivery is overdue", ["queue"])
QUEUE_DEAD = Gauge("cxloop_queue_dead", "Deliveries given up", ["queue"])
TIMER_FAILURES = Counter("cxloop_timer_failures_total", "Runs of a timer that failed", ["timer"])
INTAKE_RECORDS = Counter("cxloop_intake_records_total", "Feedback records by outcome", ["outcome"])
INTAKE_GROUP = Histogram(
    "cxloop_intake_group_records", "Records committed together", buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500)
)
RATE_LIMITED = Counter("cxloop_rate_limited_total", "Requests refused by a rate limit", ["policy"])
WEBHOOK_ATTEMPTS = Counter("cxloop_webhook_attempts_total", "Webhook attempts by outcome", ["outcome"])
EMAILS = Counter("cxloop_emails_total", "E-mails by outcome", ["outcome"])
