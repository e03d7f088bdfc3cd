"""GET /v1/terms at the edge."""

from __future__ import annotations

from uuid import UUID

import pytest

from analysis_service.terms import routes
from analysis_service.terms.schemas import TermsAnswer
from shared.foundation.ids import new_id
from tests.analysis_service.feeding import Feeder, rating, received
from tests.support.services import RunningService

WINDOW = "from=2026-03-01&to=2026-04-01"


async def test_what_detractors_say(
    analysis: RunningService, feeder: Feeder, organisation: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = new_id()
    await feeder.send(
        [
            received(organisation, text="The parcel was broken.", ratings=[rating("nps", 1)], customer_id=customer)
            for _ in range(4)
        ]
        + [received(organisation, text="The colour is lovely.", ratings=[rating("nps", 9)]) for _ in range(5)]
        + [received(organisation, channel="web", title="Broken again", ratings=[rating("nps", 3)])]
    )
    api = analysis.as_org(organisation)
    found = await api.get(f"/v1/terms?{WINDOW}")
    assert found.status == 200, found.body
    body = found.json()
    TermsAnswer.model_validate(body)
    assert (body["group"], body["n"], body["n_rest"], body["sampled"]) == ("critical", 5, 5, False)
    by_term = {one["term"]: one for one in body["terms"]}
    assert (by_term["broken"]["n"], by_term["broken"]["n_customers"]) == (5, 1)
    promoters = (await api.get(f"/v1/terms?{WINDOW}&group=promoters&channel=email&limit=1")).json()
    assert [one["term"] for one in promoters["terms"]] == ["colour"]
    monkeypatch.setattr(routes, "MOST_READ", 3)
    assert (await api.get(f"/v1/terms?{WINDOW}")).json()["sampled"] is True
    assert (await analysis.as_org(new_id()).get(f"/v1/terms?{WINDOW}")).json()["n"] == 0


@pytest.mark.parametrize("query", ["group=angry", "from=2026-03-02&to=2026-03-01", "limit=0", "limit=1e9", "words=all"])
async def test_bad_questions_are_refused(analysis: RunningService, organisation: UUID, query: str) -> None:
    assert (await analysis.as_org(organisation).get(f"/v1/terms?{query}")).status == 422
