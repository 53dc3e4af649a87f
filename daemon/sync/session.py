"""The settings in force with the two clients and the mapping that they make; replaced as one when settings change."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from daemon.clock import Clock
from daemon.errors import InvalidSettings
from daemon.magento import Magento
from daemon.mapping import InvoiceMapping
from daemon.redaction import redaction
from daemon.salesforce import Salesforce
from daemon.settings import Configuration, Settings, SettingsFile
from daemon.spelling import OrgTraits
from daemon.sync.account import AccountSignIns
from daemon.sync.tools import Tools

OpenMagento = Callable[[Configuration, Clock], Magento]
OpenSalesforce = Callable[[Configuration, Clock], Salesforce]


@dataclass(frozen=True, slots=True)
class Session:
    """The settings in force, and what is made of them."""

    configuration: Configuration
    magento: Magento
    salesforce: Salesforce
    mapping: InvoiceMapping

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.configuration.settings

    def close(self) -> None:
        """Let go of the connections."""
        self.magento.close()
        self.salesforce.close()


class Sessions:
    """Owns the session that is current."""

    def __init__(
        self,
        tools: Tools,
        settings_file: SettingsFile,
        sign_ins: AccountSignIns,
        *,
        open_magento: OpenMagento = Magento,
        open_salesforce: OpenSalesforce = Salesforce,
    ) -> None:
        self._tools = tools
        self._file = settings_file
        self._sign_ins = sign_ins
        self._open_magento = open_magento
        self._open_salesforce = open_salesforce
        self.current = self._open()

    @property
    def path(self) -> str:
        """The settings file's path."""
        return str(self._file.path)

    def reload(self) -> InvalidSettings | bool:
        """Take up an edit of the settings. Return True after one; the refusal of a broken edit, once; else False.

        After a broken edit the last good settings stay in force.
        """
        before = self._file.current
        found = self._file.reload()
        if found is True and self._file.current.settings.magento.name != before.settings.magento.name:
            where = self._file.current.document.where("magento", "name")
            self._file.current = before
            return InvalidSettings([f"{where}: magento.name cannot change while invoice-sync runs"])
        if found is True:
            self.current.close()
            self.current = self._open()
        elif self._file.current is not self.current.configuration:  # the same settings, on other lines
            self.current = replace(self.current, configuration=self._file.current)
        return found

    def spell_for(self, traits: OrgTraits | None) -> None:
        """Map invoices as an org with these traits takes them; None: nothing is known of the org."""
        self.current = replace(self.current, mapping=InvoiceMapping(self.current.settings, traits))

    def _open(self) -> Session:
        configuration, store = self._file.current, self._tools.store
        redaction.secrets = configuration.secrets
        store.redact = redaction.clean
        magento = self._open_magento(configuration, self._tools.clock)
        magento.tell_sign_ins(self._sign_ins.count, self._sign_ins.locked_until)
        salesforce = self._open_salesforce(configuration, self._tools.clock)
        salesforce.connection.expected_organization = store.facts.get("organization_id")
        return Session(configuration, magento, salesforce, InvoiceMapping(configuration.settings))
