"""A version of invoice-sync one migration ahead of this one; its process is killed like any other."""

from sqlite_utils.db import Database

from daemon.cli import main
from daemon.demo.failpoints import armed
from state.migrations import migrations


@migrations()
def m999_one_migration_ahead(db: Database) -> None:
    db.execute("CREATE TABLE ahead (name TEXT PRIMARY KEY) STRICT")


if __name__ == "__main__":
    main(observer=armed())
