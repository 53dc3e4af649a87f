"""Puts a process together: each owner of memory is made once, here, and handed to its users."""

from daemon.redaction import Redaction
from daemon.settings import SettingsFile
from daemon.sync.account import AccountSignIns
from daemon.sync.deliveries import Deliveries
from daemon.sync.delivery.invoices import InvoiceDelivery
from daemon.sync.delivery.item_parents import ItemParents
from daemon.sync.delivery.lookup import Lookup
from daemon.sync.delivery.notes.attach import NoteDelivery
from daemon.sync.delivery.notes.existing import ExistingNotes
from daemon.sync.delivery.notes.pause import NotePause
from daemon.sync.delivery.outcomes import InvoiceOutcomes
from daemon.sync.delivery.systemic import RejectedAlike
from daemon.sync.discovery.fresh import FreshInvoices
from daemon.sync.discovery.intake import Intake
from daemon.sync.discovery.news import NewsReader
from daemon.sync.discovery.page_sizes import PageSizes
from daemon.sync.discovery.pages import PageReader
from daemon.sync.discovery.records import RecordReader
from daemon.sync.discovery.reread import Rereader
from daemon.sync.discovery.scan import ScanReader
from daemon.sync.discovery.sweep import Sweep
from daemon.sync.health import MagentoHealth, SalesforceHealth
from daemon.sync.history import History
from daemon.sync.org import OrgFit
from daemon.sync.passes import Passes
from daemon.sync.process import Process
from daemon.sync.renewal import Renewal
from daemon.sync.requests import Requests
from daemon.sync.session import Sessions
from daemon.sync.timing import Timing
from daemon.sync.tools import Tools
from daemon.transport import Transport


def open_process(tools: Tools, settings_file: SettingsFile, redaction: Redaction, transport: Transport) -> Process:
    """Return a process made of these tools and the settings in force."""
    timing, sign_ins = Timing(tools), AccountSignIns(tools)
    sessions = Sessions(tools, settings_file, redaction, transport, sign_ins)
    magento, salesforce = MagentoHealth(tools, sessions, sign_ins), SalesforceHealth(tools, sessions)
    pause, org = NotePause(tools), OrgFit(tools, sessions, salesforce)
    alike, fresh = RejectedAlike(tools), FreshInvoices(tools.clock)
    renewal = Renewal(
        tools=tools,
        sessions=sessions,
        pauses=(magento, salesforce, pause),
        timing=timing,
        org=org,
        alike=alike,
        fresh=fresh,
    )
    intake = _intake(tools, timing, sessions, magento=magento, fresh=fresh)
    deliveries = Deliveries(
        tools=tools,
        sessions=sessions,
        renewal=renewal,
        intake=intake,
        alike=alike,
        invoices=_invoices(tools, timing, sessions, health=salesforce, org=org, alike=alike),
        notes=_notes(tools, timing, sessions, health=salesforce, org=org, pause=pause),
        lookup=Lookup(tools.store.ledger, timing, sessions, salesforce, org),
    )
    passes = Passes(
        tools=tools,
        sessions=sessions,
        renewal=renewal,
        magento=magento,
        salesforce=salesforce,
        intake=intake,
        deliveries=deliveries,
    )
    return Process(
        tools=tools,
        sessions=sessions,
        renewal=renewal,
        magento=magento,
        org=org,
        intake=intake,
        history=History(tools.store),
        passes=passes,
        requests=Requests(tools=tools, renewal=renewal, intake=intake, pause=pause, passes=passes),
    )


def _intake(
    tools: Tools, timing: Timing, sessions: Sessions, *, magento: MagentoHealth, fresh: FreshInvoices
) -> Intake:
    store, sizes = tools.store, PageSizes(tools.store.facts)
    pages = PageReader(store, sizes, lambda: tools.stop.asked)
    records = RecordReader(store, sizes, lambda: tools.stop.asked)
    news = NewsReader(store, records)
    return Intake(
        tools=tools,
        timing=timing,
        sessions=sessions,
        scans=ScanReader(store, timing, pages, news),
        sweep=Sweep(store, pages),
        rereader=Rereader(store, timing, records, news),
        records=records,
        magento=magento,
        fresh=fresh,
    )


def _invoices(
    tools: Tools, timing: Timing, sessions: Sessions, *, health: SalesforceHealth, org: OrgFit, alike: RejectedAlike
) -> InvoiceDelivery:
    return InvoiceDelivery(
        tools=tools,
        sessions=sessions,
        health=health,
        org=org,
        alike=alike,
        items=ItemParents(),
        outcomes=InvoiceOutcomes(tools, timing, alike),
    )


def _notes(
    tools: Tools, timing: Timing, sessions: Sessions, *, health: SalesforceHealth, org: OrgFit, pause: NotePause
) -> NoteDelivery:
    return NoteDelivery(
        tools=tools,
        timing=timing,
        sessions=sessions,
        health=health,
        org=org,
        pause=pause,
        existing=ExistingNotes(tools.store.ledger, timing, sessions, health),
    )
