"""`kin check`: looks at settings, keys, database, migrations and log, and says which of them is not well."""

import typer

from app.cli.session import with_parts
from app.wiring.health import readiness
from app.wiring.parts import Parts
from app.wiring.preflight import preflight


def check() -> None:
    """Check the settings, the keys, the database and the log; exit code 1 when one of them is not well."""

    async def work(parts: Parts) -> dict[str, str]:
        found = await readiness(parts)
        if all(state != "unavailable" for state in found.values()):
            await preflight(parts)
        return found

    found = with_parts(work)
    for part, state in found.items():
        print(f"{part:<12} {state}")
    warnings = {"file", "witness", "file,witness", "no-key", "no-ledger"}
    if any(state not in {"ok", *warnings} for state in found.values()):
        raise typer.Exit(1)
