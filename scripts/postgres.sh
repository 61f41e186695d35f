#!/bin/sh
# A PostgreSQL with nothing in it, for tests and measurements: in a folder of its own, at a socket in that folder, for as long as
# standard input is open. Prints the address of its database on one line. Words go to the server: scripts/postgres.sh -c fsync=off
#
# The programs are those in the folder that POSTGRES_BIN names, or else the newest of Debian's, or those on the PATH.
# They refuse to run as root; then they run as the user postgres.
set -eu

bin=${POSTGRES_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t / -k 5 -n | tail -n 1)}
[ -n "$bin" ] || bin=$(dirname "$(command -v postgres)") 2>/dev/null || true
if [ ! -x "$bin/initdb" ]; then
  echo 'PostgreSQL is not installed. POSTGRES_BIN names the folder with its programs if they are elsewhere.' >&2
  exit 3
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/easysync-postgres-XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
as=
if [ "$(id -u)" = 0 ]; then
  as='setpriv --reuid=postgres --regid=postgres --clear-groups'
  chown postgres "$folder"
fi
cd "$folder"
$as "$bin/initdb" --auth=trust --username=postgres --encoding=UTF8 --locale=C --no-sync data >log 2>&1 || { cat log >&2; exit 1; }
$as "$bin/postgres" -D data -k "$folder" -c listen_addresses= "$@" >>log 2>&1 </dev/null &
server=$!
trap 'kill -QUIT $server 2>/dev/null || true; wait $server || true; rm -rf "$folder"' EXIT
until "$bin/pg_isready" -q -h "$folder"; do
  kill -0 $server 2>/dev/null || { cat log >&2; exit 1; }
  sleep 0.05
done
echo "postgres://postgres@$(echo "$folder" | sed 's|/|%2F|g')/postgres"
cat >/dev/null
