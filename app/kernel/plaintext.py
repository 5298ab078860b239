"""A personal value on its way through the process.

It refuses to be printed, formatted, serialised or pickled, so that no log line, error text or careless f-string can carry
it. `reveal` is called in a short list of places that tests/architecture pins.
"""

from typing import Any, Final, NoReturn, final

_REFUSAL: Final = "a plaintext cannot be printed or serialised; reveal it where the list of reveals allows it"


@final
class Plaintext:
    """Holds one value: text, bytes, or the JSON shape a field type defines."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def reveal(self) -> Any:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "<plaintext>"

    def __str__(self) -> NoReturn:
        raise TypeError(_REFUSAL)

    def __format__(self, _spec: str) -> NoReturn:
        raise TypeError(_REFUSAL)

    def __reduce_ex__(self, _protocol: Any) -> NoReturn:
        raise TypeError(_REFUSAL)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plaintext) and self._value == other._value

    __hash__ = None  # type: ignore[assignment]  # a hash of a value would be a value's shadow
