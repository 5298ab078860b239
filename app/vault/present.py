"""What a value becomes in the form that was decided. One of the few places where a plaintext is revealed."""

from typing import Final

from app.kernel.plaintext import Plaintext
from app.notice.model import Form
from app.vault.field_types.field_type import FieldType, Value

NEEDS_VALUE: Final = frozenset({Form.PLAIN, Form.MASKED, Form.GENERALISED})
"""The forms for which the envelope has to be opened at all."""


def present(form: Form, of_type: FieldType, value: Plaintext) -> Value:
    """The value in one of the forms that need it; ValueError for any other."""
    if form is Form.PLAIN:
        return value.reveal()  # type: ignore[no-any-return]  # a field's plaintext is a Value
    if form is Form.MASKED:
        return of_type.mask(value.reveal())
    if form is Form.GENERALISED:
        return of_type.generalise(value.reveal())
    raise ValueError("this form does not show a value")
