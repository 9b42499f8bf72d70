#!/bin/sh
# Makes two roles, neither a superuser: chainmeet_owner owns the database and upgrades it, chainmeet is what Chainmeet works
# as. `chainmeet db upgrade --application-role chainmeet` gives the second its rights: it adds to the audit log, and cannot
# change it. The superuser then has no password: nobody is let in as it but from inside the container.
# PostgreSQL's image runs this on an empty volume. On a database from before, which chainmeet owned, run it once, with
# Chainmeet's containers stopped: docker compose exec postgres sh /docker-entrypoint-initdb.d/chainmeet.sh
# It can be run again at any time: it also sets both passwords to those of the files.
set -eu
secrets=${SECRETS:-/run/secrets}
CHAINMEET_PASSWORD=$(cat "$secrets/database_password")
CHAINMEET_OWNER_PASSWORD=$(cat "$secrets/database_owner_password")
export CHAINMEET_PASSWORD CHAINMEET_OWNER_PASSWORD
psql -v ON_ERROR_STOP=1 -U postgres -d postgres <<'SQL'
\getenv password CHAINMEET_PASSWORD
\getenv owner_password CHAINMEET_OWNER_PASSWORD
SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['chainmeet', 'chainmeet_owner']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE chainmeet LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
ALTER ROLE chainmeet_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
SELECT 'CREATE DATABASE chainmeet OWNER chainmeet_owner ENCODING ''UTF8'' TEMPLATE template0'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'chainmeet') \gexec
ALTER DATABASE chainmeet OWNER TO chainmeet_owner;
REVOKE CONNECT ON DATABASE chainmeet FROM PUBLIC;
GRANT CONNECT ON DATABASE chainmeet TO chainmeet;
ALTER ROLE postgres PASSWORD NULL;
\connect chainmeet
REASSIGN OWNED BY chainmeet TO chainmeet_owner;
SQL
