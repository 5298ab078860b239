"""Which addresses are accepted and which are the same."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from app.vault.field_types.email import Email
from app.vault.field_types.field_type import InvalidValue

EMAIL = Email()


@pytest.mark.parametrize(
    ("written", "normal", "masked"),
    [
        ("Nguyen.An@Gmail.COM", "nguyen.an@gmail.com", "N•••@G•••.COM"),
        ("nguyen@gmail.com", "nguyen@gmail.com", "n•••@g•••.com"),
        ("an@mail.congty.com.vn", "an@mail.congty.com.vn", "a•••@m•••.vn"),
        ("a@b.vn", "a@b.vn", "•••@•••.vn"),
        ("Nguyễn@Thư.vn", "nguyễn@xn--th-e0a.vn", "N•••@T•••.vn"),
        ("an@xn--th-e0a.vn", "an@xn--th-e0a.vn", "a•••@x•••.vn"),
    ],
)
def test_normal_and_masked_forms(written: str, normal: str, masked: str) -> None:
    assert EMAIL.parse(written) is written
    assert EMAIL.normalise(written) == normal
    assert EMAIL.mask(written) == masked


def test_a_mask_does_not_tell_the_length() -> None:
    assert EMAIL.mask("ng@gm.com") == EMAIL.mask("nguyen.thi.thanh.huong@gmail.com")


@pytest.mark.parametrize(
    "wrong",
    ["an", "an@", "@gmail.com", "an@gmail", "an@@gmail.com", "an @gmail.com", " an@gmail.com",
     "an@gmail.com ", "a..n@gmail.com", ".an@gmail.com", "an@-gmail.com", "an@gmail-.com", "an@ab--cd.com",
     "an@site.test", "an@10.0.0.1", "an@localhost", "An <an@gmail.com>", "an@gmail.com,binh@gmail.com",
     '"an"@gmail.com', "x" * 65 + "@gmail.com"],
)  # fmt: skip
def test_what_is_not_one_address(wrong: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        EMAIL.parse(wrong)
    assert [error.code for error in refused.value.errors] == ["bad-email"]


@given(
    st.from_regex(r"[aA0.+_\-]{1,6}@([aX0\-]{1,5}\.){1,3}(com|vn|test|onion|c|c0)", fullmatch=True)
    | st.text(alphabet="aX0.-@_ ", max_size=70)
)
@settings(max_examples=500, deadline=None)
def test_the_short_way_agrees_with_the_library(written: str) -> None:
    try:
        valid = validate_email(written, check_deliverability=False, strict=True)
        expected = f"{valid.local_part}@{valid.ascii_domain}".lower()
    except EmailNotValidError:
        with pytest.raises(InvalidValue):
            EMAIL.parse(written)
    else:
        assert EMAIL.parse(written) is written
        assert EMAIL.normalise(written) == expected
