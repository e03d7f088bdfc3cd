"""The rule every organisation starts with: a detractor becomes a case (pure).

An nps of 6 or less is a detractor by definition. Where there is no nps, a score in the lowest quarter of its
scale (1 or 2 of 5 stars) counts when the words are negative too: a low score alone may be a slip of the
finger, negative words alone may be about something else; both together are worth a call. The rule can be
edited, disabled or removed; it never comes back by itself.
"""

from typing import Any

from loop_service.rules.titles import DEFAULT_TITLE

PRESET = "detractor"
NAME = "Detractor → case"

CONDITION: dict[str, Any] = {
    "any": [
        {"field": "rating.nps", "op": "lte", "value": 6},
        {
            "all": [
                {"field": "sentiment.label", "op": "eq", "value": "negative"},
                {
                    "any": [
                        {"field": f"rating.{metric}.percent", "op": "lte", "value": 25}
                        for metric in ("stars", "rating", "csat")
                    ]
                },
            ]
        },
    ]
}

ACTIONS: list[dict[str, Any]] = [
    {"type": "open_case", "owner": "auto", "priority": None, "due_in_hours": 48, "title": DEFAULT_TITLE}
]
"""48 hours: the usual norm for a first contact with an unhappy customer."""
