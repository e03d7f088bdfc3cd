"""The case machine: its table, its four rules, and random walks that must never reach a broken state."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from loop_service.cases.lifecycle import (
    NEXT,
    OPEN,
    Outcome,
    Progress,
    Status,
    TransitionRefused,
    advance,
    inform,
    overdue,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWNER = UUID(int=7)


def test_every_status_is_in_the_table_and_can_be_reached() -> None:
    assert set(NEXT) == set(Status)
    reached, frontier = {Status.NEW}, [Status.NEW]
    while frontier:
        for to in NEXT[frontier.pop()]:
            if to not in reached:
                reached.add(to)
                frontier.append(to)
    assert reached == set(Status)


def test_the_whole_way() -> None:
    case = Progress()
    for to in (
        Status.TRIAGED,
        Status.ASSIGNED,
        Status.CONTACTING,
        Status.IN_PROGRESS,
        Status.AWAITING_CUSTOMER,
    ):
        case = advance(case, to, at=AT, owner_id=OWNER)
    case = advance(case, Status.RESOLVED, at=AT, customer_informed_at=AT, customer_informed_channel="phone")
    assert (case.resolved_at, case.customer_informed_at) == (AT, AT)
    case = advance(case, Status.VERIFIED, at=AT)
    case = advance(case, Status.CLOSED, at=AT + timedelta(hours=1), outcome=Outcome.RECOVERED)
    assert (case.outcome, case.closed_at, case.resolved_at) == (
        Outcome.RECOVERED,
        AT + timedelta(hours=1),
        AT,
    )
    again = advance(case, Status.REOPENED, at=AT)
    assert (again.outcome, again.closed_at, again.reopened, again.customer_informed_at) == (
        None,
        None,
        1,
        None,
    )


@pytest.mark.parametrize(
    ("case", "to", "given", "pointer"),
    [
        (Progress(), Status.VERIFIED, {}, "/to"),
        (Progress(), Status.NEW, {}, "/to"),
        (Progress(), Status.ASSIGNED, {}, "/owner"),
        (Progress(), Status.CLOSED, {}, "/outcome"),
        (Progress(), Status.TRIAGED, {"outcome": Outcome.DUPLICATE}, "/outcome"),
        (Progress(), Status.RESOLVED, {"customer_informed_at": AT}, "/customer_informed_channel"),
        (Progress(), Status.RESOLVED, {"customer_informed_channel": "phone"}, "/customer_informed_channel"),
        (
            Progress(),
            Status.RESOLVED,
            {"customer_informed_at": AT + timedelta(hours=1), "customer_informed_channel": "phone"},
            "/customer_informed_at",
        ),
        (
            Progress(Status.RESOLVED),
            Status.REOPENED,
            {"customer_informed_at": AT, "customer_informed_channel": "phone"},
            "/customer_informed_at",
        ),
    ],
)
def test_refused_steps_point_at_what_to_mend(
    case: Progress, to: Status, given: dict[str, object], pointer: str
) -> None:
    with pytest.raises(TransitionRefused) as refused:
        advance(case, to, at=AT, **given)  # type: ignore[arg-type]  # the table mixes types on purpose
    assert refused.value.pointer == pointer


def test_overdue_is_only_what_is_still_open() -> None:
    past = AT - timedelta(minutes=1)
    assert {status for status in Status if overdue(status, past, AT)} == set(OPEN)
    assert not overdue(Status.NEW, None, AT)
    assert not overdue(Status.NEW, AT + timedelta(minutes=1), AT)


class CaseMachine(RuleBasedStateMachine):
    """Any sequence of wishes, allowed or not."""

    def __init__(self) -> None:
        super().__init__()
        self.case = Progress()
        self.reopenings = 0

    @rule(
        to=st.sampled_from(list(Status)),
        outcome=st.none() | st.sampled_from(list(Outcome)),
        owner=st.none() | st.just(OWNER),
        told=st.booleans(),
    )
    def step(self, to: Status, outcome: Outcome | None, owner: UUID | None, told: bool) -> None:
        before = self.case
        try:
            self.case = advance(
                before,
                to,
                at=AT,
                outcome=outcome,
                owner_id=owner,
                customer_informed_at=AT if told else None,
                customer_informed_channel="phone" if told else None,
            )
        except TransitionRefused:
            assert self.case == before
            return
        assert to in NEXT[before.status]
        self.reopenings += to is Status.REOPENED

    @rule(channel=st.sampled_from(["phone", "email", ""]))
    def tell(self, channel: str) -> None:
        try:
            self.case = inform(self.case, AT, channel, at=AT)
        except TransitionRefused:
            assert not channel

    @invariant()
    def outcome_belongs_to_closed(self) -> None:
        assert (self.case.outcome is not None) == (self.case.status is Status.CLOSED)
        assert (self.case.closed_at is not None) == (self.case.status is Status.CLOSED)

    @invariant()
    def ends_have_times_and_assigned_has_an_owner(self) -> None:
        if self.case.status in (Status.RESOLVED, Status.VERIFIED):
            assert self.case.resolved_at is not None
        if self.case.status is Status.ASSIGNED:
            assert self.case.owner_id is not None
        assert self.case.reopened == self.reopenings

    @invariant()
    def told_is_whole(self) -> None:
        assert (self.case.customer_informed_at is None) == (self.case.customer_informed_channel is None)


TestCaseMachine = CaseMachine.TestCase
