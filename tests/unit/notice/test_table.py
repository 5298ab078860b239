import pytest

from app.notice.model import Channel, Condition
from app.notice.question import Circumstances
from app.notice.reference import reference_notice
from app.notice.table import ALL_CONDITIONS, compile_table, condition_bits, conditions_of

_TABLE = compile_table(reference_notice(), 3)


def _roles(*names: str) -> frozenset[str]:
    return frozenset(names)


def test_a_table_knows_its_notice():
    assert (_TABLE.notice_id, _TABLE.version) == ("shop", 3)
    assert _TABLE.digest == reference_notice().source_digest


def test_purposes_known_and_forbidden():
    assert _TABLE.knows_purpose("order")
    assert _TABLE.knows_purpose("sale")
    assert not _TABLE.knows_purpose("weather")
    assert _TABLE.is_forbidden("sale")
    assert not _TABLE.is_forbidden("order")
    assert not _TABLE.is_forbidden("weather")


@pytest.mark.parametrize(
    ("roles", "purpose", "channel", "collection", "expected"),
    [
        (_roles("support"), "customer-care", Channel.DIRECT, None, True),
        (_roles("support"), "customer-care", Channel.DIRECT, "account", True),
        (_roles("support"), "customer-care", Channel.TOKEN, None, False),
        (_roles("support"), "order", Channel.DIRECT, None, False),
        (_roles("checkout"), "order", Channel.DIRECT, "account", False),
        (_roles("checkout", "support"), "order", Channel.DIRECT, "buyer", True),
        (_roles("carrier"), "delivery", Channel.DIRECT, None, False),
        (_roles("carrier"), "delivery", Channel.TOKEN, "delivery", True),
        (_roles("checkout"), "sale", Channel.DIRECT, None, False),
        (_roles(), "order", Channel.DIRECT, None, False),
        (_roles("\x00"), "\x00", Channel.TOKEN, "\x00", False),
    ],
)
def test_whether_any_grant_serves(roles, purpose, channel, collection, expected):
    assert _TABLE.grants_any(roles, purpose, channel, collection) is expected


def test_fields_that_may_be_written():
    buyer = frozenset(reference_notice().collections["buyer"].fields)
    assert _TABLE.writes(_roles("checkout"), ["order", "payment"], "buyer") == buyer
    assert _TABLE.writes(_roles("checkout"), ["payment"], "buyer") == frozenset()
    assert _TABLE.writes(_roles("checkout"), ["account"], "account") == {"username", "password"}
    assert _TABLE.writes(_roles("support"), ["order", "customer-care"], "buyer") == frozenset()
    assert _TABLE.writes(_roles("checkout"), ["order"], "nowhere") == frozenset()


def test_conditions_of_a_grant_hold_for_writing_too():
    officer, request = _roles("privacy-officer"), ["subject-request"]
    assert _TABLE.writes(officer, request, "delivery") == frozenset()
    with_case = Circumstances(case=True)
    assert "note" in _TABLE.writes(officer, request, "delivery", with_case)
    assert _TABLE.clauses_of_writes(officer, request, "delivery", with_case)["note"] == "care"
    assert _TABLE.clauses_of_writes(officer, request, "delivery") == {}


def test_the_clause_of_a_write():
    assert _TABLE.clauses_of_writes(_roles("checkout"), ["order"], "buyer")["email"] == "trade"
    assert _TABLE.clauses_of_writes(_roles("checkout"), ["account"], "account")["password"] == "account"
    assert "nonsense" not in _TABLE.clauses_of_writes(_roles("checkout"), ["order"], "buyer")


def test_permissions_are_those_of_all_roles():
    assert _TABLE.permissions(_roles("research", "legal")) == {"statistics", "orders.request", "holds"}
    assert _TABLE.permissions(_roles("subject", "nobody")) == frozenset()


def test_recipients_of_tokens():
    assert _TABLE.recipient_roles_for("delivery") == {"carrier"}
    assert _TABLE.recipient_roles_for("payment") == {"payment-provider"}
    assert _TABLE.recipient_roles_for("order") == frozenset()


def test_conditions_as_bits():
    assert [condition_bits([condition]) for condition in Condition] == [1, 2, 4, 8]
    for bits in ALL_CONDITIONS:
        assert condition_bits(conditions_of(bits)) == bits
        assert Circumstances.of(frozenset(conditions_of(bits))).bits == bits


@pytest.mark.parametrize(
    ("roles", "purpose", "expected"),
    [
        (_roles("support"), "customer-care", {Condition.ASSIGNED, Condition.CASE}),
        (_roles("legal"), "authority-request", {Condition.CASE, Condition.APPROVED}),
        (_roles("legal", "subject"), "subject-request", {Condition.OWN}),
        (_roles("privacy-officer", "subject"), "subject-request", {Condition.CASE, Condition.OWN}),
        (_roles("shipping"), "delivery", set()),
        (_roles("shipping"), "weather", set()),
        (_roles(), "customer-care", set()),
    ],
)
def test_only_the_conditions_that_a_grant_names_are_asked_for(roles, purpose, expected):
    assert _TABLE.asks(roles, purpose) == expected
