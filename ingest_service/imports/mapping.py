"""The mapping: what becomes of each column; as JSON, in its short form, and as what the guess proposes (pure).

JSON: {"columns": {"Reason for score": "text", "score": {"metric": "stars", "scale": {"min": 1, "max": 5}},
"staff": {"metric": "rating", "aspect": "staff", "absent": ["0"]}}, "date_order": "DMY", "timezone": "UTC", "encoding":
"cp1252", "delimiter": ";", "header": true, "channel": "reviews", "source": "shop-export"}. Columns that are not
named are guessed. Short: `score=nps,comment=text,date=occurred_at:DMY,@timezone=Europe/London`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from ingest_service.imports.decoding import EncodingUnknown, known
from ingest_service.imports.headers import slug
from ingest_service.imports.layout import DELIMITERS

ROLES: Final = (
    "text", "title", "occurred_at", "submission_id", "channel", "source", "unit", "touchpoint", "language",
    "customer.external_id", "customer.email", "customer.phone", "customer.name", "attribute", "ignore",
)  # fmt: skip
METRICS: Final = ("nps", "csat", "ces", "stars", "rating")
SINGLE: Final = frozenset(ROLES) - {"text", "attribute", "ignore", "customer.name"}
"""Roles that one column can have; several texts are joined, several names too (first and last)."""
_SHORT: Final = {
    "id": "submission_id", "date": "occurred_at", "comment": "text", "skip": "ignore", "attr": "attribute",
    "email": "customer.email", "phone": "customer.phone", "name": "customer.name", "customer": "customer.external_id",
    "external_id": "customer.external_id", "customer_id": "customer.external_id",
}  # fmt: skip
_ORDERS: Final = ("DMY", "MDY", "YMD")
_DEFAULT_SCALES: Final = {"nps": (0.0, 10.0), "csat": (1.0, 5.0), "ces": (1.0, 7.0), "stars": (1.0, 5.0)}


class MappingRefused(ValueError):
    """A mapping that cannot be used; `pointer` is the JSON pointer of the fault, the words say how to mend it."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.detail = detail


@dataclass(frozen=True, slots=True)
class ColumnRole:
    """What becomes of one column. Scores have a metric and a scale; the others a role of ROLES."""

    role: str
    metric: Literal["nps", "csat", "ces", "stars", "rating"] | None = None
    low: float | None = None
    high: float | None = None
    direction: Literal["ascending", "descending"] = "ascending"
    aspect: str | None = None
    absent: tuple[str, ...] = ()
    values: dict[str, float] | None = None
    """Words to numbers: {"Very satisfied": 5}."""
    name: str | None = None
    """Name of an attribute; the column's when None."""

    def as_dict(self) -> dict[str, Any]:
        """The JSON form, as `parse` takes it."""
        shape: dict[str, Any] = {}
        if self.metric is None:
            shape["role"] = self.role
        else:
            shape["metric"] = self.metric
            if self.low is not None:
                shape["scale"] = {"min": self.low, "max": self.high, "direction": self.direction}
        for key in ("aspect", "name", "values"):
            if getattr(self, key) is not None:
                shape[key] = getattr(self, key)
        if self.absent:
            shape["absent"] = list(self.absent)
        return shape


