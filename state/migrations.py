"""The schema as an append-only list of migrations: no shipped migration is ever edited."""

from sqlite_utils.db import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("invoice-sync")


@migrations()
def m001_the_tables(db: Database) -> None:
    """Make the tables. Instants are UTC text (``2026-11-22T08:04:03Z``), money is text, flags are 0/1."""
    for statement in _TABLES:
        db.execute(statement)


@migrations()
def m002_causes_and_links(db: Database) -> None:
    """Add the cause of a failure, equal for all failures with one cause; the link that decides who may see a note; and
    until when an unanswered edit of a note may still commit.
    """
    for statement in (
        "ALTER TABLE ledger ADD COLUMN cause TEXT",
        "ALTER TABLE notes ADD COLUMN cause TEXT",
        "ALTER TABLE notes ADD COLUMN link_id TEXT",
        "ALTER TABLE notes ADD COLUMN again_at TEXT",
        "CREATE INDEX notes_again ON notes (again_at) WHERE again_at IS NOT NULL",
    ):
        db.execute(statement)


@migrations()
def m003_a_scan_of_each_band(db: Database) -> None:
    """Let the rounds of a sweep's bands be under way at once; SQLite cannot change a constraint in place."""
    db.execute("ALTER TABLE scans RENAME TO scans_before")
    db.execute("""CREATE TABLE scans (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('poll', 'backfill', 'sweep')),
        band TEXT,
        since TEXT,
        began_at TEXT,
        after_id INTEGER NOT NULL DEFAULT 0,
        newest TEXT
    ) STRICT""")
    db.execute("INSERT INTO scans SELECT id, kind, band, since, began_at, after_id, newest FROM scans_before")
    db.execute("DROP TABLE scans_before")
    db.execute("CREATE UNIQUE INDEX scans_by_kind ON scans (kind, coalesce(band, ''))")


@migrations()
def m004_what_waits(db: Database) -> None:
    """Add the beginning of a record's wait, with an index; the invoice of an unanswered call about a comment that has
    moved; and the exit code for a side's failure.
    """
    for statement in (
        "ALTER TABLE ledger ADD COLUMN waiting_since TEXT",
        "CREATE INDEX ledger_waiting ON ledger (waiting_since) WHERE waiting_since IS NOT NULL",
        "ALTER TABLE notes ADD COLUMN waiting_since TEXT",
        "CREATE INDEX notes_waiting ON notes (waiting_since) WHERE waiting_since IS NOT NULL",
        "ALTER TABLE notes ADD COLUMN unanswered_for INTEGER",
        "ALTER TABLE sides ADD COLUMN exit_code INTEGER",
    ):
        db.execute(statement)


