"""`kin caller`: callers and their keys, from the operator's side. A key is printed once."""

from typing import Annotated, Final

import typer

from app.cli.session import with_parts
from app.identity.issue import Actor, IssuedKey
from app.identity.store import StoredCaller, StoredKey
from app.kernel.ids import parse_id, text_of
from app.wiring.parts import Parts

commands: Final = typer.Typer(no_args_is_help=True, help="Create callers, list them, revoke their keys.")
Tenant = Annotated[str, typer.Option(help="The tenant.")]


@commands.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    role: Annotated[list[str], typer.Option(help="A role of the notice; repeat for several.")],
    tenant: Tenant = "shop",
) -> None:
    """Create a caller and print its first key, this once."""

    async def work(parts: Parts) -> IssuedKey:
        known = (await parts.notices.table(tenant)).notice.roles
        created = await parts.callers.create(tenant, name, role, known, Actor())
        return await parts.callers.issue_key(tenant, created.id, Actor())

    issued = with_parts(work)
    print(
        f"caller  {text_of('clr', issued.caller)}\nkey id  {text_of('key', issued.id)}\nkey     {issued.secret}"
    )


@commands.command("list")
def list_callers(tenant: Tenant = "shop") -> None:
    """List callers with their roles and keys."""

    async def work(parts: Parts) -> tuple[list[StoredCaller], list[StoredKey]]:
        return await parts.identity.callers(tenant), await parts.identity.keys(tenant)

    callers, keys = with_parts(work)
    for stored in callers:
        roles = ", ".join(sorted(stored.caller.roles))
        print(f"{text_of('clr', stored.caller.id)}  {stored.state.value:<8}  {stored.caller.name}  {roles}")
        for key in keys:
            if key.caller == stored.caller.id:
                print(f"  {text_of('key', key.id)}  {'revoked' if key.revoked_at else 'live'}")


@commands.command()
def revoke(
    caller: Annotated[str, typer.Argument(help="clr_…")],
    key: Annotated[str, typer.Argument(help="key_…")],
    tenant: Tenant = "shop",
) -> None:
    """Revoke a key; running servers refuse it within KIN_AUTHENTICATION_SECONDS."""
    try:
        of, which = parse_id("clr", caller), parse_id("key", key)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None

    async def work(parts: Parts) -> None:
        await parts.callers.revoke_key(tenant, of, which, Actor())

    with_parts(work)
    print("the key is revoked")
