"""The yardstick: a FastAPI route as people write it, with two header dependencies and six JSON fields, that does nothing."""

from typing import Annotated

from fastapi import Depends, FastAPI, Header
from pydantic import BaseModel


class SixFields(BaseModel):
    """As many fields as the record that the vault is asked for."""

    full_name: str
    email: str
    phone: str
    address: str
    birth_date: str
    gender: str


def who(authorization: Annotated[str, Header()]) -> str:
    """The first dependency: a header that must be there."""
    return authorization


def why(vault_purpose: Annotated[str, Header()]) -> str:
    """The second dependency."""
    return vault_purpose


app = FastAPI(openapi_url=None)


@app.get("/v1/records/{record_id}")
async def read(
    record_id: str, caller: Annotated[str, Depends(who)], purpose: Annotated[str, Depends(why)]
) -> SixFields:
    """Answers at once."""
    return SixFields(
        full_name=record_id,
        email=purpose,
        phone="+84903123456",
        address="12 Nguyễn Huệ, Phường Sài Gòn",
        birth_date="1990-05-17",
        gender=caller[:6],
    )
