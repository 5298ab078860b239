"""The one answer of this room to bytes that are not what they should be.

One type and one text for every cause, so that neither an attacker nor a log learns why something did not open
(NIST SP 800-38D section 5.2.2: authenticated decryption returns the plaintext or FAIL, and nothing else).
"""

from typing import Final

_WORDS: Final = "sealed data did not open; it was changed, moved or sealed under another key"


class Refused(Exception):
    """Sealed, wrapped or verified bytes are damaged, belong elsewhere, or the key is another one."""

    def __init__(self) -> None:
        super().__init__(_WORDS)
