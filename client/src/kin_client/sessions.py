"""Customers' sessions: a short-lived credential for a customer's own data, ended by either side, everywhere at once."""

from datetime import datetime, timedelta

from pydantic import Field

from kin_client.answer import Model, Receipt, parsed
from kin_client.operation import Operation, post
from kin_client.spelling import check_id, iso_8601


class Session(Model):
    """A session; `credential` is shown this once, is used as a key, and does not show in a `repr`."""

    subject: str
    credential: str = Field(repr=False)
    expires_at: datetime
    receipt: Receipt


class EndedSessions(Model):
    """How many sessions there were to end."""

    ended: int
    receipt: Receipt


def start_session(subject: str, *, expires_in: timedelta | None = None) -> Operation[Session]:
    """Sign a customer in, for 15 minutes unless another time is given."""
    document = {} if expires_in is None else {"expires_in": iso_8601(expires_in)}
    return parsed(Session, (yield post(f"/v1/subjects/{check_id('sub', subject)}/sessions", document)))


def end_sessions(subject: str) -> Operation[EndedSessions]:
    """Sign a customer out everywhere."""
    return parsed(EndedSessions, (yield post(f"/v1/subjects/{check_id('sub', subject)}/sessions/end")))


def sign_out() -> Operation[EndedSessions]:
    """Sign out everywhere, as the customer whose credential is this vault's key."""
    return parsed(EndedSessions, (yield post("/v1/sessions/end")))
