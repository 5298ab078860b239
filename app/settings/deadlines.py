"""How an operator writes the terms of people's requests, and the days that the shop does or does not work.

What they mean is decided in `rights/deadline`.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.kernel.duration import Duration


def _a_duration(text: str) -> str:
    Duration.parse(text)
    return text


DurationText = Annotated[str, AfterValidator(_a_duration)]
RequestName = Literal["access", "rectification", "erasure", "restriction", "objection", "withdrawal"]


class TermSettings(BaseModel):
    """One kind of request; what is left out is the profile's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    within: DurationText | None = None
    with_recipients: DurationText | None = None
    extension: DurationText | None = None


class DeadlineSettings(BaseModel):
    """The table `deadlines`: a profile, what differs from it, and the shop's own days."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: Literal["vietnam", "gdpr"] = "vietnam"
    acknowledge_working_days: int | None = Field(default=None, ge=1, le=60)
    terms: dict[RequestName, TermSettings] = Field(default_factory=dict)
    days_off: frozenset[date] = frozenset()
    working_days: frozenset[date] = frozenset()
