"""No route without a declared permission, and none open to everybody that is not in this list."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.keys.providers.local import create_keyring
from app.main import create_app_from
from app.web.permissions import undeclared_routes
from tests.support.vaults import settings_for

PUBLIC = {"/livez", "/readyz", "/metrics", "/docs", "/openapi.json"}


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    create_keyring(tmp_path / "keyring.json", development=True)
    return create_app_from(settings_for(f"sqlite:///{tmp_path / 'kin.db'}", tmp_path / "keyring.json"))


def test_every_route_declares_its_permission(app: FastAPI) -> None:
    assert undeclared_routes(app) == []


def test_what_is_public_is_listed(app: FastAPI) -> None:
    declared = {
        str(context.path): (getattr(context, "openapi_extra", None) or {}).get("x-permission")
        for context in iter_route_contexts(app.routes)
    }
    assert {path for path, permission in declared.items() if permission == "public"} == PUBLIC
    assert len(declared) > len(PUBLIC)
