"""``invoice-sync init``."""

import click

from daemon.cli.ways import MAGENTO_WAYS, SALESFORCE_WAYS


@click.command()
@click.option("--magento-url", metavar="URL", help="The shop's base URL.")
@click.option("--magento-auth", type=click.Choice(list(MAGENTO_WAYS)), help="How to sign in to it; default: oauth1.")
@click.option("--salesforce-url", metavar="URL", help="The org's My Domain.")
@click.option(
    "--salesforce-auth",
    type=click.Choice(list(SALESFORCE_WAYS)),
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

    On a terminal it asks for values without an option, and for the secrets (typed unseen; Enter skips one).
    The settings.yaml that `make install` left is filled in; one that a person has filled in is never written over.
    """
    from daemon.cli.init import Typed, begin

    return begin(settings_name, Typed(magento_url, magento_auth, salesforce_url, salesforce_auth, salesforce_username))
