"""Query parameters that several routes share: instants, texts, dimensions."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from analysis_service.metrics.filters import Dimensions

UTC_ZONE = ZoneInfo("UTC")
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def instant(written: str, tz: ZoneInfo = UTC_ZONE) -> datetime:
    """Read a date (midnight in `tz`) or an ISO-8601 time (in `tz` where it names no offset).

    Raises ValueError for anything else and for times outside 1970 to 2200.
    """
    try:
        read = datetime.fromisoformat(written)
        if len(written) == 10:
            read = datetime.combine(date.fromisoformat(written), time())
        read = (read if read.tzinfo is not None else read.replace(tzinfo=tz)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("write a date as 2026-03-01 or a time as 2026-03-01T12:00:00Z") from None
    if not _EARLIEST <= read <= _LATEST:
        raise ValueError("must lie between 1970 and 2200")
    return read


def _readable(written: str) -> str:
    instant(written)
    return written


def _no_nul(written: str) -> str:
    if "\x00" in written:
        raise ValueError("must not hold the character U+0000")
    return written


Written = Annotated[str, StringConstraints(max_length=40), AfterValidator(_readable)]
"""An instant as the caller wrote it; a time zone may decide later what it means."""
Word = Annotated[str, StringConstraints(max_length=255), AfterValidator(_no_nul)]
Words = Annotated[list[Word], Field(max_length=100)]


class DimensionQuery(BaseModel):
    """Filters on the dimensions. A name may be repeated: any of its values; different names must all hold.

    An empty value (`unit=`) asks for records without that dimension.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    channel: Words = Field(default=[], description="Channel, e.g. email; may be repeated.")
    source: Words = Field(default=[], description="Source; may be repeated.")
    unit: Words = Field(default=[], description="Unit, e.g. a location or team; may be repeated.")
    touchpoint: Words = Field(default=[], description="Touchpoint; may be repeated.")
    language: Words = Field(default=[], description="Detected language, e.g. en; may be repeated.")

    def dimensions(self) -> Dimensions:
        """The filters as the queries take them."""
        return Dimensions(
            channel=tuple(self.channel),
            source=tuple(self.source),
            unit=tuple(self.unit),
            touchpoint=tuple(self.touchpoint),
            language=tuple(self.language),
        )
