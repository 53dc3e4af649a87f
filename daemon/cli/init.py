"""``invoice-sync init``: asks for what settings.yaml cannot do without, writes it, and says what comes next."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.settings.beginning import Answers

_MAGENTO_WAYS = {
    "oauth1": "the four keys of an integration",
    "bearer": "its access token alone; refused since Magento 2.4.4 unless switched on",
    "admin": "an administrator's name and password; not with two-factor authentication",
}
_SALESFORCE_WAYS = {
    "client_credentials": "consumer key and secret of an External Client App",
    "jwt_bearer": "its consumer key, and a private key of your own",
}


@click.command()
@click.option("--magento-url", metavar="URL", help="The shop's base URL.")
@click.option("--magento-auth", type=click.Choice(list(_MAGENTO_WAYS)), help="How to sign in to it; default: oauth1.")
@click.option("--salesforce-url", metavar="URL", help="The org's My Domain.")
@click.option(
    "--salesforce-auth",
    type=click.Choice(list(_SALESFORCE_WAYS)),
    help="How to sign in to it; default: client_credentials.",
)
@click.option("--salesforce-username", metavar="NAME", help="The integration user's name; of jwt_bearer alone.")
@click.option(
    "--settings",
    "settings_name",
    metavar="FILE",
    help="Where to write; default: the settings.yaml of `make install`, if not filled in, else ./settings.yaml.",
)
def init(
    *,
    magento_url: str | None,
    magento_auth: str | None,
    salesforce_url: str | None,
    salesforce_auth: str | None,
    salesforce_username: str | None,
    settings_name: str | None,
) -> int:
    """Write a first settings.yaml with its comments, and the folder secrets/ beside it (for this user alone).

    On a terminal it asks for what no option names, and for the secrets (what is typed is not shown; Enter skips one).
    The settings.yaml that `make install` left is filled in; one that a person has filled in is never written over.
    """
    from daemon.settings import beginning

    path = beginning.place_for_first(settings_name)
    beginning.refuse_existing(path)
    fills_in = path.exists()
    asked = sys.stdin.isatty()
    shop = _answer("--magento-url", "Magento's base URL", magento_url, beginning.magento_url)
    shop_way = magento_auth or (_choose("Signing in to Magento", _MAGENTO_WAYS) if asked else "oauth1")
    org = _answer("--salesforce-url", "Salesforce's My Domain", salesforce_url, beginning.salesforce_url)
    org_way = salesforce_auth or (
        _choose("Signing in to Salesforce", _SALESFORCE_WAYS) if asked else "client_credentials"
    )
    user = None
    if org_way == "jwt_bearer":
        name = "The integration user's name in Salesforce"
        user = _answer("--salesforce-username", name, salesforce_username, beginning.user_name)
    answers = beginning.Answers(shop, org, shop_way, org_way, user)
    secrets = _ask_secrets(answers, path.parent / "secrets") if asked else {}
    missing = beginning.write_first(path, answers, secrets)
    verb = "Filled in" if fills_in else "Wrote"
    click.echo(f"{verb} {path}, and {path.parent / 'secrets'}/ for this user alone.")
    _say_next(missing, _commands_after(path, settings_name))
    return 0


def _answer(option: str, question: str, given: str | None, check: Callable[[str], str]) -> str:
    """What the option says, or a person on a terminal, who is asked until it can be used."""
    from daemon.errors import UsageError

    if given is None and not sys.stdin.isatty():
        raise UsageError(
            f"{option} is missing: without a terminal nobody can be asked", hint="See invoice-sync init -h."
        )
    while True:
        typed = given if given is not None else str(click.prompt(question, err=True))
        try:
            return check(typed)
        except ValueError as error:
            if given is not None:
                raise UsageError(f"{option}: {typed} {error}") from None
            click.echo(f"{typed} {error}", err=True)


def _choose(question: str, ways: dict[str, str]) -> str:
    click.echo(f"{question}:", err=True)
    for name, words in ways.items():
        click.echo(f"  {name:<20}{words}", err=True)
    first = next(iter(ways))
    return str(click.prompt("Which", default=first, type=click.Choice(list(ways)), show_choices=False, err=True))


def _ask_secrets(answers: "Answers", folder: "Path") -> dict[str, str]:
    """The secrets as they are typed, unseen; those that are left out can be written later."""
    from daemon.settings import beginning

    found: dict[str, str] = {}
    click.echo("The secrets; what you type is not shown, and Enter leaves one for later.", err=True)
    for name in answers.secrets:
        if (folder / name).exists():
            click.echo(f"{name}: is there already", err=True)
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


def _commands_after(path: "Path", named: str | None) -> list[str]:
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
    """Print which secrets are still to be written, and what to type next."""
    if missing:
        click.echo("Still to be written, each to a file of its name in that folder (chmod 600):")
        for name in missing:
            click.echo(f"  {name}")
    click.echo("Next:")
    for command in commands:
        click.echo(f"  {command}")