@dataclass(frozen=True, slots=True)
class Mapping:
    """What the user told, or what was found, about the whole file. None: not told, to be found."""

    columns: dict[str, ColumnRole] = field(default_factory=dict)
    date_order: Literal["DMY", "MDY", "YMD"] | None = None
    timezone: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    channel: str | None = None
    source: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The JSON form, as `parse` takes it; what is None is left out."""
        shape: dict[str, Any] = {"columns": {name: role.as_dict() for name, role in self.columns.items()}}
        for key in ("date_order", "timezone", "encoding", "delimiter", "header", "channel", "source"):
            if getattr(self, key) is not None:
                shape[key] = getattr(self, key)
        return shape


def read_mapping(told: str | None) -> Mapping:
    """The mapping in a query parameter or form field: JSON, the short form, or nothing. Raises MappingRefused."""
    text = (told or "").strip()
    if not text:
        return Mapping()
    if not text.startswith("{"):
        return parse_short(text)
    try:
        return parse(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise MappingRefused("", "the mapping is not valid JSON") from error


def parse(told: Any) -> Mapping:
    """Check the JSON form. Raises MappingRefused at the first fault."""
    if not isinstance(told, dict):
        raise MappingRefused("", "the mapping must be a JSON object")
    allowed = {"columns", "date_order", "timezone", "encoding", "delimiter", "header", "channel", "source"}
    if told.keys() - allowed:
        raise MappingRefused("", f"unknown setting in the mapping; it takes {', '.join(sorted(allowed))}")
    columns = told.get("columns", {})
    if not isinstance(columns, dict):
        raise MappingRefused("/columns", "columns must be an object from column name to role")
    roles = {name: _column(_pointer("/columns", name), name, shape) for name, shape in columns.items()}
    _check_single(roles)
    header = told.get("header")
    if header is not None and not isinstance(header, bool):
        raise MappingRefused("/header", "header must be true or false")
    return Mapping(
        roles,
        _choice(told, "date_order", _ORDERS),
        _zone(told.get("timezone")),
        _encoding(told.get("encoding")),
        _delimiter(told.get("delimiter")),
        header,
        _label(told, "channel", 64),
        _label(told, "source", 255),
    )


def _pointer(at: str, name: str) -> str:
    return f"{at}/{name.replace('~', '~0').replace('/', '~1')}"


def _column(pointer: str, name: str, shape: Any) -> ColumnRole:
    if isinstance(shape, str):
        shape = {"metric": shape} if shape in METRICS else {"role": shape}
    if not isinstance(shape, dict):
        raise MappingRefused(pointer, "a column takes a role, or an object with role or metric")
    if shape.keys() - {"role", "metric", "scale", "aspect", "absent", "values", "name"}:
        raise MappingRefused(pointer, "a column takes role, metric, scale, aspect, absent, values and name")
    absent, values = shape.get("absent", []), shape.get("values")
    if not isinstance(absent, list) or not all(isinstance(cell, str) for cell in absent):
        raise MappingRefused(f"{pointer}/absent", "absent must be a list of cells that mean nothing, as strings")
    if values is not None and not _are_numbers(values):
        raise MappingRefused(f"{pointer}/values", "values must be an object from word to number")
    label = shape.get("name")
    if label is not None and not (isinstance(label, str) and 0 < len(label) <= 64):
        raise MappingRefused(f"{pointer}/name", "an attribute's name has 1 to 64 characters")
    if "metric" not in shape:
        role = _SHORT.get(shape.get("role", ""), shape.get("role"))
        if role not in ROLES:
            raise MappingRefused(pointer, f"unknown role; use one of {', '.join(ROLES)} or {', '.join(METRICS)}")
        return ColumnRole(role, absent=tuple(absent), name=label)
    metric = shape["metric"]
    if metric not in METRICS:
        raise MappingRefused(f"{pointer}/metric", f"unknown metric; use one of {', '.join(METRICS)}")
    aspect = shape.get("aspect")
    if aspect is not None and not (isinstance(aspect, str) and 0 < len(aspect) <= 64):
        raise MappingRefused(f"{pointer}/aspect", "an aspect has 1 to 64 characters")
    low, high, direction = _scale(pointer, metric, shape.get("scale"))
    return ColumnRole(
        "rating", metric, low, high, direction, aspect, tuple(absent),
        {str(word).strip().lower(): float(number) for word, number in values.items()} if values else None,
    )  # fmt: skip


def _are_numbers(values: Any) -> bool:
    return isinstance(values, dict) and all(
        isinstance(number, int | float) and not isinstance(number, bool) for number in values.values()
    )


def _scale(pointer: str, metric: str, scale: Any) -> tuple[float | None, float | None, Any]:
    if scale is None:
        return (*_DEFAULT_SCALES.get(metric, (None, None)), "ascending")
    if not isinstance(scale, dict) or scale.keys() - {"min", "max", "direction"} or not {"min", "max"} <= scale.keys():
        raise MappingRefused(f"{pointer}/scale", 'a scale is {"min": number, "max": number, "direction"?}')
    low, high, direction = scale["min"], scale["max"], scale.get("direction", "ascending")
    if not _are_numbers({"min": low, "max": high}) or not low < high:
        raise MappingRefused(f"{pointer}/scale", "min and max must be numbers, min less than max")
    if direction not in ("ascending", "descending"):
        raise MappingRefused(f"{pointer}/scale/direction", "direction is ascending (more is better) or descending")
    if metric == "nps" and (low, high, direction) != (0, 10, "ascending"):
        raise MappingRefused(f"{pointer}/scale", 'NPS exists on 0 to 10 only; use the metric "rating" for this scale')
    return float(low), float(high), direction


def _check_single(roles: dict[str, ColumnRole]) -> None:
    taken: set[str] = set()
    for name, role in roles.items():
        if role.metric is not None:
            key = f"{role.metric}/{role.aspect}"
        elif role.role in SINGLE:
            key = role.role
        else:
            continue
        if key in taken:
            raise MappingRefused(_pointer("/columns", name), "another column has this role already")
        taken.add(key)


def _choice(told: dict[str, Any], key: str, among: Sequence[str]) -> Any:
    value = told.get(key)
    if value is not None and value not in among:
        raise MappingRefused(f"/{key}", f"{key} is one of {', '.join(among)}")
    return value


def _label(told: dict[str, Any], key: str, limit: int) -> str | None:
    value = told.get(key)
    if value is not None and not (isinstance(value, str) and 0 < len(value) <= limit):
        raise MappingRefused(f"/{key}", f"{key} has 1 to {limit} characters")
    return value


def _zone(zone: Any) -> str | None:
    if zone is None:
        return None
    try:
        if not isinstance(zone, str) or not zone or zone.startswith((".", "/")):
            raise ValueError
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise MappingRefused("/timezone", "timezone is an IANA name such as Europe/London, or UTC") from error
    return zone


def _encoding(told: Any) -> str | None:
    if told is None:
        return None
    try:
        known(str(told))
    except EncodingUnknown as error:
        raise MappingRefused("/encoding", f"{error}; use utf-8, cp1252, utf-16 or another name Python knows") from error
    return str(told)


def _delimiter(told: Any) -> str | None:
    if told is None:
        return None
    char = DELIMITERS.get(told, told) if isinstance(told, str) else ""
    if len(char) != 1 or char in '\r\n"' or not char.isascii():
        raise MappingRefused("/delimiter", "delimiter is one character, or comma, semicolon, tab or pipe")
    return char


def parse_short(told: str) -> Mapping:
    """The short form of a command line: `column=role[:detail]` and `@setting=value`, divided by commas.

    Details: a date order (`date=occurred_at:DMY`), a scale (`score=rating:1-10`, `:1-5:low` where less is
    better), an aspect (`staff=aspect:1-5`), an attribute's name. A column whose name holds a comma or a
    colon is put in double quotes: `"How likely, really?"=nps`. Raises MappingRefused.
    """
    shape: dict[str, Any] = {"columns": {}}
    for part in _parts(told):
        name, equals, rest = part.rpartition("=")
        name = name.strip().strip('"')
        if not equals or not name or not rest:
            raise MappingRefused("", "write column=role, divided by commas: score=nps,comment=text")
        if name.startswith("@"):
            shape[name[1:]] = {"true": True, "false": False}.get(rest.lower(), rest.strip())
            continue
        role, *details = [word.strip() for word in rest.split(":")]
        shape["columns"][name] = _short_column(name, role, details, shape)
    return parse(shape)


def _parts(told: str) -> list[str]:
    parts, current, inside = [], "", False
    for char in told:
        if char == '"':
            inside = not inside
        if char == "," and not inside:
            parts.append(current)
            current = ""
        else:
            current += char
    return [part for part in [*parts, current] if part.strip()]


def _short_column(name: str, role: str, details: list[str], shape: dict[str, Any]) -> dict[str, Any]:
    if role in METRICS or role == "aspect":
        column: dict[str, Any] = {"metric": "rating" if role == "aspect" else role}
        if role == "aspect":
            column["aspect"] = slug(name)
        for detail in details:
            low, dash, high = detail.partition("-")
            if detail in ("low", "descending"):
                column.setdefault("scale", {})["direction"] = "descending"
            elif dash and low.isdecimal() and high.isdecimal():
                column.setdefault("scale", {}).update({"min": int(low), "max": int(high)})
            else:
                column["aspect"] = detail
        return column
    if details and _SHORT.get(role, role) == "occurred_at":
        shape["date_order"] = details[0].upper()
    column = {"role": role}
    if details and _SHORT.get(role, role) == "attribute":
        column["name"] = details[0]
    return column


def match_columns(told: Mapping, columns: Sequence[str]) -> dict[str, ColumnRole]:
    """The told roles under the file's own column names; case and white space do not matter.

    Raises MappingRefused for a column that the file has not.
    """
    plain = {" ".join(name.lower().split()): name for name in reversed(columns)}
    found: dict[str, ColumnRole] = {}
    for name, role in told.columns.items():
        actual = name if name in columns else plain.get(" ".join(name.lower().split()))
        if actual is None:
            raise MappingRefused(_pointer("/columns", name), "the file has no column of this name")
        found[actual] = role
    return found
