"""What the vault counts about itself, for Prometheus: about ten metrics, no personal data, no raw path.

Labels come from closed lists only (route templates, purposes of the notice, forms, outcomes), so that no
sender can make the registry grow. One `Metrics` is built by the composition root and handed to whoever
counts.
"""

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_BATCH: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1024)


class Metrics:
    """The counters and their registry."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "kin_requests",
            "Answers by method, route and status",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "kin_request_seconds", "Time to answer", ["route"], buckets=_SECONDS, registry=registry
        )
        self._in_flight = Gauge("kin_requests_in_flight", "Requests being answered", registry=registry)
        self._disclosures = Counter(
            "kin_disclosures", "Decisions by purpose and outcome", ["purpose", "outcome"], registry=registry
        )
        self._fields = Counter(
            "kin_disclosed_fields",
            "Fields by purpose and the form given",
            ["purpose", "form"],
            registry=registry,
        )
        self._events = Counter("kin_audit_events", "Audit events made durable", registry=registry)
        self._batches = Histogram(
            "kin_audit_batch_events", "Audit events in one commit", buckets=_BATCH, registry=registry
        )
        self._database_errors = Counter("kin_database_errors", "Failed database calls", registry=registry)
        self._auth_failures = Counter("kin_authentication_failures", "Refused credentials", registry=registry)
        self._limited = Counter("kin_rate_limited", "Answers 429", registry=registry)
        self._job_success = Gauge(
            "kin_job_last_success_timestamp_seconds",
            "When a job of the schedule last succeeded for all tenants",
            ["job"],
            registry=registry,
        )
        self._job_failures = Counter("kin_job_failures", "Failed runs of a job", ["job"], registry=registry)
        # labels() takes a lock and builds a tuple of strings; a route's series is looked up once instead.
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def request_began(self) -> None:
        """A request came in."""
        self._in_flight.inc()

    def request_ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """Its answer went out: `route` is the template, `method` one that HTTP knows."""
        self._in_flight.dec()
        key = (method, route, status)
        series = self._series.get(key)
        if series is None:
            series = (self._requests.labels(method, route, str(status)), self._seconds.labels(route))
            self._series[key] = series
        series[0].inc()
        series[1].observe(seconds)

    def disclosed(
        self, decisions: Mapping[tuple[str, str], int], forms: Mapping[tuple[str, str], int]
    ) -> None:
        """How many decisions for each purpose and outcome, how many fields for each purpose and form.

        A purpose is one the notice names, or `unknown`.
        """
        for (purpose, outcome), count in decisions.items():
            self._disclosures.labels(purpose, outcome).inc(count)
        for (purpose, form), count in forms.items():
            self._fields.labels(purpose, form).inc(count)

    def events_appended(self, count: int) -> None:
        """One commit made `count` audit events durable."""
        self._events.inc(count)
        self._batches.observe(count)

    def database_failed(self) -> None:
        """A database call failed or timed out."""
        self._database_errors.inc()

    def authentication_failed(self) -> None:
        """A credential was refused."""
        self._auth_failures.inc()

    def rate_limited(self) -> None:
        """A caller was told to wait."""
        self._limited.inc()

    def job_done(self, job: str) -> None:
        """A job of the schedule has run for every tenant."""
        self._job_success.labels(job).set_to_current_time()

    def job_failed(self, job: str) -> None:
        """A job has failed for a tenant."""
        self._job_failures.labels(job).inc()

    def render(self) -> bytes:
        """All metrics in the text format, to be served as `CONTENT_TYPE`."""
        return generate_latest(self.registry)
