"""A file that one process has put into its place is not emptied by another that was about to make the same."""

import fcntl
from pathlib import Path

import pytest

from app.storage.sqlite_copy import FileBusy, in_the_making


def test_moved_into_place_between_the_opening_and_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, lock = tmp_path / "backup.db", fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        part = tmp_path / "backup.db.part"
        part.write_bytes(b"whole")
        part.rename(file)
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(FileBusy), in_the_making(file):
        pass
    assert file.read_bytes() == b"whole"


def test_what_fails_after_the_move_is_told_and_the_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    with pytest.raises(PermissionError):
        moved_then_failed(file)
    assert file.read_bytes() == b"whole"


def moved_then_failed(file: Path) -> None:
    with in_the_making(file) as part:
        part.write_bytes(b"whole")
        part.rename(file)
        raise PermissionError
