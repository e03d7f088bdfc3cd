"""THE table of public paths: method, path, service, who may call, scope, body cap, operation id, summary.

What is not here is not reachable from outside. The edge authorises by it, the forwarder routes by it, the public
OpenAPI document takes its security from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Service = Literal["gateway", "ingest", "analysis", "loop"]
SERVICES: tuple[Service, ...] = get_args(Service)
Credential = Literal["secret_key", "publishable_key", "session"]

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

SECRET_OR_SESSION: frozenset[Credential] = frozenset({"secret_key", "session"})
ANY_KEY_OR_SESSION: frozenset[Credential] = frozenset({"secret_key", "publishable_key", "session"})
SESSION_ONLY: frozenset[Credential] = frozenset({"session"})
ANYBODY: frozenset[Credential] = frozenset()


@dataclass(frozen=True, slots=True)
class Route:
    """One public operation."""

    method: str
    path: str
    """Template: `/v1/cases/{id}`; a `{name}` stands for one segment."""
    service: Service
    credentials: frozenset[Credential]
    """Kinds accepted; empty: no credential is asked for."""
    scope: str | None
    """The scope the caller must hold; None: any caller of an accepted kind."""
    operation_id: str
    summary: str
    body_cap: int = MIB
    """Bytes of body accepted, above that 413."""
    streamed: bool = False
    """The body goes on to the service while it arrives, instead of being read first."""
    browsers: bool = False
    """Called by browsers from other origins: CORS by the key's exact list."""
    key_in_address: bool = False
    """Called by providers that can be given an address and nothing else: `?key=` counts, browsers are refused."""
    answer_within_s: float = 10.0
    """Seconds the service has for the head of its answer."""
    policy: Literal["default", "sign_in"] = "default"
    """The rate limit that counts it, beside the caller's own."""

    @property
    def tag(self) -> str:
        """The chapter of the documentation it stands in: the first word of the path after /v1."""
        return self.path.split("/")[2].replace("-", " ")


def _route(
    line: str,
    scope: str | None,
    summary: str,
    *,
    credentials: frozenset[Credential] = SECRET_OR_SESSION,
    body_cap: int = MIB,
    streamed: bool = False,
    browsers: bool = False,
    key_in_address: bool = False,
    answer_within_s: float = 10.0,
    policy: Literal["default", "sign_in"] = "default",
) -> Route:
    service, method, path, operation_id = line.split()
    if service not in SERVICES:
        raise ValueError(f"{path}: no service is called {service}")
    return Route(
        method, path, service, credentials, scope, operation_id, summary,
        body_cap, streamed, browsers, key_in_address, answer_within_s, policy,
    )  # fmt: skip


