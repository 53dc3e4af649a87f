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
    store, timing = tools.store, Timing(tools)
    sign_ins = AccountSignIns(tools)
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

    sizes = PageSizes(store.facts)
    pages = PageReader(store, sizes, lambda: tools.stop.asked)
    records = RecordReader(store, sizes, lambda: tools.stop.asked)
    news, sweep = NewsReader(store, records), Sweep(store, pages)
    scans, rereader = ScanReader(store, timing, pages, news), Rereader(store, timing, records, news)
    intake = Intake(
        tools=tools,
        timing=timing,
        sessions=sessions,
        scans=scans,
        sweep=sweep,
        rereader=rereader,
        records=records,
        magento=magento,
        fresh=fresh,
    )

    items, existing = ItemParents(), ExistingNotes(store.ledger, timing, sessions, salesforce)
    outcomes = InvoiceOutcomes(tools, timing, alike)
    invoices = InvoiceDelivery(
        tools=tools,
        sessions=sessions,
        health=salesforce,
        org=org,
        alike=alike,
        items=items,
        outcomes=outcomes,
    )
    notes = NoteDelivery(
        tools=tools,
        timing=timing,
        sessions=sessions,
        health=salesforce,
        org=org,
        pause=pause,
        existing=existing,
    )
    lookup = Lookup(store.ledger, timing, sessions, salesforce, org)
    deliveries = Deliveries(
        tools=tools,
        sessions=sessions,
        renewal=renewal,
        intake=intake,
        alike=alike,
        invoices=invoices,
        notes=notes,
        lookup=lookup,
    )

    passes = Passes(
        tools=tools,
        sessions=sessions,
        renewal=renewal,
        magento=magento,
        salesforce=salesforce,
        intake=intake,
        sweeps=sweep,
        deliveries=deliveries,
    )
    requests = Requests(tools=tools, renewal=renewal, records=records, pause=pause, passes=passes)
    return Process(
        tools=tools,
        sessions=sessions,
        renewal=renewal,
        magento=magento,
        org=org,
        sweep=sweep,
        history=History(store),
        passes=passes,
        requests=requests,
    )
