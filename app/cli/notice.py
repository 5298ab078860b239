"""`kin notice`: check, print and question a notice from its file, without a database.

Decides how findings and answers look in a terminal and which exit code they have: 0 fine, 1 findings with
errors, 2 wrong usage. Without a file the reference notice is meant.
"""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from app.notice.cells import number_of_cells
from app.notice.check import check as check_notice
from app.notice.explain import as_data as explanation_data
from app.notice.explain import as_text as explanation_text
from app.notice.explain import explain as explain_question
from app.notice.finding import Finding, NoticeInvalid, Severity, did_you_mean, has_errors, quoted
from app.notice.matrix import as_csv, as_json, as_text
from app.notice.matrix import matrix as matrix_of
from app.notice.model import BindingState, Channel, Form, Notice
from app.notice.parse import parse
from app.notice.question import Circumstances, Question, Standing
from app.notice.reference import FILE_NAME, reference_source
from app.notice.table import compile_table

commands: Final = typer.Typer(
    no_args_is_help=True, help="Check a privacy notice, print it as a matrix, ask it questions."
)

_COLOURS: Final = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}

File = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]", help="The notice as TOML; left out: the reference notice.", show_default=False
    ),
]


class MatrixFormat(StrEnum):
    """How a matrix is printed."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"


class ExplainFormat(StrEnum):
    """How an explanation is printed."""

    TEXT = "text"
    JSON = "json"


@commands.command()
def check(file: File = None) -> None:
    """Go through every cell of a notice and report what is wrong with it."""
    notice = _load(file)
    findings = check_notice(notice)
    _print(findings, _name_of(file))
    if has_errors(findings):
        raise typer.Exit(1)
    counts = (
        f"{len(notice.clauses)} clauses, {len(notice.purposes)} purposes, {len(notice.roles)} roles, "
        f"{len(notice.grants)} grants, {len(notice.never)} nevers and {len(notice.examples)} examples hold "
        f"in all {number_of_cells(notice):,} cells"
    )
    _console().print(Text.assemble((f"{_name_of(file)}: fine", "bold green"), f": {counts}"), soft_wrap=True)


@commands.command()
def matrix(
    file: File = None,
    form: Annotated[MatrixFormat, typer.Option("--format", help="How to print it.")] = MatrixFormat.TEXT,
) -> None:
    """Print who can see what: rows are fields, columns role × purpose, cells forms with conditions."""
    made = matrix_of(_load(file))
    printers = {MatrixFormat.TEXT: as_text, MatrixFormat.CSV: as_csv, MatrixFormat.JSON: as_json}
    typer.echo(printers[form](made), nl=False)


@commands.command()
def explain(
    role: Annotated[list[str], typer.Option("--role", help="A role of the caller; may be repeated.")],
    purpose: Annotated[str, typer.Option("--purpose", help="What the data is asked for.")],
    collection: Annotated[str, typer.Option("--collection", help="Where the fields are.")],
    file: File = None,
    field: Annotated[
        list[str] | None, typer.Option("--field", help="A field; may be repeated; default: all.")
    ] = None,
    is_open: Annotated[
        bool, typer.Option("--open/--closed", help="Whether the purpose is open on the record.")
    ] = True,
    channel: Annotated[Channel, typer.Option("--channel", help="How the caller reads.")] = Channel.DIRECT,
    asked: Annotated[Form | None, typer.Option("--form", help="Ask for no more than this form.")] = None,
    assigned: Annotated[
        bool, typer.Option("--assigned", help="The caller is assigned to the customer.")
    ] = False,
    case: Annotated[bool, typer.Option("--case", help="The call names a case.")] = False,
    approved: Annotated[bool, typer.Option("--approved", help="A second person has approved.")] = False,
    own: Annotated[bool, typer.Option("--own", help="The caller is the customer.")] = False,
    restricted: Annotated[
        bool, typer.Option("--restricted", help="The customer restricted processing.")
    ] = False,
    form: Annotated[ExplainFormat, typer.Option("--format", help="How to print it.")] = ExplainFormat.TEXT,
) -> None:
    """Answer one question, with the reasons in their order and the clauses."""
    notice = _load(file)
    question = Question(
        roles=frozenset(_known("role", name, list(notice.roles)) for name in role),
        purpose=purpose,
        collection=collection,
        fields=_fields(notice, collection, field or []),
        channel=channel,
        standing=Standing(BindingState.OPEN if is_open else BindingState.CLOSED, restricted=restricted),
        circumstances=Circumstances(assigned=assigned, case=case, approved=approved, own=own),
        asked=asked,
    )
    answer = explain_question(compile_table(notice, 0), question)
    if form is ExplainFormat.JSON:
        typer.echo(json.dumps(explanation_data(answer), ensure_ascii=False, indent=2))
    else:
        typer.echo(explanation_text(answer), nl=False)


def _fields(notice: Notice, collection: str, asked: list[str]) -> tuple[str, ...]:
    """The fields asked for, or all of the collection."""
    fields = list(notice.collections[_known("collection", collection, list(notice.collections))].fields)
    return tuple(_known("field", name, fields) for name in asked) or tuple(fields)


def _known(what: str, name: str, known: list[str]) -> str:
    if name not in known:
        _wrong_usage(f"the notice has no {what} {quoted(name)}{did_you_mean(name, known)}")
    return name


def _load(file: Path | None) -> Notice:
    """The notice in the file; if it is none, its errors are printed and the command ends."""
    try:
        return parse(reference_source() if file is None else file.read_bytes())
    except NoticeInvalid as invalid:
        _print(invalid.findings, _name_of(file))
        raise typer.Exit(1) from None
    except (OSError, ValueError) as wrong:  # a path with a NUL in it is a ValueError
        reason = wrong.strerror if isinstance(wrong, OSError) and wrong.strerror else "not a path"
        _wrong_usage(f"{_name_of(file)} cannot be read: {reason.lower()}")


def _wrong_usage(message: str) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(2)


def _name_of(file: Path | None) -> str:
    return FILE_NAME if file is None else ascii(str(file)) if not str(file).isprintable() else str(file)


def _print(findings: tuple[Finding, ...], name: str) -> None:
    """One line each: `file:line: error[code]: message`."""
    for finding in findings:
        place = f"{name}:{finding.line}" if finding.line is not None else name
        severity = (f"{finding.severity.value}[{finding.code}]", _COLOURS[finding.severity])
        _console().print(Text.assemble(f"{place}: ", severity, f": {finding.message}"), soft_wrap=True)


def _console() -> Console:
    """Colour only where somebody looks: rich finds out whether it writes to a terminal."""
    return Console(highlight=False, emoji=False)
