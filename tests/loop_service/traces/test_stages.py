"""Stages in every situation: six of them, in order, with reasons."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from loop_service.traces.stages import NAMES, Judged, OpenedCase, Told, Work, stages

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
JUDGED = Judged(
    received_at=AT,
    stored_at=AT + timedelta(milliseconds=3),
    analysed_at=AT + timedelta(milliseconds=50),
    evaluated_at=AT + timedelta(milliseconds=90),
    rules=[{"matched": True}],
    sentiment_label="negative",
    sentiment_reason=None,
    model="m",
)
CASE = OpenedCase("1", "NPS 3", "new", AT + timedelta(milliseconds=90))


def told(state: str) -> Told:
    settled = AT + timedelta(seconds=1) if state != "pending" else None
    return Told("webhook", "case.opened", state, AT, settled, 1, AT + timedelta(minutes=5), "answered 500", "/v1/x")


WORKS = [
    None,
    *(Work(state, attempt, AT, "ValueError") for state, attempt in product(("pending", "dead", "done"), (0, 3))),
]


@pytest.mark.parametrize(("analysis", "loop"), list(product(WORKS, WORKS)))
def test_always_six_stages_and_no_gap(analysis: Work | None, loop: Work | None) -> None:
    made = stages(received_at=AT, published_at=AT, analysis=analysis, loop=loop, judged=None, cases=(), told=())
    assert tuple(stage.name for stage in made) == NAMES
    kinds = [stage.state for stage in made]
    done = kinds.count("done")
    assert kinds[:done] == ["done"] * done
    assert kinds[done] in ("pending", "failed") or kinds[done] == "waiting"
    assert set(kinds[done + 1 :]) <= {"waiting"}


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], "skipped"),
        (["delivered"], "done"),
        (["delivered", "dead"], "done"),
        (["delivered", "pending"], "pending"),
        (["dead"], "failed"),
        (["not_configured"], "skipped"),
        (["held"], "skipped"),
    ],
)
def test_the_last_stage(states: list[str], expected: str) -> None:
    made = stages(
        received_at=AT,
        published_at=None,
        analysis=None,
        loop=None,
        judged=JUDGED,
        cases=[CASE],
        told=[told(state) for state in states],
    )
    assert made[-1].state == expected
    assert [stage.duration_ms for stage in made[:5]] == [None, 3, 47, 40, 0]


def test_a_failed_handler_shows_in_the_last_stage() -> None:
    made = stages(
        received_at=AT, published_at=None, analysis=None, loop=None, judged=JUDGED, cases=[CASE], told=(),
        case_work=[Work("dead", 7, AT, "KeyError")],
    )  # fmt: skip
    assert (made[-1].state, made[-1].attempt) == ("failed", 7)
