"""What one cell says: absent, a number, an address (pure)."""

from __future__ import annotations

import re
from typing import Final

ABSENT: Final = frozenset(
    {"", "nan", "null", "nat", "n/a", "#n/a", "#na", "<na>", "-", "--", "(blank)", "undefined", "nil", "\\n"}
)
"""Ways in which exports write "nothing" (compared in lower case). "None", "NA" and "0" are not among them: a customer
answers "none", Namibia is NA, and a nought is a score; rows.py treats "None" as absent outside of text."""

NUMBER: Final = re.compile(r"[-+]?\d{1,15}(?:\.\d{1,9})?")
_DECIMAL_COMMA: Final = re.compile(r"[-+]?\d{1,15},\d{1,2}")
_OUT_OF: Final = re.compile(r"(\d{1,3}(?:[.,]\d{1,2})?)\s*(?:/|out of|of|von|sur|de)\s*(\d{1,3})", re.IGNORECASE)
_STARS: Final = re.compile(
    r"(\d(?:[.,]\d)?)\s*(?:-\s*)?(?:stars?|★|⭐|pts?|points?)\.?|(\d{1,3}(?:[.,]\d{1,2})?)\s*%", re.IGNORECASE
)
_DRAWN: Final = re.compile(r"[★⭐]{1,10}[☆✩]{0,10}\ufe0f?")
_LABELLED: Final = re.compile(r"(\d{1,3})\s*[-–—:.(=]\s*[^\W\d_]\D{0,60}")
EMAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@]+\.[^\s@.]{2,24}")
PHONE: Final = re.compile(r"\+?[\d\s().\-/]{7,24}")


def is_absent(cell: str) -> bool:
    """Whether the cell holds nothing."""
    return len(cell) <= 11 and cell.strip().lower() in ABSENT


def number(cell: str) -> float | None:
    """The score in a cell: 4 · 4.5 · 4,5 · 4/5 · 4 out of 5 · 5 stars · ★★★★☆ · "10 - Extremely likely"; else None."""
    text = cell.strip()
    if NUMBER.fullmatch(text):
        return float(text)
    if len(text) > 80:
        return None
    if _DECIMAL_COMMA.fullmatch(text):
        return float(text.replace(",", "."))
    for pattern in (_OUT_OF, _STARS, _LABELLED):
        found = pattern.fullmatch(text)
        if found:
            return float((found[1] or found[2]).replace(",", "."))
    if _DRAWN.fullmatch(text):
        return float(text.count("★") + text.count("⭐"))
    return None


def out_of(cell: str) -> float | None:
    """The 5 of "4/5"; None where no upper bound is told."""
    found = _OUT_OF.fullmatch(cell.strip())
    return float(found[2]) if found else None
