"""What happens to a provider's webhook: verify, understand, store; or keep it in quarantine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from ingest_service.channels.mapped import Mapped, NotFeedback
from ingest_service.channels.signatures import SignatureRefused, verify
from ingest_service.channels.typeform import TypeformSettings, submission
from ingest_service.intake.preparation import Origin, Prepared, Refused, prepare
from ingest_service.intake.requests import Intake, Reply, Request, count_rejected
from ingest_service.intake.submit import Stored
from ingest_service.sources import queries
from ingest_service.sources.schemas import InboundNote, Received
from ingest_service.sources.tables import QuarantineRow, SourceRow
from shared.contracts.problems import Code, FieldProblem, Problem
from shared.database import Database
from shared.foundation.clock import now
from shared.foundation.ids import new_id
from shared.foundation.sealing import SecretUnreadable, Vault
from shared.web.bodies import parse_json

VAULT_PURPOSE: Final = "source secrets"
BODY_LIMIT: Final = 1024 * 1024
QUARANTINE_MOST: Final = 1_000
"""Bodies kept per source: enough to see what goes wrong; a provider gone wrong must not fill the disk."""
QUARANTINE_KEPT: Final = timedelta(days=30)


class _NotUnderstood(Exception):
    def __init__(self, reason: str, detail: str, faults: Sequence[FieldProblem] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.faults = faults


class Reception:
    """Takes webhooks of sources."""

    def __init__(self, database: Database, intake: Intake, vault: Vault) -> None:
        self._database = database
        self._intake = intake
        self._vault = vault

    async def take(
        self, org_id: UUID, source_id: UUID, headers: Mapping[str, str], body: bytes, trace: str | None
    ) -> Reply:
        """The answer to a webhook. Raises Problem: unknown source, signature, and, where nothing is signed, content.

        Only a provider that signs is trusted to revise what was said, and only its bodies go to quarantine: to an
        unsigned source anybody can send who has seen a publishable key.
        """
        if len(body) > BODY_LIMIT:
            raise Problem(Code.BODY_TOO_LARGE, f"A webhook has at most {BODY_LIMIT} bytes.")
        async with self._database.transaction(org_id) as tx:
            source = await queries.one(tx, org_id, source_id)
        if source is None:
            raise unknown_source()
        self._check_signature(source, headers, body)
        signed = source.secret is not None
        try:
            mapped, prepared = _understood(source, body, Origin(org_id, now(), trace, trusted=signed))
        except _NotUnderstood as problem:
            count_rejected(1)
            if not signed:
                raise Problem(Code.BODY_INVALID, problem.detail, problem.faults) from None
            return await self._quarantine(source, body, problem)
        notes = [InboundNote(pointer=note.pointer, code=note.code) for note in mapped.notes]
        return await self._intake.submit(Request(org_id, (prepared,), lambda stored: _told(stored[0], notes)))

    def _check_signature(self, source: SourceRow, headers: Mapping[str, str], body: bytes) -> None:
        if source.secret is None:
            return
        try:
            verify(source.channel, self._vault.open(source.secret), headers, body, now())
        except SignatureRefused as refused:
            raise Problem(Code.SIGNATURE_INVALID, str(refused)) from None
        except SecretUnreadable:
            raise Problem(
                Code.INTERNAL, "The secret of this source cannot be decrypted with the configured keys: set it again."
            ) from None

    async def _quarantine(self, source: SourceRow, body: bytes, problem: _NotUnderstood) -> Reply:
        at = now()
        kept = QuarantineRow(
            org_id=source.org_id,
            source_id=source.id,
            id=new_id(),
            received_at=at,
            reason=problem.reason,
            faults=[{"pointer": fault.pointer, "code": fault.code} for fault in problem.faults],
            size_bytes=len(body),
            body=self._vault.seal_bytes(body),
        )
        answer = Received(id=kept.id, status="quarantined")
        async with self._database.transaction(source.org_id) as tx:
            if await queries.one(tx, source.org_id, source.id, lock=True) is None:  # removed meanwhile
                raise unknown_source()
            await queries.quarantine(tx, source.org_id, kept, most=QUARANTINE_MOST, since=at - QUARANTINE_KEPT)
        return Reply(202, answer.model_dump_json(exclude_defaults=True).encode())


def _understood(source: SourceRow, body: bytes, origin: Origin) -> tuple[Mapped, Prepared]:
    try:
        mapped = submission(parse_json(body), TypeformSettings.model_validate(source.settings))
        return mapped, prepare(mapped.body, origin)
    except Problem as problem:
        raise _NotUnderstood(problem.code.value, problem.detail) from None
    except NotFeedback as problem:
        raise _NotUnderstood(problem.code, problem.detail) from None
    except Refused as refused:
        raise _NotUnderstood("not_storable", "What it says cannot be stored: see `errors`.", refused.errors) from None


def _told(one: Stored, notes: list[InboundNote]) -> Reply:
    answer = Received(id=one.id, status=one.status, revision=one.revision, notes=notes)
    return Reply(200 if one.status == "duplicate" else 202, answer.model_dump_json().encode())


def unknown_source() -> Problem:
    """The answer to an id that is not a source of the caller's organisation."""
    return Problem(Code.NOT_FOUND, "There is no source with this id.")
