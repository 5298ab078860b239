"""What a log line may say: an event from a closed list and fields from a closed list, one JSON object a
line.

There is no way to log a text. A line is made only by `log` and `log_failure`; whatever other code hands to
`logging`, the libraries included, comes out as its logger's name and its level, because a driver's message
can carry a row.
"""

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from traceback import walk_tb
from types import MappingProxyType
from typing import Final, TextIO, TypedDict, Unpack

from app.kernel.clock import rfc3339


class LogEvent(StrEnum):
    """Everything that the vault writes into its log."""

    REQUEST = "request"
    INTERNAL_ERROR = "internal-error"
    STARTED = "started"
    STOPPED = "stopped"
    AUTHENTICATION_FAILED = "authentication-failed"
    DEPENDENCY_UNAVAILABLE = "dependency-unavailable"
    NOTICE_ACTIVATED = "notice-activated"
    CHECKPOINT_SIGNED = "checkpoint-signed"
    CHECKPOINT_NOT_PUBLISHED = "checkpoint-not-published"
    JOB_DONE = "job-done"
    JOB_FAILED = "job-failed"


class LogFields(TypedDict, total=False):
    """Everything that may stand beside an event. Texts that are not plain identifiers are replaced by `?`."""

    request: str
    trace: str
    method: str
    route: str
    status: int
    ms: float
    caller: str
    exception: str
    place: str
    dependency: str
    job: str
    count: int
    version: int


_LEVELS: Final[Mapping[LogEvent, int]] = MappingProxyType(
    {
        LogEvent.INTERNAL_ERROR: logging.ERROR,
        LogEvent.JOB_FAILED: logging.ERROR,
        LogEvent.AUTHENTICATION_FAILED: logging.WARNING,
        LogEvent.DEPENDENCY_UNAVAILABLE: logging.WARNING,
        LogEvent.CHECKPOINT_NOT_PUBLISHED: logging.WARNING,
    }
)
_ENCODE: Final = json.JSONEncoder(separators=(",", ":")).encode
_ALLOWED: Final = frozenset(LogFields.__annotations__)
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:{}<>-]{1,160}")
_SERVER_LINES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Started server process [%d]": "server process started",
        "Waiting for application startup.": "application starting",
        "Application startup complete.": "application started",
        "Application startup failed. Exiting.": "application failed to start",
        "Shutting down": "server shutting down",
        "Waiting for connections to close. (CTRL+C to force quit)": "waiting for connections to close",
        "Waiting for application shutdown.": "application stopping",
        "Application shutdown complete.": "application stopped",
        "Finished server process [%d]": "server process finished",
    }
)


class _EventRecord(logging.LogRecord):
    """A record that this module made; the formatter believes no other."""

    def __init__(self, logger: logging.Logger, level: int, event: LogEvent, fields: LogFields) -> None:
        super().__init__(logger.name, level, "", 0, event.value, None, None)
        self.event = event
        self.fields = fields


class JsonFormatter(logging.Formatter):
    """Records as JSON lines; never a message, an argument or a traceback of anybody else."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": rfc3339(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": _plain(record.name),
        }
        if isinstance(record, _EventRecord):
            line["event"] = record.event.value
            for key, value in record.fields.items():
                if key in _ALLOWED:
                    line[key] = _plain(value)
        elif (words := _server_line(record)) is not None:
            line["event"] = words
        return _ENCODE(line)


def log(logger: logging.Logger, event: LogEvent, **fields: Unpack[LogFields]) -> None:
    """Write one line, at the level that belongs to the event."""
    level = _LEVELS.get(event, logging.INFO)
    if logger.isEnabledFor(level):
        # Not Logger.log: it walks the stack for a file name that no line shows.
        logger.handle(_EventRecord(logger, level, event, fields))


def log_failure(logger: logging.Logger, error: BaseException, *, request: str = "") -> None:
    """Write `internal-error`: the exception's class and the deepest place of ours, not its words."""
    name = type(error).__qualname__
    log(logger, LogEvent.INTERNAL_ERROR, request=request, exception=name, place=_place(error))


def configure_logging(level: str, stream: TextIO | None = None) -> None:
    """Make every logger of the process write JSON lines to `stream` (stderr), from `level` up."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(_worth_a_line)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    # When a handler fails, logging would print the record's message and arguments to stderr.
    logging.raiseExceptions = False
    # No line shows the thread or process; asking for them is a fifth of a line's cost.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def _worth_a_line(record: logging.LogRecord) -> bool:
    """Foreign records below WARNING would be empty lines, but for the server's start and stop."""
    return (
        record.levelno >= logging.WARNING
        or isinstance(record, _EventRecord)
        or _server_line(record) is not None
    )


def _server_line(record: logging.LogRecord) -> str | None:
    return (
        _SERVER_LINES.get(record.msg)
        if record.name == "uvicorn.error" and isinstance(record.msg, str)
        else None
    )


def _plain(value: object) -> object:
    if isinstance(value, int | float):
        return value
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else "?"


def _place(error: BaseException) -> str:
    """`app/vault/disclose.py:41`: the deepest line of ours on the way to the error, or `?`."""
    steps = [(frame.f_globals.get("__name__", ""), line) for frame, line in walk_tb(error.__traceback__)]
    ours = [f"{module.replace('.', '/')}.py:{line}" for module, line in steps if module.startswith("app.")]
    return ours[-1] if ours else "?"
