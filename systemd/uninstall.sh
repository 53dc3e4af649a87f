#!/bin/sh
# `make uninstall`: removes what `make install` installed; settings, secrets and state stay.
set -eu
DESTDIR=${DESTDIR:-} PREFIX=${PREFIX:-/usr/local}
say() { printf 'invoice-sync: %s\n' "$*"; }

if [ -z "$DESTDIR" ] && [ "$(id -u)" != 0 ]; then
    say "uninstalling needs root: sudo make uninstall" >&2
    exit 1
fi
live=
[ -n "$DESTDIR" ] || [ ! -d /run/systemd/system ] || live=yes

if [ "$live" ]; then
    # Stop and disable the service and each shop.
    for unit in $(systemctl list-units --all --plain --no-legend 'invoice-sync.service' 'invoice-sync@*.service' | cut -d' ' -f1); do
        systemctl disable --now "$unit"
    done
    systemctl disable invoice-sync.service 2>/dev/null || true
fi
rm -rf "$DESTDIR/opt/invoice-sync"
rm -f "$DESTDIR$PREFIX/bin/invoice-sync" "$DESTDIR$PREFIX/share/man/man1/invoice-sync.1" \
    "$DESTDIR/etc/systemd/system/invoice-sync.service" "$DESTDIR/etc/systemd/system/invoice-sync@.service"
[ -z "$live" ] || systemctl daemon-reload
say "removed. Left as they are: /etc/invoice-sync (settings and secrets) and /var/lib/invoice-sync (the state)."
