"""The page on field types shows these values and forms: other programs may rely on them."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.notice.model import FORMS_OF_TYPE
from app.vault.field_types.catalogue import field_type

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[4] / "docs/formats/vectors/field-types.json").read_text(encoding="utf-8")
)
METHODS = {"index": "normalise", "masked": "mask", "generalised": "generalise"}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["type"])
def test_a_vector(vector: dict[str, Any]) -> None:
    kind = field_type(vector["type"], choices=tuple(vector.get("choices", ())))
    value = kind.parse(vector["value"])
    for member, method in METHODS.items():
        if member in vector:
            assert getattr(kind, method)(value) == vector[member]
        else:
            with pytest.raises(TypeError):
                getattr(kind, method)(value)


def test_every_type_has_a_vector() -> None:
    assert {vector["type"] for vector in VECTORS} == FORMS_OF_TYPE.keys()
