"""Table of the metrics slice: cells of counts by hour. The migration is what made it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import DateTime, Numeric, Text, Uuid
from sqlmodel import Field

from analysis_service.database import AnalysisTable
from shared.database.columns import org_key


class MetricCell(AnalysisTable, table=True):
    """Answers counted in one hour (UTC) of one facet; sums are exact whole numbers (see `tally.py`)."""

    __tablename__ = "metric_cells"
    org_id: UUID = org_key()
    metric: str = Field(primary_key=True, sa_type=Text)
    hour: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    facet: UUID = Field(primary_key=True, sa_type=Uuid)
    scale: str = Field(primary_key=True, sa_type=Text)
    aspect: str = Field(primary_key=True, sa_type=Text)
    n: int
    favourable: int
    neutral: int
    unfavourable: int
    total: int
    total_squares: Decimal = Field(sa_type=Numeric)
