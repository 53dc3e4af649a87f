"""Checks this machine: settings, secrets, and the untouched folder of the state."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from daemon.doctor.judge import judge_room
from daemon.doctor.report import Line
from daemon.settings import Configuration
from daemon.settings.examination import Examined
from daemon.settings.secrets import needed_by
from state.errors import StateError
from state.peek import Peek, peek

_LEFT_OUT = "Correct this line; the rest was checked without it."


def examine_settings(path: Path, examined: Examined) -> Iterator[Line]:
    """Yield a line for each problem of the file."""
    tried = f"{path} and the environment"
    for problem in examined.problems:
        yield Line("settings", "settings", "error", tried, problem, _LEFT_OUT if examined.configuration else None)
    if not examined.problems:
        yield Line("settings", "settings", "ok", tried, "can be used")


def examine_secrets(folder: Path, examined: Examined) -> Iterator[Line]:
    """Yield a line for each missing or exposed secret, and one for each side with all of its secrets."""
    if examined.configuration is None:
        yield Line("secrets", "secrets", "skipped", str(folder), "unknown without settings")
        return
    configuration = examined.configuration
    for side in sorted(examined.sides):
        way = getattr(configuration.settings, side).auth
        names = needed_by(way)
        tried = f"the environment, systemd's credentials, {folder}"
        for name in names:
            for problem in examined.secret_problems.get(name, ()):
                yield Line("secrets", name, "error", tried, problem)
        good = [name for name in names if name in configuration.secrets]
        if len(good) == len(names):
            fixed = configuration.secrets.fixed.intersection(good)
            where = "from the environment or systemd" if fixed else f"in {folder}, for this user alone"
            yield Line("secrets", side, "ok", tried, f"all {len(good)} for {way} are set, {where}")
    mode = folder.stat().st_mode if folder.is_dir() else 0
    if mode & 0o022:
        yield Line(
            "secrets", "folder", "warning", str(folder), "others may put files there", f"Run: chmod 700 {folder}"
        )


def examine_state(path: Path, configuration: Configuration) -> tuple[list[Line], Peek]:
    """Return lines on reading, writing and keeping the state, and a peek at the state."""
    lines = [_folder(path)]
    seen = Peek(False)
    try:
        seen = peek(path)
        lines.append(_file(path, seen, configuration))
    except StateError as error:
        lines.append(Line("state", "file", "error", str(path), str(error), error.hint))
    except OSError as error:
        lines.append(Line("state", "file", "error", str(path), f"cannot be read: {error.strerror}"))
    if seen.exists:
        lines.append(_lock(path, seen))
    place = _nearest(path.parent)
    lines.append(judge_room(shutil.disk_usage(place).free, str(place)))
    return lines, seen


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest existing folder above."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _folder(path: Path) -> Line:
    place = _nearest(path.absolute().parent)
    tried = f"whether this user may write {path.parent}"
    let = (
        f"Let the user that runs invoice-sync write {place}, or set state.path to a file in a folder that it can write."
    )
    if not place.is_dir():
        return Line("state", "folder", "error", tried, f"{place} is not a folder", let)
    if not os.access(place, os.W_OK | os.X_OK, effective_ids=True):
        return Line("state", "folder", "error", tried, f"{place} cannot be written", let)
    if path.exists() and not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        return Line("state", "folder", "error", tried, f"{path} cannot be read and written", let)
    made = "can be written" if place == path.absolute().parent else "will be made at the first run"
    return Line("state", "folder", "ok", tried, f"{path.parent} {made}")


def _file(path: Path, seen: Peek, configuration: Configuration) -> Line:
    name = configuration.settings.magento.name
    if not seen.exists:
        return Line("state", "file", "ok", str(path), "none yet: the first run makes it, and reads all invoices")
    if seen.older:
        return Line(
            "state", "file", "ok", str(path), "is of an older version; the next run upgrades it and keeps a copy"
        )
    if seen.magento_name not in {None, name}:
        said = f"was made with magento.name: {seen.magento_name}, and magento.name is {name} now"
        fix = f"Set magento.name back to {seen.magento_name}: it is part of every external ID in Salesforce."
        return Line("state", "file", "error", str(path), said, fix)
    return Line("state", "file", "ok", str(path), "is undamaged, and of this version")


def _lock(path: Path, seen: Peek) -> Line:
    tried = f"who works on {path}"
    if not seen.locked:
        return Line("state", "lock", "ok", tried, "no daemon runs on it now")
    who = f"process {seen.pid}" if seen.pid else "another process"
    return Line("state", "lock", "ok", tried, f"{who}: a daemon runs on it, and was not disturbed")
