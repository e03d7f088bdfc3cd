"""The guess: which column is what, on which scale, and why; never certain where it cannot be."""

from __future__ import annotations

import random
from collections.abc import Mapping as Columns
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.imports.columns import ColumnFacts
from ingest_service.imports.mapping import Mapping, MappingRefused, parse
from ingest_service.imports.profile import Profile, guess, profile_from, profile_shape

SENTENCE = "the visit was slow and the staff were kind but nobody told me how long it would take to get it done"


def looked_at(columns: Columns[str, Sequence[object]], told: Mapping | None = None, block: int = 7) -> Profile:
    facts = []
    for cells in columns.values():
        seen = ColumnFacts()
        texts = [str(cell) for cell in cells]
        for start in range(0, len(texts), block):
            seen.add(texts[start : start + block], date(2026, 6, 1))
        facts.append(ColumnFacts.from_dict(seen.as_dict()))
    return guess(list(columns), facts, told or Mapping())


def roles(profile: Profile) -> dict[str, str]:
    """nps, stars/staff, text, customer.email ... per column."""
    return {
        one.name: one.role.role
        if one.role.metric is None
        else one.role.metric + (f"/{one.role.aspect}" if one.role.aspect else "")
        for one in profile.columns
    }


def scale(profile: Profile, column: str) -> tuple[float | None, float | None, str]:
    role = profile.roles[column]
    return role.low, role.high, role.direction


def cycle(values: Sequence[object], n: int = 120) -> list[object]:
    return [values[i % len(values)] for i in range(n)]


def texts(n: int = 120, seed: int = 1) -> list[str]:
    dice = random.Random(seed)
    return [" ".join(dice.choices(SENTENCE.split(), k=dice.randint(6, 30))) for _ in range(n)]


def test_a_survey_export() -> None:
    profile = looked_at(
        {
            "Response ID": [f"r-{i}" for i in range(120)],
            "Submitted at": [f"{1 + i % 28:02}/03/2026 10:00" for i in range(120)],
            "How likely are you to recommend us to a friend?": cycle(range(11)),
            "What is the reason for your score?": texts(),
            "E-mail": [f"c{i % 40}@example.com" for i in range(120)],
            "Store": cycle(["North", "South", "East"]),
            "Journey stage": cycle(["Order", "Delivery"]),
            "Language": cycle(["en", "de"]),
            "Plan": cycle(["basic", "pro"]),
            "Empty": [""] * 120,
        }
    )
    assert roles(profile) == {
        "Response ID": "submission_id",
        "Submitted at": "occurred_at",
        "How likely are you to recommend us to a friend?": "nps",
        "What is the reason for your score?": "text",
        "E-mail": "customer.email",
        "Store": "unit",
        "Journey stage": "touchpoint",
        "Language": "language",
        "Plan": "attribute",
        "Empty": "ignore",
    }
    assert (profile.date_order, profile.channel) == ("DMY", "survey")
    assert all(one.reason and 0 < one.confidence <= 1 for one in profile.columns)


