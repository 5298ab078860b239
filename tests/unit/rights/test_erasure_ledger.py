"""The ledger's lines: what a certificate becomes, what a crash leaves, and what is damage."""

import json
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from app.kernel.ids import text_of
from app.rights.certificate import sign_certificate
from app.rights.ledger import LedgerDamaged, _append, line_of, lines_in
from tests.unit.rights.test_certificate import CERTIFICATE, SIGNER

NOTE = str(sign_certificate(SIGNER, CERTIFICATE))


def test_a_line_says_what_its_certificate_says(tmp_path: Path) -> None:
    _append(tmp_path / "ledger", [line_of(NOTE)])
    (line,) = lines_in(tmp_path / "ledger")
    assert (line.certificate, line.tenant, line.subject) == (UUID(int=1), "shop", UUID(int=2))
    assert (line.everything, line.erased, line.note) == (False, {UUID(int=3): ["phone"]}, NOTE)
    assert line.takes_anything


def test_certificate_and_tenant_come_first(tmp_path: Path) -> None:
    assert list(json.loads(line_of(NOTE)))[:2] == ["certificate", "tenant"]


def test_no_file_has_no_lines(tmp_path: Path) -> None:
    assert list(lines_in(tmp_path / "ledger")) == []


@pytest.mark.parametrize("cut", [1, 40, len(line_of(NOTE))])
def test_what_was_cut_short_is_passed_over_and_the_next_line_is_whole(tmp_path: Path, cut: int) -> None:
    ledger = tmp_path / "ledger"
    ledger.write_bytes(line_of(NOTE).encode()[:cut])
    assert list(lines_in(ledger)) == []
    _append(ledger, [line_of(NOTE), line_of(NOTE)])
    _append(ledger, [])
    assert [line.certificate for line in lines_in(ledger)] == [UUID(int=1)] * 2


def test_a_line_that_the_disk_takes_only_a_part_of_is_not_passed_for_written(tmp_path: Path) -> None:
    ledger, line = tmp_path / "ledger", line_of(NOTE)
    writes = f"from pathlib import Path; from app.rights.ledger import _append; _append(Path({str(ledger)!r}), [{line!r}])"
    most = len(line.encode()) // 2
    limited = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most})); {writes}"
    )
    failed = subprocess.run([sys.executable, "-c", limited], capture_output=True, text=True, check=False)
    assert "File too large" in failed.stderr
    assert ledger.stat().st_size == most
    _append(ledger, [line])
    assert [one.note for one in lines_in(ledger)] == [NOTE]


@pytest.mark.parametrize(
    "damage", [b"nonsense\n", b"\n", b"{}\n", b"[]\n", b'{"certificate":"crt_x"}\n', b"\xff\n"]
)
def test_a_damaged_line_is_named(tmp_path: Path, damage: bytes) -> None:
    ledger = tmp_path / "ledger"
    _append(ledger, [line_of(NOTE)])
    ledger.write_bytes(ledger.read_bytes() + damage)
    with pytest.raises(LedgerDamaged, match="line 2"):
        list(lines_in(ledger))


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        (text_of("sub", UUID(int=2)), text_of("sub", UUID(int=4))),
        (text_of("rec", UUID(int=3)), text_of("rec", UUID(int=4))),
        ('"phone"', '"email"'),
        ('"everything":false', '"everything":true'),
    ],
)
def test_a_line_that_its_certificate_does_not_bear_out_is_damage(
    tmp_path: Path, said: str, instead: str
) -> None:
    ledger, line = tmp_path / "ledger", line_of(NOTE)
    assert said in line
    _append(ledger, [line.replace(said, instead, 1)])
    with pytest.raises(LedgerDamaged, match="line 1"):
        list(lines_in(ledger))


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    _append(tmp_path / "ledger", [])
    assert (tmp_path / "ledger").stat().st_mode & 0o077 == 0
