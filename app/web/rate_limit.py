"""How a limit is told in headers: what may be done in a time, how much of it is left, and when it begins anew.

The spelling is that of draft-ietf-httpapi-ratelimit-headers-10: two lists of items (RFC 9651), one item a policy.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quota:
    """A policy: `most` in a `window` of seconds; `left` of it until it begins anew in `seconds`."""

    policy: str
    most: int
    window: int
    left: int
    seconds: int


def rate_limit_headers(quotas: Iterable[Quota]) -> dict[str, str]:
    """`RateLimit-Policy` and `RateLimit`; nothing when there is no quota to tell of."""
    told = list(quotas)
    if not told:
        return {}
    return {
        "RateLimit-Policy": ", ".join(f'"{q.policy}";q={q.most};w={q.window}' for q in told),
        "RateLimit": ", ".join(f'"{q.policy}";r={q.left};t={q.seconds}' for q in told),
    }
