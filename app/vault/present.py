"""What a value becomes in the form that was decided."""

from typing import Final

from app.notice.model import Form
from app.vault.field_types.field_type import FieldType
from app.vault.sealing import value_of, value_text

NEEDS_VALUE: Final = frozenset({Form.PLAIN, Form.MASKED, Form.GENERALISED})
"""The forms for which the envelope has to be opened at all."""


def present(form: Form, of_type: FieldType, text: str) -> str:
    """The value in one of the forms that need it, JSON text as it was sealed and as it leaves; ValueError for any other form."""
    if form is Form.PLAIN:
        return text
    if form is Form.MASKED:
        return value_text(of_type.mask(value_of(text)))
    if form is Form.GENERALISED:
        return value_text(of_type.generalise(value_of(text)))
    raise ValueError("this form does not show a value")
