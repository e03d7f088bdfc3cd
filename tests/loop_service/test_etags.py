"""If-Match guards a change; without it nobody asked."""

import pytest

from loop_service.etags import check_if_match, etag
from shared.contracts.problems import Problem


@pytest.mark.parametrize("given", [None, "*", '"3"', 'W/"3"', '"1", "3"'])
def test_passes(given: str | None) -> None:
    check_if_match(given, 3)
    assert etag(3) == '"3"'


@pytest.mark.parametrize("given", ['"2"', "3", "", 'W/"2"'])
def test_refused(given: str) -> None:
    with pytest.raises(Problem) as refused:
        check_if_match(given, 3)
    assert (refused.value.status, refused.value.headers["etag"]) == (412, '"3"')
