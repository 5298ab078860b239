"""How the words of a body are spelled: ids, references, names, times, durations, reasons."""

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from app.kernel.duration import Duration
from app.subjects.words import MOST_CHARACTERS

_ID = r"_[0-7][0-9a-hjkmnp-tv-z]{25}$"
SubjectId = Annotated[str, StringConstraints(strict=True, pattern="^sub" + _ID)]
CallerId = Annotated[str, StringConstraints(strict=True, pattern="^clr" + _ID)]
BindingId = Annotated[str, StringConstraints(strict=True, pattern="^bnd" + _ID)]
Name = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9-]{0,63}$")]
FieldName = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9_.*-]{1,130}$")]
Reference = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9._:/-]{1,64}$")]
Words = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=MOST_CHARACTERS)]
"""A reason in somebody's own words; sealed at rest, and never in the log."""


def _written_as_text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("a time is written as text")  # noqa: TRY004  # pydantic reports ValueError by field
    return value


def _a_duration(text: str) -> str:
    Duration.parse(text)
    return text


Moment = Annotated[AwareDatetime, BeforeValidator(_written_as_text)]
DurationText = Annotated[str, StringConstraints(strict=True, max_length=32), AfterValidator(_a_duration)]


class Body(BaseModel):
    """A body that knows all its members."""

    model_config = ConfigDict(extra="forbid")
