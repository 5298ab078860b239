import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.notice import commands
from app.notice.reference import reference_source


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(commands, [str(argument) for argument in arguments])


def _written(folder: Path, source: str | bytes) -> Path:
    path = folder / "notice.toml"
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    return path


def test_the_reference_notice_is_fine():
    result = _run("check")
    assert result.exit_code == 0
    assert "86,528 cells" in result.output


def test_a_finding_is_printed_with_its_place_and_without_colour(tmp_path):
    source = reference_source().decode()
    path = _written(tmp_path, source.replace('when    = ["assigned", "case"]', 'when    = ["case"]'))
    result = _run("check", path)
    line = source[: source.index('[[grants]]\nclause  = "assigned-staff"')].count("\n") + 1
    assert result.exit_code == 1
    assert result.output.startswith(f"{path}:{line}: error[never-broken]: never: 'staff read contact details")
    assert "\x1b" not in result.output


def test_a_warning_alone_does_not_fail(tmp_path):
    source = (
        reference_source().decode().replace("[roles.support]", '[roles.dreamer]\nsays = "x"\n[roles.support]')
    )
    result = _run("check", _written(tmp_path, source))
    assert result.exit_code == 0
    assert "warning[unused-role]" in result.output


@pytest.mark.parametrize(
    "command", [["check"], ["matrix"], ["explain", "--role", "a", "--purpose", "b", "--collection", "c"]]
)
@pytest.mark.parametrize("source", ["a = ", b"\xff\xfe", "[notice]\n", '[clauses."[red]\\u001b[31m"]\n'])
def test_what_is_no_notice_is_reported_without_a_traceback(tmp_path, command, source):
    result = _run(*command, _written(tmp_path, source))
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "error[" in result.output
    assert "\x1b" not in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "/no/such/file.toml"],
        ["check", "/"],
        ["check", "a\x00b"],
        ["matrix", "--format", "pdf"],
        ["explain"],
        ["explain", "--role", "suport", "--purpose", "order", "--collection", "buyer"],
        ["explain", "--role", "support", "--purpose", "order", "--collection", "buyers"],
        ["explain", "--role", "support", "--purpose", "order", "--collection", "buyer", "--field", "mail"],
        ["explain", "--role", "support", "--purpose", "order", "--collection", "buyer", "--channel", "post"],
        ["nonsense"],
    ],
)
def test_wrong_usage_is_2_and_never_a_traceback(arguments):
    result = _run(*arguments)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)


def test_the_matrix_in_three_formats():
    assert "masked; plain if assigned and case" in _run("matrix").output
    assert len(list(csv.reader(io.StringIO(_run("matrix", "--format", "csv").output)))) == 14
    assert len(json.loads(_run("matrix", "--format", "json").output)["columns"]) == 16


def _explained(*options: str) -> dict[str, dict[str, str]]:
    base = [
        "explain",
        "--role",
        "support",
        "--purpose",
        "customer-care",
        "--collection",
        "buyer",
        "--format",
        "json",
    ]
    result = _run(*base, *options)
    assert result.exit_code == 0
    fields: dict[str, dict[str, str]] = json.loads(result.output)["fields"]
    return fields


def test_explain_takes_the_circumstances_from_its_options():
    assert len(_explained()) == 7
    assert _explained("--field", "email", "--field", "phone").keys() == {"email", "phone"}
    assert _explained("--assigned", "--case")["address"]["form"] == "plain"
    assert _explained("--closed")["email"]["reason"] == "purpose-not-open"
    assert _explained("--restricted")["email"]["reason"] == "restricted"
    assert _explained("--channel", "token")["email"]["reason"] == "not-granted"
    assert _explained("--form", "token")["email"]["form"] == "token"
    assert _explained("--approved", "--own")["address"]["reason"] == "needs-assigned"


def test_explain_answers_for_an_unknown_purpose_as_the_vault_would():
    result = _run(
        "explain", "--role", "support", "--purpose", "weather", "--collection", "buyer", "--field", "email"
    )
    assert result.exit_code == 0
    assert "email: withheld (unknown-purpose)" in result.output
