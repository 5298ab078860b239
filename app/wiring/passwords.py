"""Password hashing off the event loop: 64 MiB and a tenth of a second each, so few at a time."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from argon2 import Parameters

from app.crypto.password import PARAMETERS, hash_password, needs_rehash, verify_password


class PasswordHasher:
    """Hashes and verifies on two threads of its own; argon2 releases the interpreter lock."""

    def __init__(self, parameters: Parameters = PARAMETERS) -> None:
        self._parameters = parameters
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")

    async def hash(self, password: str) -> str:
        """The argon2id verifier of a password."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hash, password)

    async def verify(self, verifier: str | None, password: str) -> bool:
        """Whether the password is the verifier's; without a verifier no, after the same work."""
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._verify, verifier, password
        )

    async def renewed(self, verifier: str, password: str) -> str | None:
        """The verifier anew, of a password that is right; None when it was made with today's parameters."""
        return await self.hash(password) if needs_rehash(verifier, self._parameters) else None

    def close(self) -> None:
        """Lets the threads end."""
        self._threads.shutdown(wait=False)

    def _verify(self, verifier: str | None, password: str) -> bool:
        return verify_password(verifier or self._nobodys, password) and verifier is not None

    def _hash(self, password: str) -> str:
        return hash_password(password, self._parameters)

    @cached_property
    def _nobodys(self) -> str:
        return self._hash("nobody has this password")
