"""``python -m daemon``: the same as the command invoice-sync."""

from daemon.cli import main

if __name__ == "__main__":
    main()
