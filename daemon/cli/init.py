"""Writes a first settings.yaml from options and a person's answers, and says the next commands."""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from daemon.cli.ways import MAGENTO_WAYS, SALESFORCE_WAYS
from daemon.errors import UsageError
from daemon.settings import beginning


@dataclass(frozen=True, slots=True)
class Typed:
    """The answers given by options. On a terminal a person is asked for each None."""

    magento_url: str | None
    magento_auth: str | None
    salesforce_url: str | None
    salesforce_auth: str | None
    salesforce_username: str | None


def begin(settings_name: str | None, typed: Typed) -> int:
    """Write settings.yaml and the folder secrets/ from the options and a person's answers, and return the exit code."""
    path = beginning.place_for_first(settings_name)
    beginning.refuse_existing(path)
    fills_in = path.exists()
    asked = sys.stdin.isatty()
    answers = _answers(typed, asked=asked)
    secrets = _ask_secrets(answers.secrets, path.parent / "secrets") if asked else {}
    missing = beginning.write_first(path, answers, secrets)
    verb = "Filled in" if fills_in else "Wrote"
    click.echo(f"{verb} {path}, and {path.parent / 'secrets'}/ for this user alone.")
    _say_next(missing, _commands_after(path, settings_name))
    return 0


def _answers(typed: Typed, *, asked: bool) -> beginning.Answers:
    shop = _answer("--magento-url", "Magento's base URL", typed.magento_url, beginning.magento_url)
    shop_way = typed.magento_auth or (_choose("Signing in to Magento", MAGENTO_WAYS) if asked else "oauth1")
    org = _answer("--salesforce-url", "Salesforce's My Domain", typed.salesforce_url, beginning.salesforce_url)
    org_way = typed.salesforce_auth or (
        _choose("Signing in to Salesforce", SALESFORCE_WAYS) if asked else "client_credentials"
    )
    user = None
    if org_way == "jwt_bearer":
        name = "The integration user's name in Salesforce"
        user = _answer("--salesforce-username", name, typed.salesforce_username, beginning.user_name)
    return beginning.Answers(shop, org, shop_way, org_way, user)


def _answer(option: str, question: str, given: str | None, check: Callable[[str], str]) -> str:
    """Return the option's value, or a person's answer on a terminal; ask until the answer is usable."""
    if given is None and not sys.stdin.isatty():
        raise UsageError(
            f"{option} is missing, and without a terminal nobody can be asked for it", hint="See invoice-sync init -h."
        )
    while True:
        typed = given if given is not None else str(click.prompt(question, err=True))
        try:
            return check(typed)
        except ValueError as error:
            if given is not None:
                raise UsageError(f"{option}: {typed} {error}") from None
            click.echo(f"{typed} {error}", err=True)


def _choose(question: str, ways: Mapping[str, str]) -> str:
    click.echo(f"{question}:", err=True)
    for name, words in ways.items():
        click.echo(f"  {name:<20}{words}", err=True)
    first = next(iter(ways))
    return str(click.prompt("Which", default=first, type=click.Choice(list(ways)), show_choices=False, err=True))


def _ask_secrets(names: Iterable[str], folder: Path) -> dict[str, str]:
    """Return the secrets, typed unseen. Left-out secrets can be written later."""
    found: dict[str, str] = {}
    click.echo("The secrets: they are not shown as you type them. Enter leaves one for later.", err=True)
    for name in names:
        if (folder / name).exists():
            click.echo(f"{name}: exists already", err=True)
        elif name == "salesforce_private_key":
            key = _ask_key(beginning.private_key)
            found.update({name: key} if key else {})
        else:
            typed = str(click.prompt(name, default="", hide_input=True, show_default=False, err=True)).strip()
            found.update({name: typed} if typed else {})
    return found


def _ask_key(read: Callable[[str], str]) -> str | None:
    while True:
        typed = str(click.prompt("salesforce_private_key, its file", default="", show_default=False, err=True)).strip()
        if not typed:
            return None
        try:
            return read(typed)
        except ValueError as error:
            click.echo(f"{typed} {error}", err=True)


def _commands_after(path: Path, named: str | None) -> list[str]:
    """Return the commands to type next: for the installed settings those of the service, else those of a person."""
    if path.is_absolute() and not named:
        return [
            "sudo invoice-sync check",
            "sudo invoice-sync salesforce setup",
            "sudo systemctl enable --now invoice-sync",
        ]
    option = f" --settings {named}" if named else ""
    return [f"invoice-sync {command}{option}" for command in ("check", "salesforce setup", "run --once")]


def _say_next(missing: list[str], commands: list[str]) -> None:
    """Print the names of the missing secrets, and the next commands."""
    if missing:
        click.echo("Still to be written, each to a file of its name in that folder (chmod 600):")
        for name in missing:
            click.echo(f"  {name}")
    click.echo("Next:")
    for command in commands:
        click.echo(f"  {command}")
