"""Password hashing off the event loop: 64 MiB and a tenth of a second each, so few at a time."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from app.crypto.password import hash_password


class PasswordHasher:
    """Hashes on two threads of its own; argon2 releases the interpreter lock."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")

    async def hash(self, password: str) -> str:
        """The argon2id verifier of a password."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, hash_password, password)

    def close(self) -> None:
        """Lets the threads end."""
        self._threads.shutdown(wait=False)
