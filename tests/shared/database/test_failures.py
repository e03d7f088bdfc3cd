"""Database failures: which are temporary, and what a client is told."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from shared.contracts.problems import Code, Problem
from shared.database.failures import as_problem, is_temporary


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (asyncpg.ConnectionDoesNotExistError(), Code.DATABASE_UNAVAILABLE),
        (asyncpg.CannotConnectNowError(), Code.DATABASE_UNAVAILABLE),
        (ConnectionResetError(), Code.DATABASE_UNAVAILABLE),
        (asyncpg.InternalClientError(), Code.DATABASE_UNAVAILABLE),
        (asyncpg.DiskFullError(), Code.STORAGE_FULL),
        (asyncpg.DeadlockDetectedError(), Code.OVERLOADED),
        (asyncpg.QueryCanceledError(), Code.OVERLOADED),
        (TimeoutError(), Code.OVERLOADED),
        (DBAPIError("select", {}, asyncpg.DiskFullError()), Code.STORAGE_FULL),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, BaseException) else one.value,
)
def test_what_may_succeed_later_is_temporary_and_tells_when(error: BaseException, code: Code) -> None:
    problem = as_problem(error)
    assert problem is not None
    assert problem.code is code
    assert int(problem.headers["retry-after"]) >= 1
    assert is_temporary(error)


@pytest.mark.parametrize("error", [asyncpg.UniqueViolationError(), ValueError(), asyncpg.UndefinedTableError()])
def test_a_fault_of_ours_is_neither(error: BaseException) -> None:
    assert as_problem(error) is None
    assert not is_temporary(error)


def test_a_lost_commit_is_not_told_as_nothing_stored() -> None:
    problem = as_problem(asyncpg.ConnectionDoesNotExistError())
    assert problem is not None
    assert "Nothing was stored" not in problem.detail


def test_a_problem_stays_itself() -> None:
    problem = Problem(Code.NOT_FOUND, "no")
    assert as_problem(problem) is problem
