"""The mapping, as JSON and in its short form; every fault has its place and its words."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.imports.mapping import (
    METRICS,
    ROLES,
    ColumnRole,
    Mapping,
    MappingRefused,
    match_columns,
    parse,
    read_mapping,
)


def test_the_short_form() -> None:
    told = read_mapping(
        'score=nps,comment=text,date=occurred_at:MDY,"How likely, really?"=stars,staff=aspect:1-10:low,'
        "q=rating:0-100,plan=attribute:tier,@timezone=Europe/London,@delimiter=semicolon,@header=false,@channel=web"
    )
    assert told.columns["score"] == ColumnRole("rating", "nps", 0, 10)
    assert told.columns["comment"] == ColumnRole("text")
    assert told.columns["How likely, really?"] == ColumnRole("rating", "stars", 1, 5)
    assert told.columns["staff"] == ColumnRole("rating", "rating", 1, 10, "descending", "staff")
    assert told.columns["q"] == ColumnRole("rating", "rating", 0, 100)
    assert told.columns["plan"] == ColumnRole("attribute", name="tier")
    assert (told.date_order, told.timezone, told.delimiter, told.header) == ("MDY", "Europe/London", ";", False)
    assert told.channel == "web"


def test_json_with_all_there_is() -> None:
    told = read_mapping(
        '{"columns": {"Reason for score": "text", "Journey stage": "touchpoint", "id": "id", "mood": {"metric": "csat",'
        ' "values": {"Happy ": 5, "sad": 1}, "absent": ["0"]}}, "date_order": "DMY", "encoding": "latin-1"}'
    )
    assert told.columns["id"].role == "submission_id"
    assert told.columns["mood"].values == {"happy": 5.0, "sad": 1.0}
    assert told.columns["mood"].absent == ("0",)


def test_nothing_told() -> None:
    assert read_mapping(None) == read_mapping(" ") == Mapping()


@pytest.mark.parametrize(
    ("told", "pointer"),
    [
        ("{", ""), ("[]", ""), ('{"colums": {}}', ""), ('{"columns": []}', "/columns"),
        ('{"columns": {"a/b": "score"}}', "/columns/a~1b"), ('{"columns": {"a": 1}}', "/columns/a"),
        ('{"columns": {"a": {"metric": "nps", "scale": {"min": 1, "max": 5}}}}', "/columns/a/scale"),
        ('{"columns": {"a": {"metric": "rating", "scale": {"min": 5, "max": 5}}}}', "/columns/a/scale"),
        ('{"columns": {"a": {"metric": "rating", "scale": {"min": true, "max": 5}}}}', "/columns/a/scale"),
        ('{"columns": {"a": {"metric": "clv"}}}', "/columns/a/metric"),
        ('{"columns": {"a": {"role": "text", "colour": 1}}}', "/columns/a"),
        ('{"columns": {"a": "occurred_at", "b": "date"}}', "/columns/b"),
        ('{"columns": {"a": "nps", "b": "nps"}}', "/columns/b"),
        ('{"date_order": "YDM"}', "/date_order"), ('{"timezone": "Mars/Base"}', "/timezone"),
        ('{"timezone": "../../etc/passwd"}', "/timezone"), ('{"encoding": "klingon"}', "/encoding"),
        ('{"delimiter": "ab"}', "/delimiter"), ('{"header": "yes"}', "/header"), ('{"channel": ""}', "/channel"),
        ("score", ""), ("=nps", ""), ("score=", ""), ("score=happiness", "/columns/score"), ("@speed=fast", ""),
    ],
)  # fmt: skip
def test_faults_have_their_place(told: str, pointer: str) -> None:
    with pytest.raises(MappingRefused) as caught:
        read_mapping(told)
    assert caught.value.pointer == pointer
    assert len(caught.value.detail) > 10


def test_columns_are_matched_whatever_their_case() -> None:
    told = parse({"columns": {"reason  FOR score": "text", "Score": "nps"}})
    assert set(match_columns(told, ["Reason for score", "score", "Score"])) == {"Reason for score", "Score"}


labels = st.text(min_size=1, max_size=10)
column_shapes = st.one_of(
    st.sampled_from([*ROLES, *METRICS]),
    st.fixed_dictionaries(
        {"metric": st.sampled_from(["csat", "stars", "rating"])},
        optional={
            "scale": st.just({"min": 1, "max": 7, "direction": "descending"}),
            "aspect": labels,
            "absent": st.lists(labels, max_size=2),
            "values": st.dictionaries(labels, st.integers(1, 7), max_size=2),
        },
    ),
)


@given(st.dictionaries(labels, column_shapes, max_size=5))
def test_what_is_shown_can_be_told_again(columns: dict[str, object]) -> None:
    try:
        told = parse({"columns": columns, "date_order": "DMY", "timezone": "UTC"})
    except MappingRefused:
        return
    assert parse(told.as_dict()) == told


@given(st.text(max_size=80))
def test_any_words_are_a_mapping_or_refused(words: str) -> None:
    with suppress(MappingRefused):
        assert isinstance(read_mapping(words), Mapping)
