"""The table of contents of the API: every resource and its file."""

from fastapi import APIRouter

from app.api.audit import audit_router
from app.api.audit_log import audit_log_router
from app.api.audit_proofs import audit_proofs_router
from app.api.bindings import bindings_router
from app.api.callers import callers_router
from app.api.consents import consents_router
from app.api.erasures import erasures_router
from app.api.health import health_router
from app.api.holds import holds_router
from app.api.notice import notice_router
from app.api.orders import orders_router
from app.api.record_batches import record_batches_router
from app.api.record_changes import record_changes_router
from app.api.records import records_router
from app.api.requests import requests_router
from app.api.retention import retention_router
from app.api.sessions import sessions_router
from app.api.statistics import statistics_router
from app.api.subject_export import subject_export_router
from app.api.subjects import subjects_router
from app.api.tokens import tokens_router
from app.web.metrics import Metrics
from app.wiring.parts import Parts


def api_routers(parts: Parts, metrics: Metrics) -> list[APIRouter]:
    """The routers, the busiest first."""
    return [
        record_batches_router(parts, metrics),
        records_router(parts, metrics),
        record_changes_router(parts),
        tokens_router(parts),
        statistics_router(parts),
        subjects_router(parts),
        erasures_router(parts),
        consents_router(parts),
        bindings_router(parts),
        holds_router(parts),
        orders_router(parts),
        requests_router(parts),
        subject_export_router(parts, metrics),
        sessions_router(parts),
        retention_router(parts),
        audit_router(parts),
        audit_proofs_router(parts),
        audit_log_router(parts),
        notice_router(parts),
        callers_router(parts),
        health_router(parts, metrics),
    ]
