"""Password verifiers: argon2id (RFC 9106). A password is checked and never kept.

Decides parameters (RFC 9106 section 4, second recommended option: 64 MiB, 3 passes, 4 lanes) and the normal
form of the text (Unicode NFC as in RFC 8265 section 4.2.2, so that one Vietnamese password typed on two
keyboards is one password; spaces stay as they are). A call takes 100 ms and more: running it outside the
event loop is the caller's duty.
"""

import unicodedata
from typing import Final

from argon2 import Parameters, PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError, VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from app.crypto.refused import Refused

PARAMETERS: Final = RFC_9106_LOW_MEMORY


def hash_password(password: str, parameters: Parameters = PARAMETERS) -> str:
    """A verifier in PHC string form, `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, with a fresh 16-byte salt."""
    return PasswordHasher.from_parameters(parameters).hash(_bytes_of(password))


def verify_password(verifier: str, password: str) -> bool:
    """Whether this is the password, under the verifier's own parameters; Refused for a damaged verifier."""
    try:
        return PasswordHasher.from_parameters(PARAMETERS).verify(verifier, _bytes_of(password))
    except VerifyMismatchError:
        return False
    except (Argon2Error, InvalidHashError, ValueError):
        raise Refused from None


def needs_rehash(verifier: str, parameters: Parameters = PARAMETERS) -> bool:
    """Whether it was made with other parameters: ask after a verification. Refused for a damaged verifier."""
    try:
        return PasswordHasher.from_parameters(parameters).check_needs_rehash(verifier)
    except (InvalidHashError, ValueError):
        raise Refused from None


def _bytes_of(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode(errors="surrogatepass")
