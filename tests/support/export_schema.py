"""The shipped JSON Schema of the access export, made from the models: `python -m tests.support.export_schema` writes it anew."""

import json
from typing import Final

from app.api.schemas.subject_export import export_schema
from tests.support.source import APP

FILE: Final = APP / "api" / "schemas" / "access-export.schema.json"


def text() -> str:
    """The file's text."""
    return json.dumps(export_schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
