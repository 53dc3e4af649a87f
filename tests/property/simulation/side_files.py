"""What SQLite keeps next to a state: left behind by a process that was killed, or stopped while another one read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def side_files(path: Path) -> list[Path]:
    """Return the write-ahead log and its index, where they exist."""
    return [found for suffix in ("-wal", "-shm") if (found := path.with_name(f"{path.name}{suffix}")).exists()]


@contextmanager
def left_as_they_are(path: Path) -> Iterator[None]:
    """Put the state's files back after the block closed the last connection, which takes the log in and removes it."""
    kept = {each: each.read_bytes() for each in (path, *side_files(path))}
    yield
    for each, content in kept.items():
        each.write_bytes(content)
