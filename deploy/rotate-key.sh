#!/bin/sh
# Adds a new secret key beside docker-compose.yml while the stack runs: sh deploy/rotate-key.sh
# With --end-old it also ends all older keys, as after a leak. With --end-feeds calendar feeds and print codes end too.
# The file is written in place, because containers have it mounted: a replaced file would not be seen there.
set -eu
cd "$(dirname "$0")/.."
file=${CHAINMEET_SECRETS:-./secrets}/secret_key
engine=${CHAINMEET_COMPOSE:-docker compose}
end_old='' end_feeds=''
for option in "$@"; do
  case $option in
    --end-old) end_old=yes ;;
    --end-feeds) end_feeds=--end-feeds ;;
    *) echo "usage: sh deploy/rotate-key.sh [--end-old] [--end-feeds]" >&2; exit 2 ;;
  esac
done

# Writing in place can be cut off by a power cut, so the keys before stand beside the file until the new ones are on disk.
write_keys() {
  cp -p "$file" "$file.before"
  printf '%s\n' "$1" >"$file"
  sync
  rm "$file.before"
}

grep -Eq '^[0-9]+:' "$file" || write_keys "1:$(cat "$file")"
[ -z "$(tail -c 1 "$file" | tr -d '\n')" ] || echo >>"$file"
old=$(cut -d: -f1 "$file")
newest=$(cut -d: -f1 "$file" | sort -n | tail -n 1)
number=$((newest + 1))
printf '%s:%s\n' "$number" "$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')" >>"$file"
echo "Key $number added. It signs and encrypts from now on."
[ -n "$end_old" ] || exit 0
for each in $old; do
  $engine exec -T mail-worker chainmeet key end "$each" --keep-file $end_feeds
  rest=$(grep -v "^$each:" "$file")
  write_keys "$rest"
done