ROUTES: tuple[Route, ...] = (
    # --- gateway: accounts and live -------------------------------------------------------------------------------
    _route("gateway GET /v1/organization organization_get", None, "The organisation of the caller"),
    _route("gateway PATCH /v1/organization organization_update", "accounts:write", "Rename the organisation"),
    _route("gateway GET /v1/members member_list", "accounts:read", "List members"),
    _route("gateway POST /v1/members member_create", "accounts:write", "Add a member"),
    _route("gateway PATCH /v1/members/{id} member_update", "accounts:write", "Change a member's name, role or state"),
    _route("gateway DELETE /v1/members/{id} member_remove", "accounts:write", "Deactivate a member, end his sessions"),
    _route("gateway GET /v1/api-keys api_key_list", "accounts:write", "List API keys, without their secrets"),
    _route("gateway POST /v1/api-keys api_key_create", "accounts:write", "Create an API key; it is shown this once"),
    _route("gateway DELETE /v1/api-keys/{id} api_key_revoke", "accounts:write", "Revoke an API key"),
    _route("gateway POST /v1/api-keys/{id}/rotate api_key_rotate", "accounts:write", "Replace a key, with overlap"),
    _route("gateway GET /v1/audit-log audit_log_list", "accounts:write", "Read the audit trail, newest first"),
    _route("gateway POST /v1/sign-in-links sign_in_link_create", "accounts:write", "Link that signs a member in"),
    _route("gateway GET /v1/session session_get", None, "Who is signed in", credentials=SESSION_ONLY),
    _route("gateway POST /v1/session session_create", None, "Sign in with e-mail and password",
           credentials=ANYBODY, body_cap=16 * KIB, policy="sign_in"),
    _route("gateway DELETE /v1/session session_end", None, "Sign out", credentials=SESSION_ONLY),
    _route("gateway PUT /v1/session/password password_set", None, "Set one's own password", credentials=SESSION_ONLY,
           body_cap=16 * KIB, policy="sign_in"),
    _route("gateway GET /v1/live live_listen", "live:read", "Server-sent events: what has changed"),
    # --- ingest: listening ----------------------------------------------------------------------------------------
    _route("ingest POST /v1/feedback feedback_create", "feedback:write", "Send one piece of feedback"),
    _route("ingest POST /v1/feedback/batch feedback_create_batch", "feedback:write",
           "Send up to 10,000 pieces of feedback (JSON array or NDJSON)", body_cap=16 * MIB, answer_within_s=60.0),
    _route("ingest POST /v1/responses response_create", "responses:write", "Submit a survey response from a browser",
           credentials=frozenset({"publishable_key"}), body_cap=64 * KIB, browsers=True),
    _route("ingest POST /v1/imports import_create", "imports:write", "Import a CSV or JSONL file",
           body_cap=GIB, streamed=True, answer_within_s=60.0),
    _route("ingest GET /v1/imports import_list", "imports:read", "List imports"),
    _route("ingest GET /v1/imports/{id} import_get", "imports:read", "Progress of an import"),
    _route("ingest GET /v1/imports/{id}/errors import_error_list", "imports:read", "Rows that were refused"),
    _route("ingest DELETE /v1/imports/{id} import_cancel", "imports:write", "Cancel an import"),
    _route("ingest GET /v1/customers customer_find", "customers:read", "Find a customer by one of his identities"),
    _route("ingest GET /v1/customers/{id} customer_get", "customers:read", "A customer, his identities, his timeline"),
    _route("ingest DELETE /v1/customers/{id} customer_erase", "customers:write", "Forget a customer; his scores stay",
           answer_within_s=30.0),
    _route("ingest POST /v1/surveys survey_create", "surveys:write", "Create a survey"),
    _route("ingest GET /v1/surveys survey_list", "surveys:read", "List surveys"),
    _route("ingest GET /v1/surveys/{id} survey_get", "surveys:read", "A survey"),
    _route("ingest PUT /v1/surveys/{id} survey_replace", "surveys:write", "Replace a survey's draft or publish it"),
    _route("ingest GET /v1/surveys/{id}/published survey_published_get", "responses:write",
           "What a widget needs to show a published survey", credentials=frozenset({"publishable_key"}), browsers=True),
    _route("ingest POST /v1/sources source_create", "sources:write", "Connect a source"),
    _route("ingest GET /v1/sources source_list", "sources:read", "List sources"),
    _route("ingest GET /v1/sources/{id} source_get", "sources:read", "A source"),
    _route("ingest PATCH /v1/sources/{id} source_update", "sources:write", "Change a source, its secret or settings"),
    _route("ingest DELETE /v1/sources/{id} source_remove", "sources:write", "Remove a source; its feedback stays"),
    _route("ingest GET /v1/sources/{id}/quarantine source_quarantine_list", "sources:read",
           "What a source sent that could not be understood"),
    _route("ingest POST /v1/sources/{id}/inbound source_receive", "responses:write",
           "Where the provider of a source sends its webhooks", credentials=frozenset({"publishable_key"}),
           key_in_address=True),
    # --- analysis: understanding ----------------------------------------------------------------------------------
    _route("analysis GET /v1/feedback feedback_list", "feedback:read", "List analysed feedback"),
    _route("analysis GET /v1/feedback/{id} feedback_get", "feedback:read", "One piece of feedback as analysed"),
    _route("analysis GET /v1/metrics/{metric} metric_get", "metrics:read",
           "A metric over time with counts and intervals", answer_within_s=30.0),
    _route("analysis POST /v1/text/annotate text_annotate", "text:annotate", "Annotate up to 1,000 texts",
           body_cap=4 * MIB, answer_within_s=60.0),
    _route("analysis GET /v1/terms term_list", "metrics:read", "Terms that stand out", answer_within_s=30.0),
    # --- loop: acting ---------------------------------------------------------------------------------------------
    _route("loop POST /v1/rules rule_create", "rules:write", "Create a rule"),
    _route("loop GET /v1/rules rule_list", "rules:read", "List rules"),
    _route("loop POST /v1/rules/dry-run rule_dry_run", "rules:read", "What a rule would have matched",
           answer_within_s=30.0),
    _route("loop GET /v1/rules/{id} rule_get", "rules:read", "A rule"),
    _route("loop PUT /v1/rules/{id} rule_replace", "rules:write", "Replace a rule"),
    _route("loop DELETE /v1/rules/{id} rule_remove", "rules:write", "Remove a rule"),
    _route("loop GET /v1/cases case_list", "cases:read", "List cases"),
    _route("loop GET /v1/cases/{id} case_get", "cases:read", "A case with its history"),
    _route("loop PATCH /v1/cases/{id} case_update", "cases:write", "Change a case's owner, priority or due time"),
    _route("loop POST /v1/cases/{id}/transitions case_transition", "cases:write", "Move a case to another status"),
    _route("loop POST /v1/cases/{id}/notes case_note_create", "cases:write", "Add a note to a case"),
    _route("loop POST /v1/webhook-endpoints webhook_endpoint_create", "webhooks:write", "Create a webhook endpoint"),
    _route("loop GET /v1/webhook-endpoints webhook_endpoint_list", "webhooks:read", "List webhook endpoints"),
    _route("loop GET /v1/webhook-endpoints/{id} webhook_endpoint_get", "webhooks:read", "A webhook endpoint"),
    _route("loop PATCH /v1/webhook-endpoints/{id} webhook_endpoint_update", "webhooks:write", "Change an endpoint"),
    _route("loop DELETE /v1/webhook-endpoints/{id} webhook_endpoint_remove", "webhooks:write", "Remove an endpoint"),
    _route("loop POST /v1/webhook-endpoints/{id}/test webhook_endpoint_test", "webhooks:write",
           "Send a real payload to a webhook endpoint", answer_within_s=40.0),
    _route("loop POST /v1/webhook-endpoints/{id}/rotate-secret webhook_endpoint_rotate_secret", "webhooks:write",
           "Replace the signing secret, with overlap"),
    _route("loop GET /v1/webhook-deliveries webhook_delivery_list", "webhooks:read", "List webhook deliveries"),
    _route("loop GET /v1/webhook-deliveries/{id} webhook_delivery_get", "webhooks:read", "A delivery, its attempts"),
    _route("loop POST /v1/webhook-deliveries/{id}/replay webhook_delivery_replay", "webhooks:write",
           "Deliver once more"),
    _route("loop GET /v1/feedback/{id}/trace feedback_trace_get", "feedback:read",
           "What happened to a piece of feedback, step by step"),
    _route("loop GET /v1/mail mail_list", "cases:read", "Mail that was sent, or could not be"),
)  # fmt: skip
