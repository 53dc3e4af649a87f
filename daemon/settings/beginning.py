"""Makes a first settings.yaml: the shipped one with a person's answers."""

import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from daemon.errors import UsageError
from daemon.settings.files import read_small
from daemon.settings.kinds import check_shop_url, check_url
from daemon.settings.places import HERE, MAX_BYTES, installed_file, is_unfilled
from daemon.settings.private_key import problem_of_key
from daemon.settings.secrets import needed_by

_PLAIN = re.compile(r"[\w:/.@+~%\[\]-]+")
_LIGHTNING = re.compile(r"(.+?)\.lightning\.force\.com|(.+?)\.my\.salesforce-setup\.com")


@dataclass(frozen=True, slots=True)
class Answers:
    """A person's answers: the two URLs, and the ways to sign in."""

    magento_url: str
    salesforce_url: str
    magento_auth: str
    salesforce_auth: str
    username: str | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the names of the secrets that these ways need."""
        return (*needed_by(self.magento_auth), *needed_by(self.salesforce_auth))


def magento_url(typed: str) -> str:
    """Return the shop's base URL; ValueError with the rest of a sentence about the typed text."""
    return check_shop_url(typed.strip())


def salesforce_url(typed: str) -> str:
    """Return the org's My Domain; ValueError as above, with the right URL when the address of a page was typed."""
    url = check_url(typed.strip())
    parts = urlsplit(url)
    shown = _LIGHTNING.fullmatch(parts.hostname or "")
    if shown:
        raise ValueError(
            f"is the address of the org's pages; its API is https://{shown[1] or shown[2]}.my.salesforce.com"
        )
    if parts.hostname in {"login.salesforce.com", "test.salesforce.com"}:
        raise ValueError("is for every org; write your org's own: Setup > My Domain, https://NAME.my.salesforce.com")
    if parts.path:
        raise ValueError(f"has a path; write {parts.scheme}://{parts.netloc}")
    return url


def user_name(typed: str) -> str:
    """Return the name of a Salesforce user; ValueError as above."""
    name = typed.strip()
    if not re.fullmatch(r"[^\s@]+@[^\s@]+", name):
        raise ValueError("is not a Salesforce user name, which has the form of an e-mail address")
    return name


def private_key(typed: str) -> str:
    """Return the private key in the named file; ValueError as above."""
    try:
        pem = read_small(Path(typed.strip()).expanduser(), 64_000).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot be read: {getattr(error, 'strerror', None) or 'it is not text'}") from None
    problem = problem_of_key(pem)
    if problem:
        raise ValueError(problem)
    return pem


def place_for_first(named: str | None, root: Path = Path("/")) -> Path:
    """Return where a first settings.yaml belongs: as named, else where ``make install`` left one to fill in, else here.

    The installed one is taken where this user may write it and its URLs are not filled in yet. UsageError: the
    settings.yaml of this folder is the shipped one, which is the checkout's own file and only filled in by name.
    """
    if named:
        return Path(named)
    installed = installed_file(root)
    if is_unfilled(installed, {}) and os.access(installed.parent, os.W_OK):
        return installed
    if is_unfilled(HERE, {}):
        raise UsageError(
            f"{HERE.absolute()} is the shipped file and was left unchanged",
            hint=f"Type this command in a folder of your own, or fill in this file with --settings {HERE}.",
        )
    return HERE


def first_settings(text: str, answers: Answers) -> str:
    """Return a settings.yaml's text with these answers in their places; ValueError where a place is missing."""
    for section, key, value in (
        ("magento", "base_url", answers.magento_url),
        ("magento", "auth", answers.magento_auth),
        ("salesforce", "login_url", answers.salesforce_url),
        ("salesforce", "auth", answers.salesforce_auth),
        ("salesforce", "username", answers.username),
    ):
        if value is not None:
            text = _set(text, section, key, value)
    return text


def _set(text: str, section: str, key: str, value: str) -> str:
    """Return the text with another value of this key, whose comment stays in its column."""
    begin = text.index(f"\n{section}:\n")
    written = value if _PLAIN.fullmatch(value) else json.dumps(value)

    def replaced(found: re.Match[str]) -> str:
        width = len(found[0]) - len(found["comment"])
        return f"{found['key']}{written}".ljust(width - 1) + f" {found['comment']}"

    line = re.compile(rf"(?m)(?P<key>^  {key}: ).*?(?P<comment># .*)$")
    changed, times = line.subn(replaced, text[begin:], count=1)
    if not times:
        raise ValueError(f"{section}.{key} has no line with a comment")
    return text[:begin] + changed


def write_first(path: Path, answers: Answers, secrets: Mapping[str, str]) -> list[str]:
    """Write settings.yaml and the secrets beside the file; return the names of the missing secrets.

    A file as it is shipped is filled in and keeps its other lines. UsageError when any other file is there: nothing
    that a person wrote is ever written over.
    """
    refuse_existing(path)
    folder = path.parent / "secrets"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not folder.exists():
            folder.mkdir(mode=0o700)
        for name, value in secrets.items():
            if not (folder / name).exists():
                _write(folder / name, value, 0o600)
        if path.exists():
            _fill_in(path, answers)
        else:
            shipped = (files("daemon.settings") / "settings.yaml").read_text(encoding="utf-8")
            _write(path, first_settings(shipped, answers), 0o644)
    except FileExistsError:
        refuse_existing(path)
        raise
    except OSError as error:
        raise UsageError(
            f"{error.filename or path} cannot be written: {error.strerror}",
            hint="Name another place with --settings FILE.",
        ) from None
    return [name for name in answers.secrets if not (folder / name).exists()]


def refuse_existing(path: Path) -> None:
    """Raise UsageError when any file but an unfilled one is at this path."""
    if path.is_symlink() or (path.exists() and not is_unfilled(path, {})):
        raise UsageError(
            f"{path} exists already and was left unchanged",
            hint="Edit it, or begin in another folder with --settings FILE; `invoice-sync check` tries it.",
        )


def _fill_in(path: Path, answers: Answers) -> None:
    """Write the answers into the file, replaced as a whole: an interruption leaves the old one."""
    try:
        text = first_settings(read_small(path, MAX_BYTES).decode("utf-8"), answers)
    except ValueError as error:
        raise UsageError(
            f"{path} cannot be filled in: {error}", hint="Edit it, or write another with --settings FILE."
        ) from None
    beside = path.with_name(".settings.yaml.filled")
    beside.unlink(missing_ok=True)
    _write(beside, text, stat.S_IMODE(path.stat().st_mode))
    beside.replace(path)


def _write(path: Path, text: str, mode: int) -> None:
    """Write a new file, never over an old one; only this user may read a secret's file, from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