_TABLES = (
    # Facts about this state as a whole: which shop and which org it belongs to, how the last process ended.
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    # How far Magento has been read. One row.
    "CREATE TABLE checkpoints (name TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT",
    # Readings of Magento that are not finished; a crash resumes them where their last page was committed.
    """CREATE TABLE scans (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL UNIQUE CHECK (kind IN ('poll', 'backfill', 'sweep')),
        band TEXT,
        since TEXT,
        began_at TEXT,
        after_id INTEGER NOT NULL DEFAULT 0,
        newest TEXT
    ) STRICT""",
    # One row per invoice ever seen. No content: identity, amounts, stamps, status, and what Salesforce answered.
    """CREATE TABLE ledger (
        entity_id INTEGER PRIMARY KEY,
        increment_id TEXT NOT NULL,
        store_id INTEGER,
        order_id INTEGER,
        order_number TEXT,
        state TEXT,
        grand_total TEXT,
        currency TEXT,
        created_at TEXT,
        updated_at TEXT,
        digest TEXT NOT NULL,
        sync_status TEXT NOT NULL CHECK (sync_status IN ('pending', 'synced', 'held', 'skipped', 'failed')),
        reason TEXT,
        asked INTEGER NOT NULL DEFAULT 0,
        named INTEGER NOT NULL DEFAULT 0,
        unconfirmed INTEGER NOT NULL DEFAULT 0,
        corrupt INTEGER NOT NULL DEFAULT 0,
        salesforce_id TEXT,
        fingerprint TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        next_attempt_at TEXT,
        again_at TEXT,
        seen_at TEXT NOT NULL,
        seen_by TEXT NOT NULL,
        synced_at TEXT
    ) STRICT""",
    "CREATE INDEX ledger_by_status ON ledger (sync_status, attempts, entity_id)",
    "CREATE INDEX ledger_by_number ON ledger (increment_id)",
    "CREATE INDEX ledger_by_order ON ledger (order_number)",
    "CREATE INDEX ledger_again ON ledger (again_at) WHERE again_at IS NOT NULL",
    "CREATE INDEX ledger_corrupt ON ledger (entity_id) WHERE corrupt = 1",
    "CREATE INDEX ledger_unconfirmed ON ledger (entity_id) WHERE unconfirmed = 1",
    # One row per comment ever seen, never with its text.
    """CREATE TABLE notes (
        comment_id INTEGER PRIMARY KEY,
        entity_id INTEGER NOT NULL,
        digest TEXT NOT NULL,
        sync_status TEXT NOT NULL CHECK (sync_status IN ('pending', 'synced', 'held', 'skipped', 'failed')),
        reason TEXT,
        held_for TEXT CHECK (held_for IN ('automatic', 'notes')),
        asked INTEGER NOT NULL DEFAULT 0,
        record_id TEXT,
        note_id TEXT,
        fingerprint TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        next_attempt_at TEXT,
        seen_at TEXT NOT NULL,
        synced_at TEXT
    ) STRICT""",
    "CREATE INDEX notes_by_invoice ON notes (entity_id)",
    "CREATE INDEX notes_by_status ON notes (sync_status, entity_id)",
    # Past passes with their books.
    """CREATE TABLE passes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        "trigger" TEXT NOT NULL,
        started_at TEXT NOT NULL,
        finished_at TEXT,
        outcome TEXT CHECK (outcome IN ('ok', 'partial', 'failed')),
        seen INTEGER NOT NULL DEFAULT 0, owed INTEGER NOT NULL DEFAULT 0, unchanged INTEGER NOT NULL DEFAULT 0,
        held INTEGER NOT NULL DEFAULT 0, skipped INTEGER NOT NULL DEFAULT 0, refused INTEGER NOT NULL DEFAULT 0,
        due INTEGER NOT NULL DEFAULT 0, synced INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
        pending INTEGER NOT NULL DEFAULT 0, notes INTEGER NOT NULL DEFAULT 0,
        magento_calls INTEGER NOT NULL DEFAULT 0, salesforce_calls INTEGER NOT NULL DEFAULT 0,
        error TEXT
    ) STRICT""",
    # Each attempt with what was answered; pruned with the passes.
    """CREATE TABLE attempts (
        id INTEGER PRIMARY KEY,
        entity_id INTEGER NOT NULL,
        at TEXT NOT NULL,
        pass_id INTEGER,
        outcome TEXT NOT NULL CHECK (outcome IN ('synced', 'pending', 'failed')),
        answer TEXT,
        comment_id INTEGER
    ) STRICT""",
    "CREATE INDEX attempts_by_invoice ON attempts (entity_id)",
    "CREATE INDEX attempts_by_time ON attempts (at)",
    # Manual syncs asked for by another process; the process that holds the state does them.
    """CREATE TABLE requests (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        named TEXT NOT NULL,
        others TEXT NOT NULL,
        asked_at TEXT NOT NULL,
        taken_at TEXT,
        finished_at TEXT,
        exit_code INTEGER,
        error TEXT
    ) STRICT""",
    # Whether each side answers, since when not, and when it is tried next.
    """CREATE TABLE sides (
        side TEXT PRIMARY KEY,
        status TEXT NOT NULL CHECK (status IN ('ok', 'failing', 'paused')),
        reason TEXT,
        since TEXT,
        failures INTEGER NOT NULL DEFAULT 0,
        next_try_at TEXT,
        api_used INTEGER,
        api_limit INTEGER
    ) STRICT""",
)
