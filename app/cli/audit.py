"""`kin audit`: verify the log offline or the stored rows against it, export it, watch it, sequence it.

`verify` needs the log's public key and what is to be verified, nothing else: no settings, no database. Exit codes: 0 fine, 1
something was found, 2 wrong usage.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from app.audit.checkpoint import Checkpoint, checkpoints_in
from app.audit.event import Action, Event, Outcome
from app.audit.export import Format, form_of
from app.audit.keep import LogsBehind
from app.audit.note import VerifierKey
from app.audit.proof_file import FIRST_LINE
from app.audit.query import Filter
from app.audit.verify import Report, Trust, verify_export, verify_log, verify_proof
from app.cli.given import text_in, verifier_key, wrong_usage
from app.cli.session import with_parts
from app.kernel.ids import new_uuid
from app.vault.verify_stored import StoredReport
from app.wiring.parts import Parts

commands: Final = typer.Typer(no_args_is_help=True, help="Verify the audit log, export it, watch it.")

_LARGEST_PROOF: Final = 1 << 20

Tenant = Annotated[str, typer.Option(help="The tenant.")]


class Output(StrEnum):
    """How a report is printed."""

    TEXT = "text"
    JSON = "json"


@commands.command()
def verify(
    path: Annotated[
        Path | None, typer.Argument(help="A proof, an export, or the directory of a mirrored log.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The log's verifier key, name+id+key, or a file that holds it.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="A checkpoint published before, or the file of published ones.")
    ] = None,
    witness: Annotated[
        list[str] | None, typer.Option(help="A witness's verifier key; may be given more than once.")
    ] = None,
    output: Annotated[Output, typer.Option("--format", help="How the report is printed.")] = Output.TEXT,
    deep: Annotated[
        bool, typer.Option("--deep", help="Compare the vault's stored rows with the log; needs the settings.")
    ] = False,
    tenant: Tenant = "shop",
) -> None:
    """Verify a proof, an export or a mirrored log offline; with --deep, the vault's stored rows."""
    if deep:
        if path or key:
            wrong_usage("--deep verifies the vault itself; give neither a path nor a key")
        _show_stored(with_parts(lambda parts: parts.stored_verifier.verify(tenant)), output)
        return
    if path is None or key is None:
        wrong_usage("give what to verify and --key, the log's verifier key")
    log_key = verifier_key(key)
    trust = Trust(log_key, [verifier_key(each) for each in witness or ()], _published(checkpoint, log_key))
    try:
        _show(_verified(path, trust), output)
    except OSError as error:
        wrong_usage(f"{path}: {(error.strerror or 'cannot be read').lower()}")


