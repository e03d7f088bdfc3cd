"""The demo's story: who says what, where and when over 90 days. Pure and deterministic.

Planted, so that a reader has something to find:
- a complaint wave: in unit `North`, 40 to 28 days ago, two thirds of all feedback is about late parcels;
- a recovery: the app lost its customers until a release 21 days ago, and wins them back after it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local_stack.demo import phrases

SEED = 20_261
DAYS = 90
RECORDS = 3_600
CUSTOMERS = 1_150
UNITS = ("North", "South", "East", "West", "Online")
WAVE_UNIT = "North"
WAVE_DAYS = (28, 40)
RELEASE_DAY = 21
CHANNELS: dict[str, float] = {"widget": 0.22, "email": 0.30, "app_store": 0.18, "chat": 0.16, "kiosk": 0.14}
TOUCHPOINTS = {"widget": "checkout", "email": "after_delivery", "app_store": "app", "chat": "support", "kiosk": "store"}


@dataclass(frozen=True, slots=True)
class Said:
    """One submission of the story; `via_widget` goes to the public endpoint, the rest in batches."""

    via_widget: bool
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Situation:
    """Who speaks about what, where, and how he feels (0 furious … 1 delighted)."""

    channel: str
    unit: str
    theme: str
    happy: float
    customer: str
    known_by_email: bool


def story(now: datetime, *, records: int = RECORDS, seed: int = SEED) -> list[Said]:
    """The submissions, oldest first. The same `now` (to the minute) and seed give the same story."""
    rng = random.Random(seed)  # noqa: S311 - a story, not a secret
    end = now.replace(second=0, microsecond=0)
    weights = [1 / (1 + place) ** 0.55 for place in range(CUSTOMERS)]
    told = []
    for number in range(records):
        days_ago = rng.uniform(0.02, DAYS)
        channel = rng.choices(list(CHANNELS), list(CHANNELS.values()))[0]
        unit = "Online" if channel in {"app_store", "chat"} else rng.choice(UNITS)
        happy = _happiness(rng, channel, unit, days_ago)
        theme = _theme(rng, channel, unit, days_ago, happy)
        customer = rng.choices(range(CUSTOMERS), weights)[0]
        said = _Situation(channel, unit, theme, happy, f"C{customer:05d}", customer % 3 == 0)
        told.append((days_ago, _submission(rng, number, end - timedelta(days=days_ago), said)))
    told.sort(key=lambda one: -one[0])
    return [one for _, one in told]


def in_wave(unit: str, days_ago: float) -> bool:
    """Whether the planted complaint wave covers this place and day."""
    return unit == WAVE_UNIT and WAVE_DAYS[0] <= days_ago <= WAVE_DAYS[1]


def _happiness(rng: random.Random, channel: str, unit: str, days_ago: float) -> float:
    """0 (furious) … 1 (delighted)."""
    base = {"widget": 0.66, "email": 0.70, "chat": 0.64, "kiosk": 0.76, "app_store": 0.40}[channel]
    if channel == "app_store" and days_ago < RELEASE_DAY:
        base = 0.80
    if in_wave(unit, days_ago):
        base = 0.27
    spread = 5.0
    return rng.betavariate(base * spread, (1 - base) * spread)


def _theme(rng: random.Random, channel: str, unit: str, days_ago: float, happy: float) -> str:
    if in_wave(unit, days_ago) and happy < 0.6:
        return "delivery"
    if channel == "app_store":
        return rng.choices(["app", "price", "product"], [0.8, 0.1, 0.1])[0]
    if channel == "chat":
        return rng.choices(["support", "delivery", "price"], [0.7, 0.2, 0.1])[0]
    if channel == "kiosk":
        return rng.choices(["staff", "product", "price"], [0.6, 0.25, 0.15])[0]
    return rng.choices(["delivery", "product", "staff", "price", "support"], [0.3, 0.3, 0.15, 0.15, 0.1])[0]


def _text(rng: random.Random, theme: str, happy: float) -> str | None:
    if rng.random() < 0.22:
        return None
    good, bad = rng.choice(phrases.POSITIVE[theme]), rng.choice(phrases.NEGATIVE[theme])
    if 0.42 < happy < 0.6:
        if rng.random() < 0.45:
            return rng.choice(phrases.NEUTRAL) + "."
        other = rng.choice(phrases.POSITIVE[rng.choice(list(phrases.POSITIVE))])
        return other + rng.choice(phrases.BUT) + bad[0].lower() + bad[1:] + "."
    if happy >= 0.6:
        return good + "." + rng.choice(phrases.CLOSERS_POSITIVE)
    return bad + "." + rng.choice(phrases.CLOSERS_NEGATIVE)


def _ratings(rng: random.Random, channel: str, happy: float) -> list[dict[str, Any]]:
    if channel == "app_store":
        return [{"metric": "stars", "value": 1 + min(4, int(happy * 5))}]
    if channel == "chat":
        ratings: list[dict[str, Any]] = [{"metric": "csat", "value": 1 + min(4, int(happy * 5))}]
        if rng.random() < 0.5:
            ratings.append({"metric": "ces", "value": 1 + min(6, int(happy * 7))})
        return ratings
    return [{"metric": "nps", "value": min(10, int(happy * 11.6))}]


def _submission(rng: random.Random, number: int, at: datetime, said: _Situation) -> Said:
    body: dict[str, Any] = {
        "channel": said.channel,
        "source": f"demo-{said.channel}",
        "submission_id": f"demo-{number:05d}",
        "occurred_at": at.isoformat(),
        "ratings": _ratings(rng, said.channel, said.happy),
        "unit": said.unit,
        "touchpoint": TOUCHPOINTS[said.channel],
        "language": "en",
        "attributes": {"plan": rng.choice(["basic", "plus", "business"]), "visit": rng.randint(1, 9)},
    }
    text = _text(rng, said.theme, said.happy)
    if text:
        body["text"] = text
    if said.channel != "kiosk" and rng.random() < 0.85:
        body["customer"] = {"external_id": said.customer}
        if said.known_by_email:
            body["customer"]["email"] = f"customer-{said.customer.lower()}@example.com"
    return Said(said.channel == "widget", body)
