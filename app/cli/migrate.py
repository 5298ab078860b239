"""`kin migrate`: brings the database's schema to this version."""

from app.cli.session import with_parts
from app.wiring.migrate import migrate
from app.wiring.parts import Parts


def migrate_database() -> None:
    """Bring the database's schema to this version; safe to run again."""

    async def work(parts: Parts) -> None:
        await migrate(parts.database)

    with_parts(work)
    print("the schema is current")
