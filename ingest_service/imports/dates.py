"""When was it said: the date formats that exports use, told apart over a whole column (pure).

03/04/2018 alone is undecidable; a column is not. One 22/01/2018 anywhere proves day first, one 01/22/2018 month
first. Without proof: a dot as separator means day first, AM/PM month first; then the order that puts no answer into
the future; then the order under which the file, usually sorted, jumps less; then day first, with little confidence.
Two-digit years lie between 69 years back and 30 years ahead (POSIX). A date without a time is its midnight.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

Order = Literal["DMY", "MDY", "YMD"]

_TIME: Final = (
    r"(?:[T\s,]+(?:at\s+)?(\d{1,2})[:h.](\d{2})(?:[:.](\d{2})(?:[.,](\d{1,9}))?)?\s*([AaPp]\.?\s?[Mm]\.?)?"
    r"\s*(Z|[A-Z]{1,5}|(?:UTC|GMT)?[-+]\d{1,2}:?(?:\d{2})?)?)?"
)
_NUMERIC: Final = re.compile(r"\s*(\d{1,2})\s?([/.\-])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})" + _TIME + r"\s*$")
_YEAR_FIRST: Final = re.compile(r"\s*(\d{4})([/.\-])(\d{1,2})\2(\d{1,2})" + _TIME + r"\s*$")
_DAY_NAME: Final = r"\s*(?:[^\W\d_]{2,10}\.?,?\s+)?"
_DAY_MONTH: Final = re.compile(
    _DAY_NAME + r"(\d{1,2})(?:st|nd|rd|th|er|º|\.)?[\s\-/.]*(?:of\s+|de\s+)?"
    + r"([^\W\d_]{3,12})\.?[\s\-/,.]*(?:de\s+)?(\d{4}|\d{2})" + _TIME + r"\s*$",
)  # fmt: skip
_MONTH_DAY: Final = re.compile(
    _DAY_NAME + r"([^\W\d_]{3,12})\.?[\s\-/]+(\d{1,2})(?:st|nd|rd|th)?[,\s\-/]+(\d{4})" + _TIME + r"\s*$"
)
_TWITTER: Final = re.compile(
    r"\s*[A-Za-z]{3}\s+([A-Za-z]{3})\s+(\d{1,2})\s+(\d{2}):(\d{2}):(\d{2})\s+([-+]\d{4}|[A-Z]{3,4})\s+(\d{4})\s*$"
)
_NUMBER: Final = re.compile(r"\s*(\d{5,16})(\.\d+)?\s*$")
_COMPACT: Final = re.compile(r"\s*((?:19|20)\d{2})(0[1-9]|1[0-2])([0-2]\d|3[01])\s*$")
_ISO_SPACED: Final = re.compile(r"\s+(?=[-+]\d{2}:?\d{2}$|Z$|UTC$)")

_MONTH_WORDS: Final = (
    "jan january januar janvier janv enero ene gennaio gen janeiro januari",
    "feb february februar fevrier février fevr févr febrero febbraio fevereiro fev februari",
    "mar march märz maerz mrz mars marzo março marco maart mrt",
    "apr april avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "jun june juni juin junio giugno giu junho",
    "jul july juli juillet juil julio luglio lug julho",
    "aug august août aout agosto ago augustus",
    "sep sept september septembre septiembre settembre set setembro",
    "oct october oktober okt octobre octubre ottobre ott outubro out",
    "nov november novembre noviembre novembro",
    "dec december dezember dez décembre decembre déc diciembre dic dicembre dezembro december",
)
_MONTHS: Final = {word: index + 1 for index, line in enumerate(_MONTH_WORDS) for word in line.split()}
_ZONES: Final = {
    "Z": 0, "UTC": 0, "GMT": 0, "UT": 0, "WET": 0, "CET": 1, "WEST": 1, "CEST": 2, "EET": 2, "EEST": 3,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
"""Abbreviations with one common meaning (RFC 2822 and Europe). BST, IST and the like mean several things: refused."""


class DateUnreadable(ValueError):
    """The cell is no date we know. `code` is for the error report."""

    def __init__(self, code: str = "date_unreadable") -> None:
        super().__init__(code)
        self.code = code


class DateReader:
    """Reads the cells of one column; the format that fitted last is tried first.

    `order` settles 03/04/2018; `zone` is that of times without an offset. Results are aware and in UTC.
    """

    def __init__(self, order: Order = "DMY", zone: str = "UTC") -> None:
        self.order = order
        self.zone: tzinfo = UTC if zone.upper() == "UTC" else ZoneInfo(zone)
        self._readers = [self._iso, self._numeric, self._worded, self._twitter, self._counted]

    def __call__(self, cell: str) -> datetime:
        """The moment. Raises DateUnreadable (date_unreadable, date_impossible, timezone_unknown)."""
        readers = self._readers
        try:
            for index, reader in enumerate(readers):
                found = reader(cell)
                if found is not None:
                    if index:
                        readers.insert(0, readers.pop(index))
                    if found.tzinfo is None:
                        found = found.replace(tzinfo=self.zone)
                    return found.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            if isinstance(error, DateUnreadable):
                raise
            raise DateUnreadable("date_impossible") from error
        raise DateUnreadable

    def _iso(self, cell: str) -> datetime | None:
        text = cell.strip()
        if len(text) < 8 or not text[:4].isdecimal():
            return None
        if text.isdecimal():
            compact = _COMPACT.match(text)
            return datetime(int(compact[1]), int(compact[2]), int(compact[3])) if compact else None  # noqa: DTZ001  # its zone is added by the caller
        if text[4] == "-":
            try:
                return datetime.fromisoformat(_ISO_SPACED.sub("", text).replace("UTC", "Z"))
            except ValueError:
                pass
        found = _YEAR_FIRST.match(text)
        if found is None:
            return None
        month, day = int(found[3]), int(found[4])
        return _moment(int(found[1]), month, day, found, 5)

    def _numeric(self, cell: str) -> datetime | None:
        found = _NUMERIC.match(cell)
        if found is None:
            return None
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        day, month = (second, first) if self.order == "MDY" else (first, second)
        if self.order == "YMD" and len(found[4]) == 2:
            year, month, day = first, second, year
        return _moment(_century(year) if year < 100 else year, month, day, found, 5)

    def _worded(self, cell: str) -> datetime | None:
        found = _DAY_MONTH.match(cell)
        if found is not None:
            day, word, year, time_at = int(found[1]), found[2], int(found[3]), 4
        else:
            found = _MONTH_DAY.match(cell)
            if found is None:
                return None
            word, day, year, time_at = found[1], int(found[2]), int(found[3]), 4
        month = _MONTHS.get(word.lower())
        if month is None:
            return None
        return _moment(_century(year) if year < 100 else year, month, day, found, time_at)

    def _twitter(self, cell: str) -> datetime | None:
        found = _TWITTER.match(cell)
        if found is None:
            return None
        month = _MONTHS.get(found[1].lower(), 0)
        moment = datetime(int(found[7]), month, int(found[2]), int(found[3]), int(found[4]), int(found[5]))  # noqa: DTZ001  # its zone comes next
        return moment.replace(tzinfo=_offset(found[6]))

    def _counted(self, cell: str) -> datetime | None:
        found = _NUMBER.match(cell)
        if found is None:
            return None
        digits, number = len(found[1]), float(cell)
        if digits == 5 and 20_000 <= number < 80_000:  # Excel's days since 1899-12-30, in local time
            return datetime(1899, 12, 30) + timedelta(seconds=round(number * 86_400))  # noqa: DTZ001  # its zone is added by the caller
        divisor = {9: 1, 10: 1, 13: 1_000, 16: 1_000_000}.get(digits)
        if divisor is None:
            return None
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=number / divisor)


def _century(year: int) -> int:
    return 2000 + year if year < 69 else 1900 + year


def _offset(told: str) -> tzinfo:
    if told.upper() in _ZONES:
        return timezone(timedelta(hours=_ZONES[told.upper()]))
    found = re.fullmatch(r"(?:UTC|GMT)?([-+])(\d{1,2}):?(\d{2})?", told, re.IGNORECASE)
    if found is None:
        raise DateUnreadable("timezone_unknown")
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))


def _moment(year: int, month: int, day: int, found: re.Match[str], at: int) -> datetime:
    hour_text, minute, second, fraction, half, zone = (found[at + i] for i in range(6))
    if hour_text is None:
        return datetime(year, month, day)  # noqa: DTZ001  # its zone is added by the caller
    hour = int(hour_text)
    if half:
        if not 1 <= hour <= 12:
            raise DateUnreadable("date_impossible")
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    moment = datetime(year, month, day, hour, int(minute), int(second or 0), micro)  # noqa: DTZ001  # its zone comes next or from the caller
    return moment.replace(tzinfo=_offset(zone)) if zone else moment


@dataclass(slots=True)
class DateEvidence:
    """What a column says about its dates; add every cell, then ask. JSON-able through as_dict."""

    seen: int = 0
    readable: int = 0
    numeric: int = 0
    """Cells such as 03/04/2018."""
    first_over_12: int = 0
    second_over_12: int = 0
    dotted: int = 0
    half_days: int = 0
    offsets: int = 0
    timed: int = 0
    future_if_dmy: int = 0
    future_if_mdy: int = 0
    jumps_if_dmy: float = 0.0
    jumps_if_mdy: float = 0.0
    last_dmy: int | None = None
    last_mdy: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def add(self, cell: str, today: date) -> None:
        """Take one cell that is not empty into account."""
        self.seen += 1
        found = _NUMERIC.match(cell)
        if found is None:
            return
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        year = _century(year) if year < 100 else year
        self.numeric += 1
        self.first_over_12 += first > 12
        self.second_over_12 += second > 12
        self.dotted += found[2] == "."
        self.half_days += found[9] is not None
        if first <= 12 and second <= 12:
            self._weigh(year, first, second, today)

    def _weigh(self, year: int, first: int, second: int, today: date) -> None:
        """Which order puts this into the future, and how far each jumps from the cell before."""
        try:
            dmy, mdy = date(year, second, first), date(year, first, second)
        except ValueError:
            return
        self.future_if_dmy += dmy > today
        self.future_if_mdy += mdy > today
        if self.last_dmy is not None and self.last_mdy is not None:
            self.jumps_if_dmy += abs(dmy.toordinal() - self.last_dmy)
            self.jumps_if_mdy += abs(mdy.toordinal() - self.last_mdy)
        self.last_dmy, self.last_mdy = dmy.toordinal(), mdy.toordinal()

    @property
    def settled(self) -> bool:
        """Whether more cells can change nothing but a contradiction."""
        return bool(self.first_over_12 or self.second_over_12)

    def order(self) -> tuple[Order, float, str]:
        """The order of day and month, the confidence (0-1) and the reason for people."""
        if not self.numeric:
            return "DMY", 1.0, "no date in this column depends on the order of day and month"
        return (
            self._proven() or self._plausible() or self._smoother()
            or ("DMY", 0.3, "nothing decides between day first and month first; say date_order to be sure")
        )  # fmt: skip

    def _proven(self) -> tuple[Order, float, str] | None:
        first, second = self.first_over_12, self.second_over_12
        if first and second:
            order: Order = "DMY" if first >= second else "MDY"
            return order, 0.4, (
                f"the column contradicts itself: {first} cells can only be day first, {second} only month first; "
                "rows of the other order are refused"
            )  # fmt: skip
        if first:
            return "DMY", 1.0, f"day first: {first} cells begin with a number over 12"
        if second:
            return "MDY", 1.0, f"month first: {second} cells have a number over 12 in second place"
        return None

    def _plausible(self) -> tuple[Order, float, str] | None:
        if self.dotted > self.numeric / 2:
            return "DMY", 0.9, "day first: dates with dots are written that way"
        if self.future_if_dmy and not self.future_if_mdy:
            return "MDY", 0.85, "month first: day first would put answers into the future"
        if self.future_if_mdy and not self.future_if_dmy:
            return "DMY", 0.85, "day first: month first would put answers into the future"
        if self.half_days > self.numeric / 2:
            return "MDY", 0.6, "month first: times with AM and PM go with it; say date_order if that is wrong"
        return None

    def _smoother(self) -> tuple[Order, float, str] | None:
        low, high = sorted((self.jumps_if_dmy, self.jumps_if_mdy))
        if high <= 2 * low + 30:
            return None
        if self.jumps_if_dmy < self.jumps_if_mdy:
            return "DMY", 0.7, "day first: the file is in order of time that way"
        return "MDY", 0.7, "month first: the file is in order of time that way"
