"""`kin certificate`: verify a certificate of erasure offline, and show the key that it is verified with.

`verify` needs the certificate and the public key, nothing else: no settings, no database. Exit codes: 0 fine, 1 it is not what
the vault signed, 2 wrong usage.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app.audit.note import NoteInvalid
from app.cli.given import text_in, verifier_key, wrong_usage
from app.cli.session import with_parts
from app.rights.certificate import KEY_NAME, open_certificate
from app.wiring.parts import Parts

commands: Final = typer.Typer(no_args_is_help=True, help="Verify certificates of erasure.")


@commands.command()
def verify(
    path: Annotated[Path, typer.Argument(help="The certificate: the API's answer, or its note alone.")],
    key: Annotated[str, typer.Option(help="The certificate key, name+id+key, or a file that holds it.")],
) -> None:
    """Verify a certificate offline, and say in words what it certifies."""
    known = verifier_key(key)
    try:
        document = open_certificate(_note(text_in(path)), known)
    except NoteInvalid as invalid:
        print(f"NOT FINE: {invalid}")
        raise typer.Exit(1) from None
    for line in _words(document):
        print(line)


@commands.command("key")
def show_key(tenant: Annotated[str, typer.Option(help="The tenant.")] = "shop") -> None:
    """Print the key that certificates are verified with, to be given to those who verify."""

    async def work(parts: Parts) -> str | None:
        signing = parts.audit_tree.signing
        return str(signing.signer(f"{tenant}/{KEY_NAME}").key) if signing else None

    print(with_parts(work) or wrong_usage("nothing is signed here; set KIN_AUDIT_SIGNING_KEY"))


def _words(document: dict[str, Any]) -> list[str]:
    records = document["records"]
    erased = sum(len(record["erased"]) for record in records)
    kept = sum(len(record["kept"]) for record in records)
    lines = [
        f"fine: {document['id']} of {document['tenant']}, {document['at']}, on {document['cause']}",
        f"  {document['subject']}: {erased} fields erased, {kept} kept",
        f"  the person's key was {'destroyed; nothing of them is left' if document['key_destroyed'] else 'kept'}",
    ]
    for record in records:
        for name, reasons in sorted(record["kept"].items()):
            for why in reasons:
                until = f"until {why['until']}" if why["until"] else "until it ends"
                for_what = f" for {why['purpose']}" if why["purpose"] else ""
                place = f"{record['record']} {record['collection']}.{name}"
                lines.append(f"  kept: {place}{for_what}, {why['reason']}, clause {why['clause']}, {until}")
    if document["recipients"] is None:
        lines.append("  to be told, outside the shop: nobody can say, for the person's key was damaged")
    elif document["recipients"]:
        lines.append("  to be told, outside the shop: " + ", ".join(document["recipients"]))
    return lines


def _note(text: str) -> str:
    """The note in the API's answer, or the text itself when it is none."""
    try:
        return str(json.loads(text)["note"])
    except (ValueError, KeyError, TypeError):
        return text
