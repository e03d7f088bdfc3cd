"""Statements end at sentences and turn at words of contrast."""

from __future__ import annotations

import pytest

from analysis_service.text.characters import read
from analysis_service.text.statements import split
from analysis_service.text.tokens import cut


def statements(text: str) -> list[str]:
    characters = read([text])
    tokens = cut(characters)
    found = split(tokens)
    spans = zip(found.first.tolist(), found.last.tolist(), strict=True)
    offsets = characters.offsets
    return [
        text[int(offsets[tokens.start[first]]) : int(offsets[tokens.end[last - 1] - 1]) + 1] for first, last in spans
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Good food. Bad service!", ["Good food.", "Bad service!"]),
        ("Good food but bad service", ["Good food", "but bad service"]),
        ("Great\nAwful", ["Great", "Awful"]),
        ("Although the room was small, the staff was lovely", ["Although the room was small,", "the staff was lovely"]),
        ("Nice, clean, quiet", ["Nice, clean, quiet"]),
        ("It costs 4.50 euros", ["It costs 4.50 euros"]),
        ("", []),
    ],
)
def test_where_statements_end(text: str, expected: list[str]) -> None:
    assert statements(text) == expected


def test_every_token_belongs_to_exactly_one_statement_of_its_own_text() -> None:
    tokens = cut(read(["Good. Bad but fine", "", "Ok"]))
    found = split(tokens)
    assert found.first.tolist() == [0, *found.last.tolist()[:-1]]
    assert found.last[-1] == len(tokens.start)
    assert found.owner.tolist() == [0, 0, 0, 2]
    assert found.words.tolist() == [1, 1, 2, 1]
