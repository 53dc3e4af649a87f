"""Asks Magento about an invoice that the state does not have."""

from daemon.cli.assemble import ask_magento
from daemon.reports.story import Story
from daemon.reports.unseen import unseen_by_id, unseen_by_number
from daemon.settings import Configuration


def explain_unseen(configuration: Configuration, number: str | None, entity_id: int | None) -> Story:
    """Return why the ledger lacks the invoice with this number, or else with this entity_id."""
    magento = ask_magento(configuration)
    try:
        if number is not None:
            return unseen_by_number(magento, configuration, number)
        assert entity_id is not None, "one of both is named"
        return unseen_by_id(magento, configuration, entity_id)
    finally:
        magento.close()
