"""Every code has a status and a title, and a problem never repeats what was sent."""

from __future__ import annotations

from shared.contracts.problems import STATUS, Code, FieldProblem, Problem


def test_the_list_is_total_and_closed() -> None:
    assert set(STATUS) == set(Code)
    assert all(400 <= status <= 599 and title for status, title in STATUS.values())
    assert len({code.value for code in Code}) == len(Code)


def test_the_document() -> None:
    problem = Problem(Code.BODY_INVALID, "Mend it.", [FieldProblem("/ratings/0/value", "too_large", "at most 10")])
    assert problem.body("r-1") == {
        "type": "/docs#errors-body_invalid",
        "title": "The body does not fit this operation",
        "status": 422,
        "detail": "Mend it.",
        "code": "body_invalid",
        "request_id": "r-1",
        "errors": [{"pointer": "/ratings/0/value", "code": "too_large", "detail": "at most 10"}],
    }


def test_what_can_be_retried_says_when() -> None:
    assert Problem(Code.OVERLOADED, "busy").headers == {"retry-after": "1"}
    assert Problem(Code.NOT_FOUND, "no").headers == {}
