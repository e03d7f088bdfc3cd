"""What happens when feedback arrives: read it, understand it, store it, count it, say so.

1. Annotate the words of the whole batch at once, in a thread, outside any transaction.
2. In ONE transaction: claim the events, store the records, keep the cells in step, publish FeedbackAnalyzed.
3. After the commit, tell the dashboard that something is new.

What was erased while its words were read is stored without them.
Out of order is normal: only a newer revision replaces what is stored, and it takes back what the old one counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from pydantic import ValidationError

from analysis_service.metrics.cells import Facet, merge
from analysis_service.metrics.queries import add_to_cells
from analysis_service.records import storing
from analysis_service.records.counting import contributions
from analysis_service.records.erasure import erase_records
from analysis_service.records.record import Record, analysed_event, understood, words_of
from analysis_service.text import annotate
from shared.contracts.envelope import Event
from shared.contracts.ingest_events import CustomerErased, FeedbackReceived
from shared.database import Batch
from shared.foundation.clock import now
from shared.messaging import Handling, Permanent, handles, publish
from shared.messaging.erasure import hold, without_erased
from shared.messaging.live import announce


@handles("FeedbackReceived")
async def analyse(events: list[Event], handling: Handling) -> None:
    """Analyse and store a batch; each event has its effect once, however often it arrives."""
    records = await asyncio.to_thread(understand, events)
    async with handling.claim(events) as (batch, claimed):
        known = {record.event_id: record for record in records}
        told = await without_erased(batch, "analysis", claimed)
        late = {one.id: one for one in told if "erased" in one.data and known[one.id].raw is not one.data}
        if late:
            known |= {record.event_id: record for record in understand(list(late.values()))}
        stored = await store(batch, [known[one.id] for one in told])
        await publish(batch, [analysed_event(record) for record in stored])
    await announce(handling.resources.get("redis"), {record.org_id for record in stored}, "records")


@handles("CustomerErased")
async def forget(events: list[Event], handling: Handling) -> None:
    """Take the words and the person out of the records of erased feedback; what was counted stays."""
    async with handling.claim(events) as (batch, claimed):
        await hold(batch, "analysis", {one.org_id for one in claimed}, alone=True)
        for one in claimed:
            await erase_records(batch, one.org_id, CustomerErased.model_validate(one.data).feedback_ids)
    await announce(handling.resources.get("redis"), {one.org_id for one in claimed}, "records")


def understand(events: Sequence[Event]) -> list[Record]:
    """Annotate the words of `events`, one record each, in their order. Raises Permanent for one that is malformed."""
    try:
        received = [FeedbackReceived.model_validate(one.data) for one in events]
    except ValidationError as malformed:
        # A publisher that breaks the contract; trying again cannot help. The message names fields, no values.
        fields = sorted({".".join(map(str, error["loc"])) for error in malformed.errors(include_input=False)})
        raise Permanent(f"FeedbackReceived does not fit its contract: {', '.join(fields)[:200]}") from None
    words = [words_of(one) for one in received]
    spoken = [index for index, text in enumerate(words) if text is not None]
    annotations = annotate([words[index] or "" for index in spoken], [received[index].language for index in spoken])
    by_index = dict(zip(spoken, annotations, strict=True))
    at = now()
    return [understood(one, received[index], by_index.get(index), at) for index, one in enumerate(events)]


async def store(batch: Batch, records: Sequence[Record]) -> list[Record]:
    """Store and count `records`; returns those that were news. The caller's transaction covers their organisations.

    New ones are inserted first: that waits for a rival transaction with the same feedback, so that the second step
    locks and reads what the rival committed, and nothing is counted twice.
    """
    newest: dict[tuple[UUID, UUID], Record] = {}
    for record in records:
        known = newest.get(record.key)
        if known is None or known.received.revision < record.received.revision:
            newest[record.key] = record
    if not newest:
        return []
    org_ids = {record.org_id for record in newest.values()}
    facets: dict[tuple[UUID, UUID], Facet] = {
        (record.org_id, record.facet_key): record.facet for record in newest.values()
    }
    await storing.add_facets(batch, org_ids, facets)
    inserted = await storing.insert_new(batch, org_ids, list(newest.values()))
    changes = [change for key in inserted for change in contributions(newest[key].counted)]
    rest = [key for key in newest if key not in inserted]
    revised: list[Record] = []
    if rest:
        for key, (revision, counted) in (await storing.locked(batch, org_ids, rest)).items():
            record = newest[key]
            if record.received.revision > revision:
                revised.append(record)
                changes += [(cell, -tally) for cell, tally in contributions(counted)]
                changes += contributions(record.counted)
        await storing.replace(batch, org_ids, revised)
    await add_to_cells(batch, org_ids, merge(changes))
    return [newest[key] for key in inserted] + revised
