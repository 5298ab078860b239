"""`kin key`: the keyring file that holds the root key."""

from pathlib import Path
from typing import Annotated, Final

import typer

from app.audit.signing_key import create_signing_key
from app.cli.session import with_parts
from app.keys.providers.local import create_keyring
from app.keys.store import WrappedTenantKey
from app.wiring.parts import Parts

commands: Final = typer.Typer(no_args_is_help=True, help="Make a keyring, and see which keys are in use.")


@commands.command()
def init(
    file: Annotated[Path, typer.Argument(help="Where the keyring goes; must not exist.")],
    development: Annotated[
        bool, typer.Option("--development", help="For trying out: production refuses it.")
    ] = False,
) -> None:
    """Make a keyring file with a new root key, and beside it the key that signs the audit log; only their owner can read them."""
    create_keyring(file, development=development)
    signing_key = file.with_name("audit-signing.pem")
    create_signing_key(signing_key)
    print(
        f"made {file} and {signing_key}; keep a copy where the database's backups are not\n"
        f"set KIN_KEYRING={file} KIN_AUDIT_SIGNING_KEY={signing_key}"
    )


@commands.command()
def status(tenant: Annotated[str, typer.Option(help="The tenant.")] = "shop") -> None:
    """List the tenant's keys: kind, version, state. Never a key."""

    async def work(parts: Parts) -> list[WrappedTenantKey]:
        return await parts.keyring.versions(tenant)

    for key in with_parts(work):
        print(f"{key.kind.value:<6} {key.version:>3}  {key.state.value:<8} {key.created_at:%Y-%m-%d}")
