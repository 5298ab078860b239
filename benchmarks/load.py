"""A load generator that costs little: HTTP/1.1 on raw connections, requests as bytes made beforehand, answers cut by length.

Closed loop: each client sends its next request when it has its answer, so throughput and latency are those of that many
clients. The times are taken between sending and the last byte of the answer.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

_LENGTH: Final = b"\r\ncontent-length: "
_END: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Load:
    """What a load did: answers, the seconds it took, and each answer's time in seconds, ascending."""

    answers: int
    seconds: float
    latencies: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    def percentile(self, share: float) -> float:
        """The latency, in seconds, that `share` (0…1) of the answers kept."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


class UnexpectedAnswer(RuntimeError):
    """A server answered with another status than the load is about: the figures would mean nothing."""


class _Client(asyncio.Protocol):
    """One connection: a request is sent when the last one is answered, until the time is over or none is left."""

    def __init__(
        self, requests: Iterator[bytes], status: bytes, until: float, latencies: list[float]
    ) -> None:
        self._requests = requests
        self._status = b"HTTP/1.1 " + status
        self._until = until
        self._latencies = latencies
        self._buffer = b""
        self._sent = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is not registered as one
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(_END)
        if end < 0:
            return
        head = self._buffer[: end + 2]
        at = head.index(_LENGTH) + len(_LENGTH)
        if len(self._buffer) < end + 4 + int(head[at : head.index(b"\r", at)]):
            return
        now = time.perf_counter()
        self._latencies.append(now - self._sent)
        if not head.startswith(self._status):
            words = self._buffer.decode(errors="replace")
            self._finish(UnexpectedAnswer(f"expected {self._status.decode()}, got {words}"))
            return
        self._buffer = b""
        if now < self._until:
            self._send()
        else:
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionResetError("the server closed the connection"))

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._finish()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def _finish(self, error: Exception | None = None) -> None:
        if error:
            self.done.set_exception(error)
        else:
            self.done.set_result(None)
        self._transport.close()


async def load(port: int, requests: Iterator[bytes], *, clients: int, seconds: float, status: int) -> Load:
    """Sends requests with `clients` at once for at most `seconds`, or until there are no more of them."""
    latencies: list[float] = []
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    until = started + seconds
    connected = [
        await loop.create_connection(
            lambda: _Client(requests, str(status).encode(), until, latencies), "127.0.0.1", port
        )
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.done for _, client in connected))
    return Load(len(latencies), time.perf_counter() - started, tuple(sorted(latencies)))