@pytest.mark.parametrize(
    ("name", "values", "role", "bounds"),
    [
        ("nps", range(11), "nps", (0, 10, "ascending")),
        ("NPS score", range(6, 11), "nps", (0, 10, "ascending")),
        ("Weiterempfehlung (0-10)", range(11), "nps", (0, 10, "ascending")),
        ("How likely are you to recommend us?", range(1, 6), "rating", (1, 5, "ascending")),
        ("Would you recommend us (1-5)", range(1, 6), "rating", (1, 5, "ascending")),
        ("recommended", ["yes", "no"], "attribute", None),
        ("recommended", [0, 1], "attribute", None),
        ("score", range(1, 6), "stars", (1, 5, "ascending")),
        ("rating_out_of_10", range(1, 6), "rating", (1, 10, "ascending")),
        ("overallRating", range(1, 10), "rating", (1, 10, "ascending")),
        ("rating", ["4/5", "3/5", "5/5"], "stars", (1, 5, "ascending")),
        ("rating", [0, 50, 100], "rating", (0, 100, "ascending")),
        ("csat", range(1, 6), "csat", (1, 5, "ascending")),
        ("How satisfied were you?", range(1, 8), "csat", (1, 7, "ascending")),
        ("CES", range(1, 8), "ces", (1, 7, "ascending")),
        ("How much effort did it take?", range(1, 6), "ces", (1, 5, "descending")),
        ("stars", ["5 stars", "1 star"], "stars", (1, 5, "ascending")),
        ("age", range(18, 60), "attribute", None),
        ("number of visits", range(1, 6), "attribute", None),
        ("helpful votes", range(0, 6), "attribute", None),
        ("amount", [-3, 200, 17], "attribute", None),
        ("nps", [*range(11), 11], "nps", (0, 10, "ascending")),
        ("score", [1, 2, 3, 4, 5] * 20 + [55], "stars", (1, 5, "ascending")),
        ("score", [1, 2, 3, 4, 5] * 20 + [-1], "stars", (1, 5, "ascending")),
        ("nps", [0, 20, 70, 80, 90, 100], "rating", (0, 100, "ascending")),
    ],
)
def test_scores(name: str, values: Sequence[object], role: str, bounds: tuple[float, float, str] | None) -> None:
    profile = looked_at({name: cycle(list(values)), "comment": texts()})
    assert roles(profile)[name] == role
    if bounds:
        assert scale(profile, name) == bounds


def test_sub_scores_become_aspects() -> None:
    profile = looked_at(
        {
            "overall_rating": cycle(range(1, 11)),
            "seat_comfort": cycle([1, 2, 3, 4, 5, ""]),
            "Cleanliness": cycle(range(0, 6)),
            "q1": cycle(range(1, 6)),
            "q2": cycle([5, 4, 3, 2, 1]),
            "q3": cycle([1, 1, 2, 5]),
            "review": texts(),
        }
    )
    found = roles(profile)
    assert found["overall_rating"] == "rating"
    assert found["seat_comfort"] == "rating/seat_comfort"
    assert scale(profile, "seat_comfort") == (1, 5, "ascending")
    assert scale(profile, "Cleanliness") == (0, 5, "ascending")
    assert [found[name] for name in ("q1", "q2", "q3")] == ["rating/q1", "rating/q2", "rating/q3"]


def test_one_high_value_late_in_the_file_widens_the_scale_and_warns() -> None:
    profile = looked_at({"overall_rating": [*cycle(range(1, 6), 5_000), 9], "comment": texts(5_001)}, block=500)
    assert scale(profile, "overall_rating") == (1, 10, "ascending")
    assert [one["code"] for one in profile.warnings] == ["scale_unsure"]


def test_two_recommendations_do_not_count_twice() -> None:
    profile = looked_at({"nps": cycle(range(11)), "nps last year": cycle(range(11)), "comment": texts()})
    assert list(roles(profile).values()).count("nps") == 1


def test_a_row_counter_is_no_id_and_a_repeated_id_neither() -> None:
    profile = looked_at({"id": range(1, 121), "ticket id": cycle(["a", "b"]), "comment": texts()})
    assert roles(profile)["id"] == "ignore"
    assert roles(profile)["ticket id"] == "attribute"
    assert profile.source == "import"


def test_ids_of_other_exports_do_not_meet() -> None:
    one = looked_at({"review_id": [f"x{i}" for i in range(120)], "review": texts()})
    other = looked_at({"review_id": [f"x{i}" for i in range(120)], "review text": texts()})
    assert one.source != other.source
    assert one.source == looked_at({"review_id": [f"y{i}" for i in range(50)], "review": texts(50)}).source