@commands.command()
def export(
    file: Annotated[Path | None, typer.Argument(help="Where it goes; to standard output without.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.NDJSON,
    tenant: Tenant = "shop",
) -> None:
    """Write the whole log up to its newest checkpoint, with what a verifier needs."""

    async def work(parts: Parts) -> None:
        await parts.audit.append(_asked(parts, tenant, "export"))
        out = file.open("xb") if file else sys.stdout.buffer
        try:
            async for piece in parts.audit_tree.exporter.export(tenant, Filter(), form_of(form)):
                out.write(piece)
            out.flush()
        finally:
            if file:
                out.close()

    try:
        with_parts(work)
    except OSError as error:
        wrong_usage(f"{file or 'the output'}: {(error.strerror or 'cannot be written').lower()}")


@commands.command()
def tail(
    number: Annotated[
        int, typer.Option("-n", "--number", min=0, max=1000, help="How many to begin with.")
    ] = 10,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with what is added.")] = False,
    tenant: Tenant = "shop",
) -> None:
    """Print the newest events, one JSON object a line, the newest last."""

    async def work(parts: Parts) -> None:
        await parts.audit.append(_asked(parts, tenant, "tail"))
        seen: set[str] = set()
        largest = number
        while True:
            newest = await parts.audit_query.page(tenant, Filter(), limit=max(1, largest))
            for event in reversed(newest.items[:largest]):
                if event["id"] not in seen:
                    print(json.dumps(event, ensure_ascii=False), flush=True)
            if not follow:
                return
            seen = {event["id"] for event in newest.items}
            largest = 1000
            await asyncio.sleep(1)

    with_parts(work)


@commands.command("key")
def show_key(tenant: Tenant = "shop") -> None:
    """Print the log's verifier key, to be given to those who verify."""

    async def work(parts: Parts) -> str | None:
        key = await parts.audit_tree.key(tenant)
        return str(key) if key else None

    print(with_parts(work) or wrong_usage("nothing is signed here; set KIN_AUDIT_SIGNING_KEY"))


@commands.command("new-log")
def new_log(
    after_restore: Annotated[
        bool, typer.Option("--after-restore", help="Say that the database was put back to an older state.")
    ] = False,
    tenant: Tenant = "shop",
) -> None:
    """Begin the log anew under another name, keeping what it holds: its published checkpoints know more than the database."""
    if not after_restore:
        wrong_usage(
            "a log keeps its name; only when the database was put back to an older state give --after-restore"
        )
    begun = with_parts(lambda parts: parts.audit_tree.beginner.begin(tenant))
    if begun is None:
        wrong_usage("nothing is signed here; set KIN_AUDIT_SIGNING_KEY")
    print(f"the log keeps {begun.kept} events and is now verified with\n{begun.key}")
    if begun.last and begun.last.size > begun.kept:
        print(
            f"published, and lost with the database: events {begun.kept} to {begun.last.size - 1} of the old log"
        )


@commands.command()
def sequence(
    once: Annotated[bool, typer.Option("--once", help="Stop when nothing is left to sequence.")] = False,
) -> None:
    """Sequence, sign and publish the logs of all tenants, as a process of its own."""

    def report(error: Exception) -> None:
        print(f"kin: {type(error).__name__}: {error}", file=sys.stderr, flush=True)

    async def work(parts: Parts) -> None:
        keeper = parts.audit_tree.keeper
        await (keeper.catch_up() if once else keeper.run(report))

    try:
        with_parts(work)
    except LogsBehind as behind:
        for words in behind.left:
            print(f"kin: {words}", file=sys.stderr)
        raise typer.Exit(1) from None


def _verified(path: Path, trust: Trust) -> Report:
    if path.is_dir():
        return verify_log(_reader(path), trust)
    with path.open("rb") as file:
        if file.read(len(FIRST_LINE)) == FIRST_LINE.encode():
            file.seek(0)
            return verify_proof(file.read(_LARGEST_PROOF).decode(errors="replace"), trust)
        file.seek(0)
        return verify_export(file, trust)


def _reader(directory: Path) -> Callable[[str], bytes | None]:
    def read(name: str) -> bytes | None:
        try:
            return (directory / name).read_bytes()
        except FileNotFoundError:
            return None

    return read


def _published(path: Path | None, key: VerifierKey) -> list[Checkpoint]:
    if path is None:
        return []
    found = list(checkpoints_in(text_in(path), key))
    if not found:
        wrong_usage(f"{path} holds no checkpoint that this key has signed")
    return found


def _show(report: Report, output: Output) -> None:
    if output is Output.JSON:
        document = {
            "kind": report.kind,
            "fine": report.fine,
            "size": report.size,
            "events": report.events,
            "findings": [{"code": f.code, "leaf": f.leaf, "detail": f.detail} for f in report.findings],
            "more_findings": report.more_findings,
            "unknown": report.unknown,
        }
        print(json.dumps(document, ensure_ascii=False))
    else:
        _print(report)
    if not report.fine:
        raise typer.Exit(1)


def _print(report: Report) -> None:
    under = "no checkpoint that counts" if report.size is None else f"a checkpoint of {report.size}"
    print(f"{report.kind}: {report.events} events under {under}: {'fine' if report.fine else 'NOT FINE'}")
    for finding in report.findings:
        place = "" if finding.leaf is None else f" at leaf {finding.leaf}"
        print(f"  {finding.code}{place}: {finding.detail}")
    if report.more_findings:
        print(f"  and {report.more_findings} more")
    for unknown in report.unknown:
        print(f"  not known: {unknown}")


def _show_stored(report: StoredReport, output: Output) -> None:
    if output is Output.JSON:
        found = [{"code": f.code, "record": f.record, "field": f.field} for f in report.findings]
        print(json.dumps({"fine": not found, "fields": report.fields, "findings": found}))
    else:
        print(f"stored: {report.fields} fields compared: {'fine' if not report.findings else 'NOT FINE'}")
        for finding in report.findings:
            print(f"  {finding.code}: record {finding.record} field {finding.field}")
    if report.findings:
        raise typer.Exit(1)


def _asked(parts: Parts, tenant: str, about: str) -> Event:
    """The operator at the command line is on record too; no caller is known there."""
    return Event(
        id=new_uuid(),
        at=parts.clock.now(),
        tenant=tenant,
        action=Action.AUDIT_QUERY,
        outcome=Outcome.ALLOWED,
        about=about,
    )
