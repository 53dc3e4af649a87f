"""Measures the first sentence of each docstring: ``python -m tests.prose [FOLDER…] [--list FOLDER]``.

- **pronoun**: share of docstrings in whose first sentence a pronoun is a subject, of the sentence or of a clause in it.
  Personal, indefinite and interrogative pronouns (it, they, who, what, nobody, nothing, …) always count; a relative
  "that" or "which" before anything that can be a verb; "this", "those", "one", "each" before an auxiliary. Well-kept
  libraries measure between 11 and 33 %.
- **clause**: number of docstrings that are no sentence but a clause ("Whether …", "What …", "Until when …"). A sentence
  that begins with "If", "When", "As", … is a clause when no comma or colon parts it from a main clause.
- **no verb**: share of functions' docstrings that cannot begin with a verb: the first word is an article, a determiner,
  a pronoun or a preposition. For information.

``--pronouns`` and ``--clauses`` are the limits for daemon/ and state/, each; above a limit the command ends with 1.
"""

import argparse
import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIMITED = ("daemon", "state")

_ALWAYS = "it|s?he|they|we|you|who(?:ever)?|what(?:ever)?|(?:no|some|any|every)(?:body|thing)|(?-i:none)"
_AUXILIARY = "is|are|was|were|has|have|had|may|might|can|cannot|must|will|would|should|could|does|do|did"
_DETERMINER = "the|an?|it|its|s?he|his|her|they|their|we|our|no|this|these|those|each|every|both|all|any|some|one|two"
_ASKING = "whether|what|whatever|which|who|whoever|whom|whose|how|where|why"
_BEFORE = "as|until|since|of|for|by|to|from|in|on|at|with|about"
_SUBJECT = re.compile(
    rf"\b(?:(?:{_ALWAYS})\b"
    rf"|(?:this|these|those|that|one|each|all|both|some|most|others) (?:alone |not )?(?:{_AUXILIARY})\b"
    rf"|(?:that|which) (?!(?:{_DETERMINER})\b)(?-i:[a-z]))",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    rf"(?:(?:{_BEFORE}) )?(?:{_ASKING})\b|(?:until|since) when\b"
    r"|(?:if|when|as|until|since|while|because|unless) [^,:]*$",
    re.IGNORECASE,
)
_NO_VERB = re.compile(
    rf"(?:{_ALWAYS}|{_DETERMINER}|{_ASKING}|{_BEFORE}|if|when|without|before|after|only|here|there|\d+)\b|`",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Docstring:
    """A docstring's first sentence, with its place."""

    path: Path
    line: int
    of_function: bool
    sentence: str

    @property
    def has_pronoun_subject(self) -> bool:
        return bool(_SUBJECT.search(self.sentence))

    @property
    def is_clause(self) -> bool:
        return bool(_CLAUSE.match(re.sub(r"^``[^`]*``:\s*", "", self.sentence)))  # after a command's name

    @property
    def has_no_verb_first(self) -> bool:
        return self.of_function and bool(_NO_VERB.match(self.sentence))


def first_sentence(docstring: str) -> str:
    """Return the first sentence of the first paragraph, on one line."""
    paragraph = " ".join(docstring.split("\n\n", maxsplit=1)[0].split())
    return re.split(r"(?<=[.!?])\s+(?=[A-Z`])", paragraph)[0]


def docstrings_in(source: str, path: Path) -> Iterator[Docstring]:
    """Yield the docstrings of a module, its classes and its functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                yield Docstring(path, node.body[0].lineno, function, first_sentence(text))


def docstrings_under(name: str) -> list[Docstring]:
    """Return the docstrings of a file, or of all files under a folder, in the order of their places."""
    place = ROOT / name
    paths = [place] if place.is_file() else sorted(place.rglob("*.py"))
    found = [each for path in paths for each in docstrings_in(path.read_text(encoding="utf-8"), path)]
    return sorted(found, key=lambda each: (each.path, each.line))


def offenders(found: list[Docstring]) -> Iterator[str]:
    """Yield a line with place and sentence for each docstring with a pronoun subject and for each clause."""
    for each in found:
        kinds = "clause, " * each.is_clause + "pronoun, " * each.has_pronoun_subject
        if kinds:
            yield f"{each.path.relative_to(ROOT)}:{each.line}: {kinds[:-2]}: {each.sentence}"


def main() -> int:
    """Print the measure of each folder, or the offenders of one; return 1 when a limit is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.prose")
    parser.add_argument("folders", nargs="*", default=[*LIMITED, "tests"], metavar="FOLDER")
    parser.add_argument("--list", metavar="FOLDER", dest="listed", help="print each offender's place and sentence")
    parser.add_argument("--pronouns", type=float, default=30.0, metavar="PERCENT")
    parser.add_argument("--clauses", type=int, default=0, metavar="NUMBER")
    options = parser.parse_args()
    if options.listed:
        print(*offenders(docstrings_under(options.listed)), sep="\n")
        return 0
    broken = 0
    for folder in options.folders:
        found = docstrings_under(folder)
        functions = max(1, sum(each.of_function for each in found))
        pronouns = 100 * sum(each.has_pronoun_subject for each in found) / max(1, len(found))
        clauses = sum(each.is_clause for each in found)
        no_verb = 100 * sum(each.has_no_verb_first for each in found) / functions
        too_much = folder in LIMITED and (pronouns > options.pronouns or clauses > options.clauses)
        broken |= too_much
        numbers = f"pronoun {pronouns:5.1f} %  clause {clauses:4}  no verb {no_verb:5.1f} %"
        print(f"{folder:24} {len(found):5} docstrings  {numbers}{'  above the limit' if too_much else ''}")
    return broken


if __name__ == "__main__":
    raise SystemExit(main())
