"""Reads secrets from the environment, systemd's credentials or the folder secrets/, never from settings.yaml."""

import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from daemon.errors import InvalidSettings
from daemon.settings.files import read_small
from daemon.settings.private_key import problem_of_key

NAMES = (
    "magento_consumer_key",
    "magento_consumer_secret",
    "magento_access_token",
    "magento_access_token_secret",
    "magento_username",
    "magento_password",
    "salesforce_client_id",
    "salesforce_client_secret",
    "salesforce_private_key",
)
_MAX_BYTES = 64_000  # a private key has a few thousand
# The unit file's placeholder (SetCredential=) for a secret that root has not written.
_MISSING = "MISSING"
_NEEDED = {
    "oauth1": NAMES[0:4],
    "bearer": ("magento_access_token",),
    "admin": ("magento_username", "magento_password"),
    "client_credentials": ("salesforce_client_id", "salesforce_client_secret"),
    "jwt_bearer": ("salesforce_client_id", "salesforce_private_key"),
}

_ANY_TEXT = frozenset({"magento_username", "magento_password", "salesforce_private_key"})
# The other secrets are sent in a call's header. Any other character there raises an error that shows the secret.
_KEY = re.compile(r"[\x21-\x7e]+")


class Secrets(Mapping[str, str]):
    """The secrets that the chosen ways of signing in need. ``repr`` shows their names only.

    ``fixed``: the secrets that the process cannot read again (from the environment or systemd's credentials).
    """

    def __init__(self, values: Mapping[str, str], fixed: Iterable[str] = ()) -> None:
        self._values = dict(values)
        self.fixed = frozenset(fixed)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Secrets({', '.join(self._values)})"


def read_secrets(ways: tuple[str, ...], folder: Path, environ: Mapping[str, str]) -> Secrets:
    """Return the secrets that these ways of signing in need; InvalidSettings names each missing or exposed one."""
    found, problems = find_secrets(ways, folder, environ)
    if problems:
        raise InvalidSettings([problem for each in problems.values() for problem in each])
    return found


def find_secrets(
    ways: tuple[str, ...], folder: Path, environ: Mapping[str, str]
) -> tuple[Secrets, dict[str, list[str]]]:
    """Return the usable secrets, and the problems of each other one, by its name."""
    found: dict[str, str] = {}
    fixed: set[str] = set()
    problems: dict[str, list[str]] = {}
    for way in ways:
        for name in needed_by(way):
            try:
                value = _find_fixed(name, folder, environ)
                if value:
                    fixed.add(name)
                elif value is None:
                    value = _read_private(folder / name)
                found[name] = _require(name, value, way, _remedy(name, folder, environ))
            except InvalidSettings as error:
                problems[name] = error.problems
    return Secrets(found, fixed), problems


def needed_by(way: str) -> tuple[str, ...]:
    """Return the names of the secrets that this way of signing in needs."""
    return _NEEDED[way]


def secret_at(path: Sequence[str]) -> str | None:
    """Return the secret's name for a setting of this path, by its whole name or in its section; else None."""
    *sections, key = path
    name = key.lower() if key.lower() in NAMES else f"{sections[0] if sections else ''}_{key}".lower()
    return name if name in NAMES else None


def _require(name: str, value: str | None, way: str, remedy: str) -> str:
    if not value:
        raise InvalidSettings([f"the secret {name} is missing (auth: {way}): {remedy}"])
    if name not in _ANY_TEXT and not _KEY.fullmatch(value):
        raise InvalidSettings(
            [f"the secret {name} holds a blank, a line break or a letter that such a key never has: copy it again"]
        )
    if name == "salesforce_private_key":
        value = value.replace("\\n", "\n")  # an environment file spells a key's line breaks so
        problem = problem_of_key(value)
        if problem:
            raise InvalidSettings([f"the secret {name} {problem}"])
    return value


def _remedy(name: str, folder: Path, environ: Mapping[str, str]) -> str:
    if _credential(name, environ) is not None:
        return f"as root write it to {folder / name}, then start the service again"
    return f"set INVOICE_SYNC_{name.upper()}, give systemd the credential {name}, or write it to {folder / name}"


def _find_fixed(name: str, folder: Path, environ: Mapping[str, str]) -> str | None:
    """Return the secret; None: look into the files; empty: systemd had no such secret, and the files are root's."""
    from_environment = environ.get(f"INVOICE_SYNC_{name.upper()}")
    if from_environment:
        return _filled(from_environment.strip(), f"INVOICE_SYNC_{name.upper()} holds only blanks")
    credential = _credential(name, environ)
    if credential is None:
        return None
    value = _read(credential)
    if not value:
        raise InvalidSettings([f"the secret {name} is empty in {credential}: {_remedy(name, folder, environ)}"])
    return "" if value == _MISSING else value


def _credential(name: str, environ: Mapping[str, str]) -> Path | None:
    """Return the path of systemd's credential, or None."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return None
    try:
        (Path(folder) / name).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        pass  # reading the file tells why
    return Path(folder) / name


def _read_private(path: Path) -> str | None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidSettings([f"{path}: cannot be read: {error.strerror}"]) from error
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise InvalidSettings([f"{path}: others can read this secret; run: chmod 600 {path}"])
    return _filled(_read(path), f"{path} is empty")


def _filled(value: str, why: str) -> str:
    """Return the value; InvalidSettings where the place for the secret is empty."""
    if not value:
        raise InvalidSettings([f"{why}: write the secret into it"])
    return value


def _read(path: Path) -> str:
    try:
        return read_small(path, _MAX_BYTES).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise InvalidSettings([f"{path}: cannot be read: {reason}"]) from error
