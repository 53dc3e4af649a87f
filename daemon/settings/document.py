"""settings.yaml as a document: its values, each with its place in the file or the environment."""

import re
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
from ruamel.yaml.tokens import AliasToken

from daemon.errors import InvalidSettings
from daemon.settings.files import read_small
from daemon.settings.places import MAX_BYTES
from daemon.settings.secrets import secret_at

PREFIX = "INVOICE_SYNC__"
_DEEPEST = 100  # the YAML library's time grows with the square of the depth of nested brackets
_MOST_SCALARS = 2_000
_BRACKET = re.compile(r"[\[\]{}]")
# The parts of the YAML library's messages that repeat the file's text, which may be a secret.
_REPEATED = re.compile(r"(?: with value| from|(?<=handle)|(?<=tag)|(?<=alias)) ['\"].*", re.DOTALL)
_ALIAS = re.compile(r"(?:^|[\s\[{,:?-])\*\S", re.MULTILINE)
# The errors of the YAML library for a scalar or tag without a value: an impossible date, a bad number.
_UNREADABLE = (YAMLError, ValueError, TypeError, AttributeError, LookupError, RecursionError, ArithmeticError)


@dataclass(frozen=True)
class Document:
    """The file's values, overridden by the environment's."""

    path: Path
    values: dict[str, Any]
    tree: CommentedMap
    overrides: Mapping[tuple[str, ...], str]

    def has(self, *path: str) -> bool:
        """Return whether the key is set, in the file or the environment."""
        node: Any = self.values
        for part in path:
            if not isinstance(node, dict) or part not in node:
                return False
            node = node[part]
        return True

    def where(self, *path: str | int) -> str:
        """Return a key's place: ``settings.yaml:12:3``, ``the environment variable …``, or just the file if unset."""
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
    """Read the file and the environment; InvalidSettings, with line and column, if YAML cannot read the file."""
    tree = _parse(path, _read(path))
    try:
        values = _plain(tree)
    except RecursionError:
        raise InvalidSettings([f"{path}: is nested too deeply"]) from None
    overrides: dict[tuple[str, ...], str] = {}
    for name, text in sorted(environ.items()):
        if name.startswith(PREFIX):
            keys = tuple(part.lower() for part in name.removeprefix(PREFIX).split("__"))
            overrides[keys] = name
            # A misplaced secret is refused by its key, so its text is not read as YAML.
            _lay_over(values, keys, text if secret_at(keys) else _scalar(name, text))
    return Document(path, values, tree, overrides)


def _read(path: Path) -> str:
    try:
        raw = read_small(path, MAX_BYTES)
    except FileNotFoundError:
        raise InvalidSettings(
            [f"{path}: this file does not exist"], hint="Name the settings file with --settings FILE."
        ) from None
    except OSError as error:
        raise InvalidSettings([f"{path}: cannot be read: {error.strerror}"]) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidSettings([f"{path}:{line}: is not UTF-8 text; save the file as UTF-8"]) from None


def _load(text: str) -> Any:
    """Return the YAML's tree. Aliases are refused: a few that repeat each other grow beyond any memory."""
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth = depth + 1 if bracket[0] in "[{" else max(depth - 1, 0)
        if depth > _DEEPEST:
            raise RecursionError
    if _ALIAS.search(text):
        for token in YAML(typ="rt").scan(text):
            if isinstance(token, AliasToken):
                problem = "an alias (*) is not allowed: write the value out, or put it in quotes"
                raise MarkedYAMLError(problem=problem, problem_mark=token.start_mark)
    return YAML(typ="rt").load(text)


def _parse(path: Path, text: str) -> CommentedMap:
    try:
        tree = _load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        problem = _REPEATED.sub("", str(error.problem or error.context)).splitlines()[0]
        raise InvalidSettings([f"{path}{place}: {problem}"]) from None
    except RecursionError:
        raise InvalidSettings([f"{path}: is nested too deeply"]) from None
    except ReaderError as error:
        before = text[: error.position]
        place = f":{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
        raise InvalidSettings([f"{path}{place}: holds a character that YAML does not allow"]) from None
    except _UNREADABLE as error:
        raise InvalidSettings([f"{path}{_place_of_bad_scalar(text)}: {_said_of_scalar(error)}"]) from None
    if tree is None:
        raise InvalidSettings([f"{path}: is empty"])
    if not isinstance(tree, CommentedMap):
        raise InvalidSettings([f"{path}:1:1: must hold sections (invoices:, magento:, …)"])
    return tree


def _said_of_scalar(error: Exception) -> str:
    """Return Python's reason, such as "month must be in 1..12", without any quoted value, which may be a secret."""
    said = str(error)
    return "cannot be read as YAML" if not said or "'" in said or '"' in said else said.splitlines()[0]


def _place_of_bad_scalar(text: str) -> str:
    """Return the place of the first unreadable value, such as 2026-02-31, which the library does not tell."""
    try:
        waiting = [YAML(typ="rt").compose(text)]
    except _UNREADABLE:
        return ""
    looked_at = 0
    while waiting and looked_at < _MOST_SCALARS:
        node = waiting.pop()
        if isinstance(node, ScalarNode):
            looked_at += 1
            try:
                _load(node.value if node.style is None else "")
            except _UNREADABLE:
                return f":{node.start_mark.line + 1}:{node.start_mark.column + 1}"
        elif isinstance(node, SequenceNode):
            waiting += reversed(node.value)
        elif isinstance(node, MappingNode):
            waiting += [part for pair in reversed(node.value) for part in reversed(pair)]
    return ""


def _plain(node: Any) -> Any:
    """Return plain Python values in place of the library's types, which carry comments."""
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
    """Return the value that YAML reads from an override's text, such as ``false``, ``[1, 2]`` or ``null``."""
    try:
        return _plain(_load(text)) if text.strip() else text
    except _UNREADABLE:
        problem = f"the environment variable {name} cannot be read as YAML; put its value in quotes"
        raise InvalidSettings([problem]) from None


def _lay_over(values: dict[str, Any], keys: tuple[str, ...], value: Any) -> None:
    for key in keys[:-1]:
        inner = values.get(key)
        if not isinstance(inner, dict):
            inner = values[key] = {}
        values = inner
    values[keys[-1]] = value
