"""Words are found whole, case-folded, in scripts with and without spaces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_service.rules.phrases import PhraseInvalid, contains, phrase


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("LATE again", "late", True),
        ("a plate", "late", False),
        ("my refunds never came", "refund*", True),
        ("my refunds never came", "refund", False),
        ("no   second\nchance", "second chance", True),
        ("STRASSE gesperrt", "straße", True),
        ("ﬁnally", "finally", True),
        ("I can’t cancel", "can't", True),
        ("服务太慢了", "太慢", True),
        ("บริการช้ามาก", "ช้า", True),
        ("C++ only", "c++", True),
        ("cost: 5 €", "€", True),
        ("İstanbul", "istanbul", False),
    ],
)
def test_finding(text: str, wanted: str, found: bool) -> None:
    assert contains(text, phrase(wanted)) is found


@pytest.mark.parametrize("nothing", ["*", "  ", "...", "\u200d"])
def test_a_phrase_of_nothing_is_refused(nothing: str) -> None:
    with pytest.raises(PhraseInvalid):
        phrase(nothing)


@given(st.text(), st.text(min_size=1, max_size=20))
def test_any_text_and_phrase(text: str, wanted: str) -> None:
    try:
        ready = phrase(wanted)
    except PhraseInvalid:
        return
    assert isinstance(contains(text, ready), bool)
    if not wanted.rstrip().endswith("*"):
        assert contains(wanted, ready)
