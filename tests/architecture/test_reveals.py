"""The few places where a plaintext is opened. A new one is a decision: it is argued for here, in review."""

import ast

from tests.support.source import calls, modules

REVEALS = {
    "api/schemas/requests.py": "a person's request shows what was said about it",
    "api/schemas/subjects.py": "the page of a person shows references of bindings, and reasons in words",
    "subjects/words.py": "a reason in words is encrypted",
    "vault/change_record.py": "a new password is hashed",
    "vault/find_subject.py": "a reference is looked up by its index",
    "vault/indexing.py": "a searched field is indexed",
    "vault/judge.py": "a value is opened to take the form that the notice grants",
    "vault/sealing.py": "a value is encrypted",
    "vault/store_record.py": "a password is hashed",
    "vault/submission.py": "a value is parsed by its field's type",
    "vault/verify_field.py": "an offered value is compared with the stored one, a password that is right hashed anew",
    "vault/write_record.py": "a reference is indexed",
}


def opens_a_plaintext(node: ast.AST) -> bool:
    if not isinstance(node, ast.Attribute):
        return False
    return node.attr in {"reveal", "open_text"} or (
        node.attr == "_value" and ast.unparse(node.value) != "self"
    )


def test_a_plaintext_is_revealed_only_where_it_must_be() -> None:
    trees = {name: tree for name, tree in modules().items() if name != "kernel/plaintext.py"}
    found = {name for name, tree in trees.items() if any(opens_a_plaintext(node) for node in ast.walk(tree))}
    assert found == set(REVEALS)


def test_nobody_fetches_it_by_name() -> None:
    found = [
        name
        for name, tree in modules().items()
        for call in calls(tree)
        for argument in call.args
        if isinstance(argument, ast.Constant) and argument.value in {"reveal", "open_text", "_value"}
    ]
    assert found == []
