"""The settings in force with their two clients and mapping; replaced as one when settings change."""

from dataclasses import dataclass, replace

from daemon.errors import InvalidSettings
from daemon.magento import Magento, SignIns
from daemon.mapping import InvoiceMapping
from daemon.redaction import Redaction
from daemon.salesforce import Salesforce
from daemon.settings import Configuration, Settings, SettingsFile
from daemon.spelling import OrgTraits
from daemon.sync.account import AccountSignIns
from daemon.sync.tools import Tools
from daemon.transport import Transport


@dataclass(frozen=True, slots=True)
class Session:
    """The settings in force, with their clients and mapping."""

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
    """Owns the current session."""

    def __init__(
        self,
        tools: Tools,
        settings_file: SettingsFile,
        redaction: Redaction,
        transport: Transport,
        sign_ins: AccountSignIns,
    ) -> None:
        self._tools = tools
        self._file = settings_file
        self._redaction = redaction
        self._sign_ins = sign_ins
        self.transport = transport
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
            self._tools.observer.settings_read()
            self.current.close()
            self.current = self._open()
        elif self._file.current is not self.current.configuration:  # the same settings, on other lines
            self.current = replace(self.current, configuration=self._file.current)
        return found

    def spell_for(self, traits: OrgTraits | None) -> None:
        """Map invoices for an org with these traits; None: for an unknown org."""
        self.current = replace(self.current, mapping=InvoiceMapping(self.current.settings, traits))

    def _open(self) -> Session:
        configuration, clock = self._file.current, self._tools.clock
        self._redaction.use(configuration.secrets)  # before anything is answered that may repeat one
        sign_ins = SignIns(self._sign_ins.count, self._sign_ins.locked_until)
        magento = Magento(configuration, clock, self._redaction, self.transport, sign_ins)
        expected = self._tools.store.facts.get("organization_id")
        salesforce = Salesforce(configuration, clock, self._redaction, self.transport, expected)
        return Session(configuration, magento, salesforce, InvoiceMapping(configuration.settings))
