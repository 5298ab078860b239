"""`kin tenant`: a shop gets its keys and its first notice."""

from pathlib import Path
from typing import Annotated, Final

import typer

from app.cli.session import with_parts
from app.notice.reference import reference_source
from app.wiring.install import install_tenant
from app.wiring.parts import Parts

commands: Final = typer.Typer(no_args_is_help=True, help="Create a tenant.")


@commands.callback()
def _group() -> None:
    """Create a tenant."""


@commands.command()
def create(
    tenant: Annotated[str, typer.Argument(help="Its name: a-z, 0-9 and -, at most 32.")],
    notice: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Its first notice; left out: the reference notice."),
    ] = None,
) -> None:
    """Create a tenant with keys of its own and an active notice."""
    source = notice.read_bytes() if notice else reference_source()

    async def work(parts: Parts) -> None:
        await install_tenant(parts, tenant, source.decode())

    with_parts(work)
    print(f"tenant {tenant} is there; give it callers with `kin caller create`")
