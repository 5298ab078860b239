"""The notice that the vault ships: an online shop's privacy notice, the default where none is given."""

from importlib.resources import files

from app.notice.model import Notice
from app.notice.parse import parse

FILE_NAME = "shop.toml"


def reference_source() -> bytes:
    """The TOML, byte for byte as shipped."""
    return files("app.notice").joinpath(FILE_NAME).read_bytes()


def reference_notice() -> Notice:
    """The notice that it describes."""
    return parse(reference_source())
