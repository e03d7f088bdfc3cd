"""The owner of a case gets one mail, through a real mail server; what goes wrong is told and tried again."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.foundation import clock
from shared.messaging.work import handle
from tests.loop_service.feeding import Feeder, analysed
from tests.loop_service.outside import MailSink
from tests.support.api import Api
from tests.support.drain import until
from tests.support.servers import Servers
from tests.support.services import RunningService, identity, running_service


async def mail(api: Api, state: str, **more: Any) -> dict[str, Any]:
    """The newest mail of the organisation, once it is in `state`."""

    async def there() -> dict[str, Any] | None:
        found = (await api.get("/v1/mail", state=state)).json()["data"]
        fits = [one for one in found if all(one[name] == value for name, value in more.items())]
        return fits[0] if fits else None

    found = await until(there, timeout=15, what=f"a mail that is {state}")
    assert found is not None
    return found


async def test_a_new_case_reaches_its_owner_once(
    loop: RunningService, feeder: Feeder, mail_sink: MailSink, organisation: UUID
) -> None:
    api, email = loop.as_org(organisation), f"{organisation.hex}@example.com"
    await feeder.member(organisation, email)
    await feeder.send(analysed(organisation))
    sent = await mail(api, "sent")
    (message,) = mail_sink.to(email)
    (case,) = (await api.get("/v1/cases")).json()["data"]
    assert message["subject"] == f"New case ({case['priority']}): NPS 3 · email · north"
    assert message["from"] == "cxloop <cxloop@example.com>"
    assert ("cxloop@example.com", [email]) in mail_sink.envelopes
    assert (sent["kind"], sent["case_id"], sent["attempts"]) == ("case_opened", case["id"], 1)
    assert "parcel" not in message.as_string()
    assert email not in str((await api.get("/v1/mail")).json())


async def test_who_is_given_a_case_is_told_and_who_takes_it_is_not(
    loop: RunningService, feeder: Feeder, mail_sink: MailSink, organisation: UUID
) -> None:
    api, given, taker = (
        loop.as_org(organisation),
        f"g{organisation.hex}@example.com",
        f"t{organisation.hex}@example.com",
    )
    me = identity(organisation, kind="member")
    await feeder.send(analysed(organisation))
    await feeder.member(organisation, given, role="agent")
    await feeder.member(organisation, taker, role="agent", member_id=me.actor_id)
    (case,) = (await api.get("/v1/cases")).json()["data"]
    path = f"/v1/cases/{case['id']}"
    assert (await loop.as_identity(me).patch(path, {"owner": taker})).status == 200
    assert (await api.post(f"{path}/transitions", {"to": "assigned", "owner": given})).status == 200
    await mail(api, "sent", kind="case_assigned")
    await api.post(f"{path}/notes", {"note": "x"})
    await feeder.settled(organisation)
    assert len(mail_sink.to(given)) == 1
    assert len((await api.get("/v1/mail")).json()["data"]) == 1
    assert mail_sink.to(taker) == []


async def test_a_busy_mail_server_is_tried_again(
    loop: RunningService, feeder: Feeder, mail_sink: MailSink, organisation: UUID
) -> None:
    api, email = loop.as_org(organisation), f"{organisation.hex}@example.com"
    await feeder.member(organisation, email)
    mail_sink.refuse_next = 1
    await feeder.send(analysed(organisation))
    waiting = await mail(api, "pending", attempts=1)
    assert waiting["last_reason"] == "the mail server answered 451"
    with clock.shifted(timedelta(seconds=10)):
        assert (await mail(api, "sent"))["attempts"] == 2
    assert len(mail_sink.to(email)) == 1


async def test_a_refused_recipient_is_the_end(loop: RunningService, feeder: Feeder, organisation: UUID) -> None:
    api = loop.as_org(organisation)
    await feeder.member(organisation, f"refused{organisation.hex}@example.com")
    await feeder.send(analysed(organisation))
    dead = await mail(api, "dead")
    assert "refused the recipient" in dead["last_reason"]
    assert "@" not in dead["last_reason"]


async def test_without_a_mail_server_it_says_so(loop_servers: Servers, feeder: Feeder, organisation: UUID) -> None:
    async with running_service("loop", loop_servers, with_worker=False) as bare:
        await feeder.member(organisation, "manager@example.com")
        event = analysed(organisation)
        await feeder.publish([event])
        await handle(bare.worker.handling, "loop.rules", [(organisation, event.id)])
        async with bare.database.batch([organisation]) as batch:
            opened = await batch.conn.fetchval(
                "SELECT id FROM messaging.events WHERE org_id = $1 AND name = 'CaseOpened'", organisation
            )
        await handle(bare.worker.handling, "loop.notifications", [(organisation, opened)])
        (told,) = (await bare.as_org(organisation).get("/v1/mail")).json()["data"]
        assert (told["state"], told["last_reason"]) == ("not_configured", "no mail server is configured (SMTP_HOST)")
