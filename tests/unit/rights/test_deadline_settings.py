"""An operator's terms: from a file or the environment, and refused by name when they cannot be read."""

from pathlib import Path

import pytest

from app.settings.settings import Settings, SettingsRefused, load

REQUIRED = {"database_url": "sqlite:///kin.db", "keyring": Path("keyring.json")}


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Loader":
    return Loader(monkeypatch, tmp_path)


class Loader:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
        self._monkeypatch = monkeypatch
        self._directory = directory

    def environment(self, text: str) -> Settings:
        self._monkeypatch.setenv("KIN_DEADLINES", text)
        return load(**REQUIRED)

    def file(self, text: str) -> Settings:
        path = self._directory / "kin.toml"
        path.write_text(text)
        self._monkeypatch.setenv("KIN_CONFIG", str(path))
        return load(**REQUIRED)


def test_the_terms_can_stand_in_either_place(loaded: Loader) -> None:
    in_file = loaded.file(
        '[deadlines]\nprofile = "gdpr"\ndays_off = ["2027-02-04"]\n[deadlines.terms.access]\nwithin = "P7D"\n'
    )
    in_environment = loaded.environment(
        '{"profile": "gdpr", "days_off": ["2027-02-04"], "terms": {"access": {"within": "P7D"}}}'
    )
    assert in_file.deadlines == in_environment.deadlines
    assert in_file.deadlines.terms["access"].within == "P7D"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("gdpr", "KIN_DEADLINES: is not JSON"),
        ('{"profile": "none"}', "KIN_DEADLINES_PROFILE: "),
        ('{"terms": {"access": {"within": "10 days"}}}', "KIN_DEADLINES_TERMS_ACCESS_WITHIN: "),
        ('{"days": []}', "KIN_DEADLINES_DAYS: is not a setting"),
        ('{"acknowledge_working_days": 0}', "KIN_DEADLINES_ACKNOWLEDGE_WORKING_DAYS: "),
    ],
)
def test_what_cannot_be_read_is_named_and_never_quoted(loaded: Loader, text: str, named: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        loaded.environment(text)
    assert str(refused.value).startswith(named)
    assert "10 days" not in str(refused.value)
