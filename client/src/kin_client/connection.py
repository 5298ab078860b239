"""What both vaults share beside the operations: how the HTTP client is set up, and how a method shows what it takes."""

import inspect
import types
import typing
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import httpx

from kin_client.operation import Request
from kin_client.spelling import check_key

_SELF: Final = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)


def client_options(base_url: str, key: str, timeout: float) -> dict[str, Any]:
    """The arguments of `httpx.Client` and `httpx.AsyncClient`; ValueError for an address or a key that cannot be one."""
    url = httpx.URL(base_url)
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("give the vault's address as https://host or http://host:port")
    headers = {
        "Authorization": f"Bearer {check_key(key)}",
        "Accept": "application/json, application/problem+json",
        "User-Agent": f"kin-client/{_version()}",
    }
    return {"base_url": url, "headers": headers, "timeout": timeout, "follow_redirects": False}


def arguments(request: Request) -> dict[str, Any]:
    """The arguments of `httpx.Client.request`."""
    return {
        "method": request.method,
        "url": request.path,
        "params": dict(request.params),
        "headers": dict(request.headers),
        "content": request.body,
    }


def described(method: Callable[..., Any], build: Callable[..., Any], listing: type | None = None) -> None:
    """Give a method the name, words and signature of the operation it carries out, for `help` and editors.

    It gives what the operation results in, or a `listing` of it.
    """
    signature = inspect.signature(build)
    (*_, result) = typing.get_args(signature.return_annotation)
    method.__name__ = method.__qualname__ = build.__name__
    method.__doc__ = build.__doc__
    vars(method)["__signature__"] = signature.replace(
        parameters=[_SELF, *signature.parameters.values()],
        return_annotation=result if listing is None else types.GenericAlias(listing, (result,)),
    )


def _version() -> str:
    try:
        return version("kin-client")
    except PackageNotFoundError:
        return "source"  # run from a checkout that was not installed
