"""What is this file: a role for every column, with the reason and how sure we are (pure).

The order matters: what the user told, then what is unmistakable (dates, addresses, ids), then scores, then texts;
the rest is kept as attributes. Each role that a record can have once goes to the best candidate only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ingest_service.imports import headers
from ingest_service.imports.cells import NUMBER
from ingest_service.imports.columns import ColumnFacts
from ingest_service.imports.dates import Order
from ingest_service.imports.mapping import ColumnRole, match_columns, parse
from ingest_service.imports.mapping import Mapping as Told
from ingest_service.imports.scores import ScoreGuess, guess_aspect, guess_score

ATTRIBUTES_LIMIT: Final = 100
TEXTS_LIMIT: Final = 5
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_CHANNELS: Final = (
    ("social", re.compile(r"\b(?:tweet|retweet|twitter|facebook|instagram|mention)")),
    ("app_store", re.compile(r"\b(?:app version|app ?store|play ?store|app name)\b")),
    ("survey", re.compile(r"\b(?:nps|csat|ces|survey|respondent|recommend us|response)\b")),
    ("reviews", re.compile(r"\b(?:reviews?|reviewer|stars?|rating)\b")),
    ("support", re.compile(r"\b(?:ticket|agent|case id|conversation)\b")),
)


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """What becomes of a column, for machines and for people."""

    name: str
    role: ColumnRole
    reason: str
    confidence: float


@dataclass(slots=True)
class Profile:
    """The guess for a whole file, complete: every open point of the mapping is settled."""

    columns: list[ColumnGuess]
    date_order: Order
    timezone: str
    channel: str
    source: str
    plain_numbers: frozenset[str]
    reasons: dict[str, str] = field(default_factory=dict)
    warnings: list[dict[str, str]] = field(default_factory=list)

    @property
    def roles(self) -> dict[str, ColumnRole]:
        return {guess.name: guess.role for guess in self.columns}

    @property
    def says_something(self) -> bool:
        """Whether any column is a score or a text."""
        return any(guess.role.metric or guess.role.role == "text" for guess in self.columns)

    def mapping(self) -> dict[str, Any]:
        """The mapping used, in the form that a mapping is given in."""
        return {
            "columns": {guess.name: guess.role.as_dict() for guess in self.columns},
            "date_order": self.date_order,
            "timezone": self.timezone,
            "channel": self.channel,
            "source": self.source,
        }


def profile_shape(profile: Profile) -> dict[str, Any]:
    """The profile as JSON, as it is stored with the import and shown to people."""
    return {
        "mapping": profile.mapping(),
        "columns": [
            {"name": one.name, **one.role.as_dict(), "reason": one.reason, "confidence": one.confidence}
            for one in profile.columns
        ],
        "plain_numbers": sorted(profile.plain_numbers),
        "reasons": profile.reasons,
        "warnings": profile.warnings,
    }


def profile_from(stored: dict[str, Any]) -> Profile:
    """The profile that `profile_shape` wrote."""
    told = parse(stored["mapping"])
    shown = {one["name"]: one for one in stored["columns"]}
    columns = [
        ColumnGuess(name, role, shown[name]["reason"], shown[name]["confidence"]) for name, role in told.columns.items()
    ]
    return Profile(
        columns, told.date_order or "DMY", told.timezone or "UTC", told.channel or "import", told.source or "import",
        frozenset(stored["plain_numbers"]), dict(stored["reasons"]), list(stored["warnings"]),
    )  # fmt: skip


def own_shape(told: dict[str, Any]) -> dict[str, Any]:
    """The profile of JSONL in our own shape: nothing to guess."""
    return {
        "mapping": {"channel": told.get("channel") or "import", "source": told.get("source") or "import"},
        "columns": [],
        "plain_numbers": [],
        "reasons": {},
        "warnings": [],
    }


@dataclass(slots=True)
class _Table:
    """Columns still open, and the guesses made."""

    facts: dict[str, ColumnFacts]
    made: dict[str, ColumnGuess] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    warnings: list[dict[str, str]] = field(default_factory=list)

    def open(self) -> list[tuple[str, str, ColumnFacts]]:
        return [(name, headers.words(name), facts) for name, facts in self.facts.items() if name not in self.made]

    def give(self, name: str, role: ColumnRole | str, reason: str, confidence: float) -> None:
        role = ColumnRole(role) if isinstance(role, str) else role
        self.made[name] = ColumnGuess(name, role, reason, round(confidence, 2))
        self.taken.add(f"{role.metric}/{role.aspect}" if role.metric else role.role)

    def best(self, role: str, rank: Callable[[str, ColumnFacts], float], reason: str) -> None:
        """Give `role` to the open column of the highest rank above 0, unless it is taken."""
        if role in self.taken:
            return
        ranked = [(rank(said, facts), name) for name, said, facts in self.open()]
        top = max(ranked, key=lambda one: one[0], default=(0.0, ""))
        if top[0] > 0:
            self.give(top[1], role, reason, min(0.98, top[0]))


def guess(columns: Sequence[str], facts: Sequence[ColumnFacts], told: Told, filename: str = "") -> Profile:
    """The role of every column. Raises MappingRefused when `told` names a column that the file has not."""
    table = _Table(dict(zip(columns, facts, strict=True)))
    for name, role in match_columns(told, columns).items():
        table.give(name, _with_scale(role, table.facts[name]), "told in the mapping", 1.0)
    _empty_and_counters(table)
    _dates(table)
    _addresses(table)
    _labels(table)
    _scores(table)
    _texts(table)
    _rest(table)
    dated = next((name for name, made in table.made.items() if made.role.role == "occurred_at"), None)
    evidence = table.facts[dated].date_evidence if dated is not None else None
    order, sure, why = (
        evidence.order() if evidence else ("DMY", 1.0, "no column holds a date: the time of arrival counts")
    )
    if told.date_order:
        order, sure, why = told.date_order, 1.0, "told in the mapping"
    if sure < 0.65:
        table.warnings.append({"code": "date_order_unsure", "column": dated or "", "detail": why})
    channel, channel_why = _channel(columns, told, filename)
    source, source_why = _source(columns, table, told)
    made = [table.made[name] for name in columns]
    plain = frozenset(
        one.name for one in made if one.role.role == "attribute" and _plain_numbers(table.facts[one.name])
    )
    profile = Profile(
        made, order, told.timezone or "UTC", channel, source, plain,
        {"date_order": why, "channel": channel_why, "source": source_why,
         "timezone": "told in the mapping" if told.timezone else "times without an offset are read as UTC"},
        table.warnings,
    )  # fmt: skip
    if not profile.says_something:
        profile.warnings.append(
            {
                "code": "nothing_found",
                "column": "",
                "detail": "no column looks like a score or a text; name them in the mapping",
            }
        )
    return profile


def _with_scale(role: ColumnRole, facts: ColumnFacts) -> ColumnRole:
    """A told "rating" without a scale takes the smallest common scale that holds its values."""
    if role.metric is None or role.low is not None:
        return role
    numbers = [*(role.values or {}).values(), facts.low or 0.0, facts.high or 0.0]
    high = next((limit for limit in (5.0, 7.0, 10.0, 100.0) if max(numbers) <= limit), max(numbers))
    low = min(0.0, *numbers) if min(numbers) < 1 or high == 100 else 1.0
    return replace(role, low=low, high=high)


def _empty_and_counters(table: _Table) -> None:
    for name, said, facts in table.open():
        if not facts.filled:
            table.give(name, "ignore", "every cell is empty", 1.0)
        elif (
            facts.counted_up and facts.rows > 2 and (headers.ROW_COUNTER.fullmatch(said) or name.startswith("column_"))
        ):
            table.give(name, "ignore", "it only counts the rows, which is no lasting id", 0.9)


def _dates(table: _Table) -> None:
    def rank(said: str, facts: ColumnFacts) -> float:
        if not facts.looks_dated:
            return 0.0
        named = bool(headers.DATE.fullmatch(said))
        if facts.numeric >= 0.9 * facts.filled and not named:
            return 0.0  # numbers of five or ten digits without a name that says date are order numbers
        best = 0.3 if headers.DATE_BEST.fullmatch(said) else 0.0
        worse = 0.35 if headers.DATE_WORSE.fullmatch(said) else 0.0
        return 0.4 + (0.25 if named else 0.0) + best - worse

    table.best("occurred_at", rank, "nearly all cells are dates")


def _addresses(table: _Table) -> None:
    def named(best: re.Pattern[str], usual: re.Pattern[str] | None = None) -> Callable[[str, ColumnFacts], float]:
        def rank(said: str, facts: ColumnFacts) -> float:
            if not facts.unique or facts.mean_length > 80 or facts.spaced or facts.looks_dated:
                return 0.0
            if best.fullmatch(said):
                return 0.95
            return 0.8 if usual is not None and usual.fullmatch(said) else 0.0

        return rank

    table.best("submission_id", named(headers.ID_BEST, headers.ID), "the name says id and no value comes twice")
    table.best(
        "customer.email", lambda _, facts: 0.95 if facts.emails > 0.8 * facts.filled else 0.0, "e-mail addresses"
    )
    table.best(
        "customer.phone",
        lambda said, facts: 0.8 if headers.PHONE.fullmatch(said) and facts.phones > 0.6 * facts.filled else 0.0,
        "the name says telephone and the cells look it",
    )
    table.best(
        "customer.external_id",
        lambda said, facts: 0.85 if headers.CUSTOMER_ID.fullmatch(said) and facts.mean_length <= 80 else 0.0,
        "the name says customer id",
    )
    for name, said, facts in table.open():
        parts = headers.FIRST_NAME.fullmatch(said) or headers.LAST_NAME.fullmatch(said)
        whole = headers.NAME.fullmatch(said) and facts.values is None and facts.numeric < 0.1 * facts.filled
        if parts or (whole and not facts.spaced > 0.5 * facts.filled):
            table.give(name, "customer.name", "the name of a person; kept only with an id, e-mail or telephone", 0.7)


def _labels(table: _Table) -> None:
    def category(pattern: re.Pattern[str], sure: float) -> Callable[[str, ColumnFacts], float]:
        def rank(said: str, facts: ColumnFacts) -> float:
            repeated = facts.distinct is not None or facts.repeats > 0.3 * min(facts.rows, 20_000)
            plain = facts.numeric < 0.5 * facts.filled and facts.mean_length <= 80 and not facts.looks_dated
            return sure if pattern.fullmatch(said) and repeated and plain else 0.0

        return rank

    def language(said: str, facts: ColumnFacts) -> float:
        codes = all(_LANGUAGE.fullmatch(value.strip()) or not value.strip() for value in facts.values or {"?!": 0})
        return 0.9 if headers.LANGUAGE.fullmatch(said) and codes else 0.0

    table.best("language", language, "the name says language and the cells are codes")
    table.best("channel", category(headers.CHANNEL, 0.85), "the name says channel")
    table.best("source", category(headers.SOURCE, 0.7), "the name says source")
    table.best("touchpoint", category(headers.TOUCHPOINT, 0.85), "the name says stage of a journey")
    table.best("unit", category(headers.UNIT, 0.75), "the name says place or team")


def _scores(table: _Table) -> None:
    guesses = [(name, found) for name, _, facts in table.open() if (found := guess_score(name, facts)) is not None]
    for name, found in sorted(guesses, key=lambda one: -one[1].confidence):
        _give_score(table, name, found)
    ranges = [_range(facts) for _, _, facts in table.open()]
    for name, said, facts in table.open():
        aspect = guess_aspect(name, facts, ranges.count(_range(facts)) - 1)
        if aspect is None and (name.rstrip().endswith("?") or said.count(" ") >= 4) and not facts.looks_dated:
            aspect = _question(facts)
        if aspect is not None:
            _give_score(table, name, aspect)


def _range(facts: ColumnFacts) -> float | None:
    """The upper bound of a column of small whole numbers; None for any other."""
    if facts.values is None or facts.high is None or facts.numeric < 0.9 * facts.filled or facts.whole < facts.numeric:
        return None
    return next((limit for limit in (5.0, 7.0, 10.0) if 2 < facts.high <= limit), None)


def _question(facts: ColumnFacts) -> ScoreGuess | None:
    high = _range(facts)
    if high is None or facts.low is None or facts.low < 0:
        return None
    low = 0.0 if facts.low < 1 else 1.0
    return ScoreGuess("rating", low, high, "ascending", False, 0.5, f"a question answered with {low:g} to {high:g}")


def _give_score(table: _Table, name: str, found: ScoreGuess) -> None:
    aspect = None if found.overall else headers.slug(name)
    reason = found.reason
    if f"{found.metric}/{aspect}" in table.taken and aspect is None:
        aspect = headers.slug(name)
        reason += "; another column is the overall one, so this is a score of its own aspect"
    if f"{found.metric}/{aspect}" in table.taken:
        return
    role = ColumnRole("rating", found.metric, found.low, found.high, found.direction, aspect)
    table.give(name, role, reason, found.confidence)
    if found.warning:
        table.warnings.append({"code": "scale_unsure", "column": name, "detail": found.warning})


def _texts(table: _Table) -> None:
    def wordy(facts: ColumnFacts) -> bool:
        return facts.numeric < 0.5 * facts.filled and not facts.looks_dated and facts.emails < 0.5 * facts.filled

    table.best(
        "title",
        lambda said, facts: 0.9 if headers.TITLE.fullmatch(said) and wordy(facts) else 0.0,
        "the name says title",
    )
    if "text" in table.taken:
        return
    ranked = []
    for name, said, facts in table.open():
        named = bool(headers.TEXT.fullmatch(said))
        sentences = facts.spaced / facts.filled
        if wordy(facts) and ((named and facts.mean_length >= 4 and sentences > 0.05) or sentences >= 0.3):
            ranked.append(((1.0 if named else 0.0) + min(facts.mean_length, 200) / 100 + sentences, name, named))
    ranked.sort(reverse=True)
    for place, (_, name, named) in enumerate(ranked[:TEXTS_LIMIT]):
        facts = table.facts[name]
        if place == 0:
            table.give(name, "text", "sentences, the longest of the file", 0.95 if named else 0.7)
        elif named and facts.spaced >= 0.5 * facts.filled and facts.mean_length >= 25:
            table.give(name, "text", "sentences too: joined to the text", 0.6)
    table.best(
        "text",
        lambda said, facts: 0.6 if headers.TEXT_SURELY.fullmatch(said) and wordy(facts) else 0.0,
        "the name says comment, though all are short",
    )


def _rest(table: _Table) -> None:
    attributes = sum(made.role.role == "attribute" for made in table.made.values())
    for name, _, _ in table.open():
        if attributes < ATTRIBUTES_LIMIT:
            table.give(name, "attribute", "kept as it is, to filter and group by", 0.9)
            attributes += 1
        else:
            table.give(name, "ignore", f"a record has at most {ATTRIBUTES_LIMIT} attributes", 1.0)
            table.warnings.append({"code": "too_many_attributes", "column": name, "detail": "left out"})


def _channel(columns: Sequence[str], told: Told, filename: str) -> tuple[str, str]:
    if told.channel:
        return told.channel, "told in the mapping"
    said = " | ".join(headers.words(name) for name in [*columns, filename])
    for channel, pattern in _CHANNELS:
        if pattern.search(said):
            return channel, "guessed from the names; set channel to change it"
    return "import", "nothing tells where it comes from; set channel to change it"


def _source(columns: Sequence[str], table: _Table, told: Told) -> tuple[str, str]:
    """The default must not depend on anything else that can be told: it is half of a record's identity."""
    if told.source:
        return told.source, "told in the mapping"
    if "submission_id" not in table.taken:
        return "import", "rows are known by the file and their number"
    shape = hashlib.sha256("\x1f".join(columns).encode(errors="replace")).hexdigest()[:8]
    return f"import-{shape}", "exports with the same columns share their ids; set source to part them"


def _plain_numbers(facts: ColumnFacts) -> bool:
    """Whether every cell is a number that stays the same when written as one (no 007, no 1.50)."""
    if facts.values is None or facts.numeric < facts.filled:
        return False
    for cell in facts.values:
        text = cell.strip()
        if NUMBER.fullmatch(text) and text not in (str(int(float(text))), repr(float(text))):
            return False
    return True