def test_the_better_of_two_dates() -> None:
    profile = looked_at(
        {
            "date of birth": cycle(["1980-01-01", "1990-05-06"]),
            "order date": cycle(["2026-01-01"]),
            "created_at": cycle(["2026-01-02"]),
            "comment": texts(),
        }
    )
    assert roles(profile)["created_at"] == "occurred_at"
    assert list(roles(profile).values()).count("occurred_at") == 1


def test_numbers_of_five_digits_are_no_dates() -> None:
    profile = looked_at({"postcode": cycle([44141, 44139, 80331]), "comment": texts()})
    assert roles(profile)["postcode"] == "attribute"


def test_an_unsure_order_is_warned_about_and_can_be_told() -> None:
    columns = {"date": ["03/04/2026", "03/04/2026"], "comment": texts(2)}
    assert [one["code"] for one in looked_at(columns).warnings] == ["date_order_unsure"]
    told = looked_at(columns, parse({"date_order": "MDY"}))
    assert (told.date_order, told.warnings) == ("MDY", [])


def test_several_texts_are_joined_titles_are_not() -> None:
    profile = looked_at({"title": texts(seed=2), "What did you like?": texts(seed=3), "comment": texts(seed=4)})
    assert roles(profile) == {"title": "title", "What did you like?": "text", "comment": "text"}


@pytest.mark.parametrize("name", ["comment", "Comments", "Kommentar", "customer_feedback"])
def test_short_comments_are_a_text_when_there_is_no_better(name: str) -> None:
    short = ["bad", "great", "slow", "ok then"]
    assert roles(looked_at({"score": cycle([1, 9]), name: cycle(short)}))[name] == "text"
    assert roles(looked_at({name: cycle(short), "review": texts()}))[name] == "attribute"
    assert "text" not in roles(looked_at({f"date:score:{name}": cycle(["1.1.26:9:bad", "2.1.26:3:slow"])})).values()
    assert roles(looked_at({"Plan": cycle(["Basic", "Pro"]), "score": cycle([1, 9])}))["Plan"] == "attribute"


def test_what_the_user_told_stands_and_the_rest_is_guessed_around_it() -> None:
    told = parse({"columns": {"NOTES": "text", "score": {"metric": "csat", "scale": {"min": 0, "max": 5}}}})
    profile = looked_at({"score": cycle(range(1, 6)), "comment": texts(), "notes": texts(seed=5)}, told)
    assert roles(profile) == {"score": "csat", "comment": "attribute", "notes": "text"}
    assert scale(profile, "score") == (0, 5, "ascending")
    with pytest.raises(MappingRefused, match="no column"):
        looked_at({"a": [1]}, parse({"columns": {"b": "text"}}))


def test_a_file_that_says_nothing() -> None:
    profile = looked_at({"size": cycle([200, 300]), "colour": cycle(["red", "blue"])})
    assert not profile.says_something
    assert [one["code"] for one in profile.warnings] == ["nothing_found"]


def test_plain_numbers_only_where_nothing_is_lost() -> None:
    profile = looked_at(
        {"seats": cycle(["1", "2"]), "zip": cycle(["01234", "1"]), "v": cycle(["1.10"]), "comment": texts()}
    )
    assert profile.plain_numbers == {"seats"}


def test_the_profile_survives_storage() -> None:
    profile = looked_at(
        {"nps": cycle(range(11)), "staff": cycle(range(1, 6)), "date": ["2026-01-01"] * 120, "x": texts()}
    )
    assert profile_from(profile_shape(profile)) == profile


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=20),
        st.lists(st.text(max_size=20), min_size=3, max_size=3),
        min_size=1,
        max_size=6,
    )
)
def test_any_columns_get_roles_once_each(columns: dict[str, list[str]]) -> None:
    profile = looked_at(columns)
    single = [role for role in roles(profile).values() if role not in ("text", "attribute", "ignore", "customer.name")]
    assert len(single) == len(set(single))
    assert set(roles(profile)) == set(columns)
