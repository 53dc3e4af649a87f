"""settings.yaml as a document: its values, and where in the file or the environment each one stands."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.scalarfloat import ScalarFloat

from daemon.errors import SettingsRefused

PREFIX = "INVOICE_SYNC__"
_MAX_BYTES = 1_000_000
# What the YAML library raises of a scalar or a tag that it cannot make a value of: an impossible date, a bad number.
_UNREADABLE = (YAMLError, ValueError, TypeError, AttributeError, LookupError, RecursionError, ArithmeticError)


@dataclass(frozen=True)
class Document:
    """The file's values with the environment's laid over them."""

    path: Path
    values: dict[str, Any]
    tree: CommentedMap
    overrides: Mapping[tuple[str, ...], str]

    def has(self, *path: str) -> bool:
        """Whether the key is set, in the file or the environment."""
        node: Any = self.values
        for part in path:
            if not isinstance(node, dict) or part not in node:
                return False
            node = node[part]
        return True

    def where(self, *path: str | int) -> str:
        """``settings.yaml:12:3`` of a key, ``the environment variable …``, or the file with no line if it is unset."""
        override = self.overrides.get(tuple(str(part) for part in path))
        if override is not None:
            return f"the environment variable {override}"
        node: Any = self.tree
        place = ""
        for part in path:
            try:
                line, column = node.lc.key(part) if isinstance(node, CommentedMap) else node.lc.item(part)
                node = node[part]
            except (AttributeError, KeyError, IndexError, TypeError):
                break
            place = f":{line + 1}:{column + 1}"
        return f"{self.path}{place}"


def read_document(path: Path, environ: Mapping[str, str]) -> Document:
    """Read the file; SettingsRefused with line and column when it is not YAML with unique keys."""
    tree = _parse(path, _read(path))
    try:
        values = _plain(tree)
    except RecursionError:
        raise SettingsRefused([f"{path}: is nested in itself"]) from None
    overrides: dict[tuple[str, ...], str] = {}
    for name, text in sorted(environ.items()):
        if name.startswith(PREFIX):
            keys = tuple(part.lower() for part in name.removeprefix(PREFIX).split("__"))
            overrides[keys] = name
            _lay_over(values, keys, _scalar(name, text))
    return Document(path, values, tree, overrides)


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()[: _MAX_BYTES + 1]
    except FileNotFoundError:
        raise SettingsRefused(
            [f"{path}: there is no such file"], hint="Name the settings file with --settings FILE."
        ) from None
    except OSError as error:
        raise SettingsRefused([f"{path}: cannot be read: {error.strerror}"]) from None
    if len(raw) > _MAX_BYTES:
        raise SettingsRefused([f"{path}: is larger than a settings file can be (1 MB)"])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SettingsRefused([f"{path}:{line}: is not UTF-8 text; save the file as UTF-8"]) from None


def _parse(path: Path, text: str) -> CommentedMap:
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        problem = str(error.problem or error.context).splitlines()[0]
        raise SettingsRefused([f"{path}{place}: {problem}"]) from None
    except RecursionError:
        raise SettingsRefused([f"{path}: is nested too deeply"]) from None
    except ReaderError as error:
        before = text[: error.position]
        place = f":{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
        raise SettingsRefused([f"{path}{place}: holds a character that YAML does not allow"]) from None
    except _UNREADABLE as error:
        problem = (str(error) or "cannot be read as YAML").splitlines()[0]
        raise SettingsRefused([f"{path}{_place_of_bad_scalar(text)}: {problem}"]) from None
    if tree is None:
        raise SettingsRefused([f"{path}: is empty"])
    if not isinstance(tree, CommentedMap):
        raise SettingsRefused([f"{path}:1:1: must hold sections (invoices:, magento:, …)"])
    return tree


def _place_of_bad_scalar(text: str) -> str:
    """Where the first value stands of which YAML can make none, such as 2026-02-31; the library does not say."""
    try:
        waiting = [YAML(typ="rt").compose(text)]
    except _UNREADABLE:
        return ""
    seen: set[int] = set()  # an anchor can stand inside itself
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, ScalarNode):
            try:
                YAML(typ="rt").load(node.value)
            except _UNREADABLE:
                return f":{node.start_mark.line + 1}:{node.start_mark.column + 1}"
        elif isinstance(node, SequenceNode):
            waiting += reversed(node.value)
        elif isinstance(node, MappingNode):
            waiting += [part for pair in reversed(node.value) for part in reversed(pair)]
    return ""


def _plain(node: Any) -> Any:
    """Plain Python values, without the round-trip types that remember comments."""
    if isinstance(node, dict):
        return {key if isinstance(key, str) else str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    if isinstance(node, ScalarFloat):
        return float(node)
    if isinstance(node, str):
        return str(node)
    return node


def _scalar(name: str, text: str) -> Any:
    """An override's text as YAML would read it, so that ``false``, ``[1, 2]`` and ``null`` mean what they say."""
    try:
        return _plain(YAML(typ="rt").load(text)) if text.strip() else text
    except _UNREADABLE:
        raise SettingsRefused([f"the environment variable {name}: {text!r} is not a value"]) from None


def _lay_over(values: dict[str, Any], keys: tuple[str, ...], value: Any) -> None:
    for key in keys[:-1]:
        inner = values.get(key)
        if not isinstance(inner, dict):
            inner = values[key] = {}
        values = inner
    values[keys[-1]] = value


def find_file(named: str | None) -> Path:
    """The settings file: as named, ``$INVOICE_SYNC_SETTINGS``, ``./settings.yaml``, ``/etc/invoice-sync/…``."""
    chosen = named or os.environ.get("INVOICE_SYNC_SETTINGS")
    if chosen:
        return Path(chosen)
    places = [Path("settings.yaml"), Path("/etc/invoice-sync/settings.yaml")]
    for place in places:
        if place.is_file():
            return place
    raise SettingsRefused(
        [f"there is no settings file at {places[0].absolute()} or {places[1]}"],
        hint="Write one with `invoice-sync init`, or name one with --settings FILE.",
    )
