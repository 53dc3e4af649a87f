"""SQLite's files next to a state, left behind by a killed process, or by a stop while another process read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def side_files(path: Path) -> list[Path]:
    """Return the existing ones of write-ahead log and index."""
    return [found for suffix in ("-wal", "-shm") if (found := path.with_name(f"{path.name}{suffix}")).exists()]


@contextmanager
def left_as_they_are(path: Path) -> Iterator[None]:
    """Put the state's files back after the block, whose last close() applies the log and removes it."""
    kept = {each: each.read_bytes() for each in (path, *side_files(path))}
    yield
    for each, content in kept.items():
        each.write_bytes(content)
