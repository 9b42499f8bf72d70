#!/bin/sh
# Runs once, on an empty volume: the role that Chainmeet works as owns its database, and is no superuser.
# The superuser then has no password: nobody is let in as it but from inside the container.
set -eu
CHAINMEET_PASSWORD=$(cat /run/secrets/database_password)
export CHAINMEET_PASSWORD
psql -v ON_ERROR_STOP=1 -U postgres -d postgres <<'SQL'
\getenv password CHAINMEET_PASSWORD
CREATE ROLE chainmeet LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE chainmeet OWNER chainmeet ENCODING 'UTF8' TEMPLATE template0;
REVOKE CONNECT ON DATABASE chainmeet FROM PUBLIC;
ALTER ROLE postgres PASSWORD NULL;
SQL
