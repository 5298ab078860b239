"""What /metrics says after what was counted."""

from app.web.metrics import Metrics


def test_everything_counted_is_rendered_under_closed_labels() -> None:
    metrics = Metrics()
    metrics.request_began()
    metrics.request_began()
    for _ in range(2):
        metrics.request_ended("GET", "/v1/records/{record_id}", 200, 0.003)
    metrics.request_began()
    forms = {("delivery", "plain"): 1, ("delivery", "masked"): 2, ("delivery", "withheld"): 0}
    metrics.disclosed({("delivery", "partial"): 1}, forms)
    metrics.events_appended(8)
    metrics.events_appended(1)
    metrics.database_failed()
    metrics.authentication_failed()
    metrics.rate_limited()
    lines = set(metrics.render().decode().splitlines())
    assert {
        'kin_requests_total{method="GET",route="/v1/records/{record_id}",status="200"} 2.0',
        'kin_request_seconds_bucket{le="0.002",route="/v1/records/{record_id}"} 0.0',
        'kin_request_seconds_bucket{le="0.005",route="/v1/records/{record_id}"} 2.0',
        "kin_requests_in_flight 1.0",
        'kin_disclosures_total{outcome="partial",purpose="delivery"} 1.0',
        'kin_disclosed_fields_total{form="masked",purpose="delivery"} 2.0',
        "kin_audit_events_total 9.0",
        'kin_audit_batch_events_bucket{le="8.0"} 2.0',
        "kin_database_errors_total 1.0",
        "kin_authentication_failures_total 1.0",
        "kin_rate_limited_total 1.0",
    } <= lines


def test_two_registries_do_not_know_each_other() -> None:
    first, second = Metrics(), Metrics()
    first.database_failed()
    assert b"kin_database_errors_total 0.0" in second.render()
