"""The shape of surveys in the public API: what is asked, in which words, and where the answer belongs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

Words = Annotated[str, Field(min_length=1, max_length=500)]
Label = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^\S(?:[^\x00-\x1f\x7f]*\S)?$")]
Locale = Annotated[str, Field(pattern=r"^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$", max_length=35)]


class SurveyTexts(BaseModel):
    """What a person reads, in one language; `low` and `high` name the ends of the scale."""

    model_config = ConfigDict(extra="forbid")
    question: Words
    follow_up: Words
    thanks: Words
    low: Annotated[str, Field(min_length=1, max_length=100)] = "Not at all likely"
    high: Annotated[str, Field(min_length=1, max_length=100)] = "Extremely likely"


class SurveyContent(SurveyTexts):
    """A survey: one NPS question and a follow-up. `unit` and `touchpoint` count for answers that tell none."""

    name: Annotated[str, Field(min_length=1, max_length=200, description="For you; browsers never see it.")]
    metric: Literal["nps"] = "nps"
    language: Locale = "en"
    unit: Label | None = None
    touchpoint: Label | None = None
    colour: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$", description="Theme colour, e.g. #3355ff.")] | None = None
    repeat_days: Annotated[int, Field(ge=0, le=3650, description="Ask the same person again after this.")] = 90
    locales: Annotated[
        dict[Locale, SurveyTexts], Field(max_length=50, description="The same words in further languages.")
    ] = {}

    @model_validator(mode="after")
    def _storable(self) -> Self:
        if "\x00" in self.model_dump_json():
            raise ValueError("the character U+0000 cannot be stored")
        return self


class Survey(SurveyContent):
    """A survey as it is published now."""

    id: UUID
    revision: int
    created_at: datetime
    changed_at: datetime


class Question(BaseModel):
    """One question as a browser asks it."""

    type: Literal["nps", "text"]
    text: str
    low_label: str | None = None
    high_label: str | None = None


class PublishedTexts(BaseModel):
    """The questions in one language, and what is said at the end."""

    questions: list[Question]
    thanks: str | None = None


class PublishedSurvey(PublishedTexts):
    """What a browser needs to ask. No questions: the asker's own words in the reader's language (survey `default`)."""

    id: str
    revision: int
    language: str | None = None
    touchpoint: str | None = None
    colour: str | None = None
    repeat_days: int
    locales: dict[str, PublishedTexts] = {}


def published_texts(texts: SurveyTexts) -> PublishedTexts:
    """The words of a survey as questions."""
    return PublishedTexts(
        questions=[
            Question(type="nps", text=texts.question, low_label=texts.low, high_label=texts.high),
            Question(type="text", text=texts.follow_up),
        ],
        thanks=texts.thanks,
    )
