"""Numbers on identity documents."""

import pytest

from app.vault.field_types.field_type import InvalidValue
from app.vault.field_types.national_id import NationalId

NATIONAL_ID = NationalId()


@pytest.mark.parametrize(
    ("written", "normal", "masked"),
    [
        ("079190123456", "079190123456", "•••456"),
        ("079 190 123.456", "079190123456", "•••456"),
        ("001 300 000 001", "001300000001", "•••001"),
        ("112090000777", "112090000777", "•••777"),  # born abroad
        ("024 123 456", "024123456", "•••456"),
        ("b1234567", "B1234567", "•••567"),
        ("AB 12345678", "AB12345678", "•••678"),
        ("０７９１９０１２３４５６", "079190123456", "•••456"),
    ],
)
def test_normal_and_masked_forms(written: str, normal: str, masked: str) -> None:
    assert NATIONAL_ID.parse(written) is written
    assert NATIONAL_ID.normalise(written) == normal
    assert NATIONAL_ID.mask(written) == masked


@pytest.mark.parametrize(
    "wrong",
    [
        "003190123456",  # no province has 003
        "000190123456",
        "099190123456",
        "079490123456",  # a century that has not begun
        "12345678",
        "0791901234567",
        "ABC1234567",
        "B12345",
        "B123456789",
        "079-190-123-456",
        "079190١٢٣456",
    ],
)
def test_what_is_not_a_number_of_a_document(wrong: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        NATIONAL_ID.parse(wrong)
    assert [error.code for error in refused.value.errors] == ["bad-national-id"]
