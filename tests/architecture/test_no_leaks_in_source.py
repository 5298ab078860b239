"""What is logged goes through `web/logs`, which knows what may be said; nothing is printed but by the command line."""

import ast

from tests.support.source import calls, modules

LEVELS = {"debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log"}


def speaks(tree: ast.AST) -> list[int]:
    """Lines that call a logger's own methods, whatever the logger is called."""
    return [
        call.lineno
        for call in calls(tree)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in LEVELS
        and "log" in ast.unparse(call.func.value).lower()
    ]


def prints(tree: ast.AST) -> list[int]:
    """Lines that write to the terminal."""
    return [
        call.lineno
        for call in calls(tree)
        if ast.unparse(call.func) in {"print", "sys.stdout.write", "sys.stderr.write", "traceback.print_exc"}
    ]


def test_the_checks_see_what_they_look_for() -> None:
    assert speaks(ast.parse("_LOGGER.info('x')\nlogging.getLogger('a').error('x')\nlog(_LOGGER, E)")) == [
        1,
        2,
    ]
    assert prints(ast.parse("print(1)\nsys.stderr.write('x')\nout.print(1)")) == [1, 2]


def test_no_logger_is_called_outside_web_logs() -> None:
    found = {
        name: lines for name, tree in modules().items() if name != "web/logs.py" and (lines := speaks(tree))
    }
    assert found == {}


def test_nothing_is_printed_outside_the_command_line() -> None:
    found = {
        name: lines
        for name, tree in modules().items()
        if not name.startswith("cli/") and (lines := prints(tree))
    }
    assert found == {}


def test_the_database_never_puts_values_into_its_errors() -> None:
    engines = [
        call
        for tree in modules().values()
        for call in calls(tree)
        if ast.unparse(call.func).endswith(("create_engine", "create_async_engine"))
        and not ast.unparse(call.func).startswith("self.")
    ]
    assert len(engines) == 1
    assert "hide_parameters=True" in [ast.unparse(keyword) for keyword in engines[0].keywords]
