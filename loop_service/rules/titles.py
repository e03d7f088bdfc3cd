"""The title of a new case: one line from a rule's template, without the customer's own words (pure).

"{signal} · {channel} · {unit}"  →  "NPS 3 · email · North", "1 of 5 stars · app_store", "negative words · chat"
"""

import re

from loop_service.rules.facts import Facts, Score

DEFAULT_TITLE = "{signal} · {channel} · {unit}"
PLACEHOLDERS = {
    "signal": "what calls for action: the rating, or without one the sentiment (negative words)",
    "rating": "the worst rating, one of the whole before those of single aspects (NPS 3, 1 of 5 stars)",
    "sentiment": "positive, neutral, negative or mixed",
    "channel": "as told (app_store)",
    "source": "as told",
    "unit": "as told",
    "touchpoint": "as told",
    "language": "as two letters (de)",
}
"""What a title template may name, and what it stands for. The words of a customer are not among it: titles go into
mails, webhooks and lists."""
MAX_TITLE = 200
SEPARATOR = " · "
UNKNOWN = "–"
_PLACEHOLDER = re.compile(r"\{([a-z_]*)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


def unknown_placeholders(template: str) -> list[str]:
    """Names in braces that a title cannot have."""
    return [name for name in _PLACEHOLDER.findall(template) if name not in PLACEHOLDERS]


def title(template: str, facts: Facts) -> str:
    """Fill a template; one line of 1..200 characters.

    What the feedback does not have reads as a dash. A part between ` · ` that would hold nothing else is left out
    when another part has something to say.
    """
    values = _values(facts)
    parts = template.split(SEPARATOR)
    telling = [part for part in parts if _says_something(part, values)]
    filled = _PLACEHOLDER.sub(lambda found: values.get(found.group(1)) or UNKNOWN, SEPARATOR.join(telling or parts))
    line = _CONTROL.sub(" ", filled).strip() or UNKNOWN
    return line if len(line) <= MAX_TITLE else line[: MAX_TITLE - 1] + "…"


def _says_something(part: str, values: dict[str, str | None]) -> bool:
    names = _PLACEHOLDER.findall(part)
    return not names or any(values.get(name) for name in names)


def _values(facts: Facts) -> dict[str, str | None]:
    rating = _worst(facts)
    return {
        "signal": rating or (f"{facts.sentiment_label} words" if facts.sentiment_label else None),
        "rating": rating,
        "sentiment": facts.sentiment_label,
        "channel": facts.channel,
        "source": facts.source,
        "unit": facts.unit,
        "touchpoint": facts.touchpoint,
        "language": facts.language,
    }


def _worst(facts: Facts) -> str | None:
    if not facts.scores:
        return None
    worst = min(
        facts.scores, key=lambda score: (score.aspect is not None, 50 if score.percent is None else score.percent)
    )
    return _rating(worst) + (f" ({worst.aspect})" if worst.aspect else "")


def _rating(score: Score) -> str:
    """`NPS 3`, `1 of 5 stars`, `CSAT 2 of 5`, `Rating 5 (1 is best)`: no scale is taken for another."""
    value = f"{score.value:g}"
    if score.metric == "nps":
        return f"NPS {value}"
    worst, best = score.ends or (0.0, 0.0)
    if worst > best:
        value = f"{value} ({best:g} is best)"
    elif worst < 0:
        value = f"{value} ({worst:g} to {best:g})"
    elif best:
        value = f"{value} of {best:g}"
    if score.metric == "stars" and 0 <= worst <= best:
        return f"{value} star" if score.value == 1 and not best else f"{value} stars"
    name = score.metric.upper() if score.metric in ("csat", "ces") else score.metric.capitalize()
    return f"{name} {value}"
