"""A person's account as a page that they can read and print: made from the account's JSON, every text of it escaped.

One file without scripts and without anything from elsewhere; its policy allows the one style sheet, named by its hash.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from importlib.resources import files
from typing import Any, Final

from app.rights.access_words import TEXTS, Language, name_of
from app.rights.working_days import HO_CHI_MINH

_PERIOD: Final = re.compile(r"([0-9]+)([YMWDHS])")
_UNITS: Final = {"Y": "years", "M": "months", "W": "weeks", "D": "days"}
_UNITS_OF_TIME: Final = {"H": "hours", "M": "minutes", "S": "seconds"}


def policy() -> str:
    """The content security policy of the page."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def render(account: Mapping[str, Any], language: Language) -> str:
    """The whole page of an account as `docs/formats/access-export.md` describes it."""
    page = _Page(account, language)
    sections = (
        page.held(),
        page.why(),
        page.until(),
        page.consents(),
        page.looked(),
        page.received(),
        page.rights(),
    )
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{page.text('title')}</title><style>{_style()}</style></head><body><main>"
        f"{page.head()}{''.join(sections)}</main></body></html>"
    )


class _Page:
    """The parts of the page, each as HTML."""

    def __init__(self, account: Mapping[str, Any], language: Language) -> None:
        self._account = account
        self._language = language

    def text(self, name: str) -> str:
        return escape(TEXTS[self._language][name])

    def head(self) -> str:
        account, notice = self._account, self._account["notice"]
        since = f" · {self.text('since')} {self._time(account['since'])}" if account["since"] else ""
        named = f"{escape(self._words(notice['title'], notice['id']))}, {self.text('version')} {notice['version']}"
        marked = account["restriction"] and self._time(account["restriction"]["since"])
        restricted = f'<p class="mark">{self.text("restricted")} {marked}</p>' if marked else ""
        return (
            f'<h1>{self.text("title")}</h1><p class="lead">{self.text("lead")}</p>'
            f'<p class="small">{self.text("made")} {self._time(account["made_at"])}, {self.text("notice")} {named}{since}</p>'
            f"{restricted}"
        )

    def held(self) -> str:
        tables = [
            self._record_head(record)
            + self._table(
                ("field", "value"),
                [(self._name(name), self._value(field)) for name, field in record["fields"].items()],
            )
            for record in self._account["records"]
        ]
        more = f'<p class="mark">{self.text("more")}</p>' if self._account["next"] else ""
        return self._section("hold", ("".join(tables) or f"<p>{self.text('nothing_held')}</p>") + more)

    def why(self) -> str:
        rows = [
            (
                self._purpose(held["purpose"]),
                self._name(held["basis"]),
                self._name(record["collection"]),
                escape(held["ref"] or ""),
                self._time(held["opened_at"]),
                self.text(held["state"]),
            )
            for record in self._account["records"]
            for held in record["held_for"]
        ]
        return self._section("why", self._table(("purpose", "basis", "field", "ref", "from", "state"), rows))

    def until(self) -> str:
        tables = [
            self._record_head(record)
            + self._table(
                ("field", "until", "purpose"),
                [
                    (self._name(name), self._end(field["kept_for"]), self._keepers(field["kept_for"]))
                    for name, field in record["fields"].items()
                ],
            )
            for record in self._account["records"]
        ]
        return self._section("until", "".join(tables))

    def consents(self) -> str:
        rows = [
            (
                self._purpose(consent["purpose"]),
                self._time(consent["given_at"]),
                f"{self.text(consent['state'])} {self._time(consent['withdrawn_at'])}"
                if consent["withdrawn_at"]
                else self.text("stands"),
            )
            for consent in self._account["consents"]
        ]
        table = self._table(("purpose", "agreed", "state"), rows)
        return self._section("consents", table if rows else f"<p>{self.text('no_consent')}</p>")

    def looked(self) -> str:
        rows = [
            (self._time(item["at"]), self._roles(item), self._purpose(item["purpose"]), self._seen(item))
            for item in self._account["accesses"]["items"]
        ]
        return self._section("looked", self._log(("when", "who", "purpose", "what"), rows, "accesses"))

    def received(self) -> str:
        rows = [
            (self._time(item["at"]), self._recipient(item), self._purpose(item["purpose"]), self._seen(item))
            for item in self._account["recipients"]["items"]
        ]
        return self._section("received", self._log(("when", "who", "purpose", "given"), rows, "recipients"))

    def rights(self) -> str:
        rows = [
            (self._name(right["right"]), self._period(right["within"])) for right in self._account["rights"]
        ]
        return self._section("rights", f"<p>{self.text('how')}</p>{self._table(('right', 'within'), rows)}")

    def _section(self, title: str, inner: str) -> str:
        return f"<section><h2>{self.text(title)}</h2>{inner}</section>"

    def _record_head(self, record: Mapping[str, Any]) -> str:
        return f"<h3>{self._name(record['collection'])} · {self._time(record['created_at'])}</h3>"

    def _log(self, heads: Sequence[str], rows: Sequence[Sequence[str]], part: str) -> str:
        more = f'<p class="small">{self.text("more")}</p>' if self._account[part]["next"] else ""
        return (self._table(heads, rows) if rows else f"<p>{self.text('nobody')}</p>") + more

    def _table(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
        """A table of cells that are HTML already."""
        head = "".join(f'<th scope="col">{self.text(name)}</th>' for name in heads)
        body = "".join(
            f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
            for first, *rest in rows
        )
        return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'

    def _name(self, word: str) -> str:
        return escape(name_of(word, self._language))

    def _words(self, words: Mapping[str, str], otherwise: str) -> str:
        return words.get(self._language, otherwise)

    def _purpose(self, name: str | None) -> str:
        """The clause that the purpose carries out, and which of its purposes it is."""
        known = self._account["purposes"].get(name)
        title = escape(self._words(known["title"], known["clause"])) + ": " if known else ""
        return title + self._name(name or "")

    def _value(self, field: Mapping[str, Any]) -> str:
        if field["verifier"]:
            return self.text("verifier")
        if field["value"] is None:
            return self.text("withheld")
        return escape(", ".join(_flat(field["value"])))

    def _end(self, kept_for: Sequence[Mapping[str, Any]]) -> str:
        if not kept_for:
            return self.text("unkept")
        ends = [keeper["until"] for keeper in kept_for]
        return self.text("in_use") if None in ends else self._time(max(ends))

    def _keepers(self, kept_for: Sequence[Mapping[str, Any]]) -> str:
        return "; ".join(dict.fromkeys(self._purpose(keeper["purpose"]) for keeper in kept_for))

    def _roles(self, item: Mapping[str, Any]) -> str:
        return ", ".join(self._name(role) for role in item["roles"])

    def _recipient(self, item: Mapping[str, Any]) -> str:
        recipient = item["recipient"] or {}
        kind = self._name(recipient["kind"]) if recipient.get("kind") else ""
        return " · ".join(part for part in (kind, escape(recipient.get("name") or "")) if part)

    def _seen(self, item: Mapping[str, Any]) -> str:
        return "; ".join(f"{self._name(name)}: {self._name(form)}" for name, form in item["fields"].items())

    def _period(self, text: str) -> str:
        parts = zip(text.split("T"), (_UNITS, _UNITS_OF_TIME), strict=False)
        return ", ".join(
            f"{number} {self.text(units[unit])}"
            for part, units in parts
            for number, unit in _PERIOD.findall(part)
        )

    def _time(self, text: str | None) -> str:
        """A moment on Vietnam's clock."""
        if text is None:
            return ""
        return datetime.fromisoformat(text).astimezone(HO_CHI_MINH).strftime("%d/%m/%Y %H:%M")


def _flat(value: Any) -> list[str]:
    """The texts of a value, whatever its shape."""
    if isinstance(value, Mapping):
        return [text for part in value.values() for text in _flat(part)]
    if isinstance(value, list | tuple):
        return [text for part in value for text in _flat(part)]
    return [] if value is None else [str(value)]


def _style() -> str:
    return (files("app.rights") / "access_page.css").read_text("utf-8")
