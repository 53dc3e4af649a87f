#!/bin/sh
# `make install`: installs the program in /opt/invoice-sync, the command, the man page and the units; settings only where
# there are none. DESTDIR is put before every path (for packagers). PREFIX is where command and man page go (/usr/local).
# WHEELS is a folder with all wheels of requirements.lock, for a machine without a package index.
set -eu
cd "$(dirname "$0")/.."
umask 022

DESTDIR=${DESTDIR:-} PREFIX=${PREFIX:-/usr/local} PYTHON=${PYTHON:-python3} WHEELS=${WHEELS:-}
opt=/opt/invoice-sync units=/etc/systemd/system settings=/etc/invoice-sync
say() { printf 'invoice-sync: %s\n' "$*"; }

if [ -z "$DESTDIR" ] && [ "$(id -u)" != 0 ]; then
    say "installing needs root: sudo make install" >&2
    exit 1
fi

# Each install has a folder of its own: a running daemon keeps the one that it was started from.
release=$opt/release-$(date -u +%Y%m%dT%H%M%SZ)
target=$DESTDIR$release
trap 'rm -rf "$target"' EXIT
say "installing into $release"
mkdir -p "$DESTDIR$opt"
"$PYTHON" -m venv "$target"
pip="$target/bin/pip install --quiet --disable-pip-version-check --no-deps ${WHEELS:+--no-index --find-links $WHEELS}"
$pip --require-hashes -r requirements.lock
$pip --no-build-isolation .
if [ -n "$DESTDIR" ]; then
    # Scripts name their interpreter by its whole path, so write the path that it will have.
    for script in "$target"/bin/*; do
        [ -L "$script" ] || sed -i "1s|^#!$target/|#!$release/|" "$script"
    done
fi

previous=$(readlink "$DESTDIR$opt/current" || true)
ln -sfn "$release" "$DESTDIR$opt/.current"
mv -T "$DESTDIR$opt/.current" "$DESTDIR$opt/current"
trap - EXIT
# The release before stays: it is the way back, and may still run.
for old in "$DESTDIR$opt"/release-*; do
    case ${old#"$DESTDIR"} in "$release" | "$previous") ;; *) rm -rf "$old" ;; esac
done

install -d "$DESTDIR$PREFIX/bin" "$DESTDIR$PREFIX/share/man/man1" "$DESTDIR$units"
ln -sfn "$opt/current/bin/invoice-sync" "$DESTDIR$PREFIX/bin/invoice-sync"
"$target/bin/python" -m daemon.man >"$DESTDIR$PREFIX/share/man/man1/invoice-sync.1"
install -m 644 systemd/invoice-sync.service systemd/invoice-sync@.service "$DESTDIR$units/"

install -d -m 755 "$DESTDIR$settings"
install -d -m 700 "$DESTDIR$settings/secrets"
if [ -e "$DESTDIR$settings/settings.yaml" ]; then
    say "$settings/settings.yaml is left as it is; settings.yaml.new beside it has every key of this version"
    install -m 644 settings.yaml "$DESTDIR$settings/settings.yaml.new"
else
    install -m 644 settings.yaml "$DESTDIR$settings/settings.yaml"
    say "next, as root: invoice-sync init, which fills in $settings/settings.yaml and $settings/secrets; then"
    say "  invoice-sync check, invoice-sync salesforce setup, systemctl enable --now invoice-sync"
fi

if [ -z "$DESTDIR" ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    for unit in $(systemctl list-units --plain --no-legend --state=active 'invoice-sync.service' 'invoice-sync@*.service' \
        | cut -d' ' -f1); do
        say "$unit still runs the version before: systemctl restart $unit"
    done
fi
