#!/bin/sh
# Makes what is secret as files beside docker-compose.yml, and leaves those that are there. A value that .env has from
# an earlier version is taken over. Run it before the first start and after an upgrade: sh deploy/secrets.sh
# A container that needs a secret sees its file alone; no process has one in its environment.
set -eu
cd "$(dirname "$0")/.."
folder=${CHAINMEET_SECRETS:-./secrets}
umask 022
mkdir -p "$folder"
chmod 700 "$folder" # nobody else of this machine; the files themselves are read by users inside containers

of_env() { [ ! -f .env ] || sed -n "s/^$1=//p" .env | tail -n 1 | sed "s/^\(['\"]\)\(.*\)\1\$/\2/"; }

keep() { # FILE, variable of .env, what it is otherwise
  [ ! -s "$folder/$1" ] || return 0
  value=$(of_env "$2")
  printf %s "${value:-$3}" >"$folder/$1.new"
  chmod 644 "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
}

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

keep secret_key CHAINMEET_SECRET_KEY "$(random)"
keep database_password POSTGRES_PASSWORD "$(random)"
keep database_owner_password POSTGRES_OWNER_PASSWORD "$(random)"
keep redis_password REDIS_PASSWORD "$(random)"
keep metrics_token CHAINMEET_METRICS_TOKEN "$(random)"
keep smtp_password CHAINMEET_SMTP_PASSWORD ''
keep imap_password CHAINMEET_IMAP_PASSWORD ''
keep dkim_keys CHAINMEET_DKIM_KEYS ''
keep pack_bucket_secret CHAINMEET_PACK_BUCKET_SECRET ''
keep oidc_providers CHAINMEET_OIDC_PROVIDERS ''
echo "The secrets are in $folder. Write the passwords of your mail servers into smtp_password and imap_password."
if grep -Eqs '^(CHAINMEET_SECRET_KEY|POSTGRES_PASSWORD|REDIS_PASSWORD|CHAINMEET_(SMTP|IMAP)_PASSWORD)=.' .env; then
  echo "They were taken from .env: delete them there."
fi
