"""`kin serve`: the vault in production. Refuses in the parent, before any worker starts, what start-up must refuse."""

from typing import Annotated, Any

import typer
import uvicorn

from app.cli.session import with_parts
from app.settings.settings import load
from app.storage.engine import database_url
from app.wiring.erase_again import erase_again
from app.wiring.parts import Parts
from app.wiring.preflight import preflight

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")]
Workers = Annotated[
    int, typer.Option(min=1, max=64, help="How many processes; as many as cores, on PostgreSQL.")
]


def serve(host: Host = "127.0.0.1", port: Port = 8080, workers: Workers = 1) -> None:
    """Serve the vault with the settings of the environment (KIN_…)."""
    settings = load()
    if workers > 1 and database_url(settings.database_url).get_backend_name() == "sqlite":
        raise typer.BadParameter("SQLite serves one process; use PostgreSQL for more", param_hint="--workers")
    with_parts(_made_ready)
    uvicorn.run(**server_options(host, port), workers=workers)


async def _made_ready(parts: Parts) -> None:
    await preflight(parts)
    await erase_again(parts, parts.settings.erasure_ledger)


def server_options(host: str, port: int) -> dict[str, Any]:
    """How uvicorn serves the vault: its own log and headers are off, ours say what may be said."""
    return {
        "app": "app.main:create_app",
        "factory": True,
        "host": host,
        "port": port,
        "loop": "uvloop",
        "http": "httptools",
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "h11_max_incomplete_event_size": 65536,
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": 20,
    }
