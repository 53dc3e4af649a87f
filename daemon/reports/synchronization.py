"""Decides whether synchronization is off, manual or automatic, by the settings in force."""

from typing import Literal

from daemon.errors import InvalidSettings
from daemon.settings import Configuration
from daemon.settings.schema import Invoices

Synchronization = Literal["off", "manual", "automatic"]


def synchronization_of(options: Invoices) -> Synchronization:
    """Return ``off`` when no invoice is sent, ``manual`` when only a manual sync sends, else ``automatic``."""
    if not options.enable_synchronization:
        return "off"
    return "automatic" if options.enable_automatic_synchronization else "manual"


def require_switched_on(configuration: Configuration) -> None:
    """Raise InvalidSettings, with the setting and its line, while synchronization is off."""
    if synchronization_of(configuration.settings.invoices) == "off":
        place = configuration.document.where("invoices", "enable_synchronization")
        raise InvalidSettings(
            [f"{place}: invoices.enable_synchronization is off: nothing is sent, not even by a manual sync"],
            hint="Set it to true to sync.",
        )
