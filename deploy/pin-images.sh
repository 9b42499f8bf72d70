#!/bin/sh
# Pins the images of PostgreSQL and of the broker in .env by their digests, so that every start and every server gets
# the same bytes: sh deploy/pin-images.sh
# It pulls today's images of the tags in docker-compose.yml, so run it again to get their security updates.
set -eu
cd "$(dirname "$0")/.."
engine=${CHAINMEET_DOCKER:-docker}
[ -f .env ] || { echo ".env is missing: cp .env.example .env" >&2; exit 2; }

lines=''
for name in POSTGRES_IMAGE REDIS_IMAGE; do
  tag=$(sed -n "s/^ *image: \${$name:-\(.*\)}\$/\1/p" docker-compose.yml)
  $engine pull --quiet "$tag" >/dev/null
  digest=$($engine image inspect --format '{{index .RepoDigests 0}}' "$tag")
  case $digest in
    *@sha256:*) ;;
    *) echo "$tag has no digest. .env is unchanged." >&2; exit 1 ;;
  esac
  lines="$lines$name=$digest # $tag
"
done
cp -p .env .env.new # with its owner and mode
{ grep -Ev '^(POSTGRES|REDIS)_IMAGE=' .env || true; printf %s "$lines"; } >.env.new
mv .env.new .env
printf %s "$lines"
