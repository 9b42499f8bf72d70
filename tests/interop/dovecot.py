"""A real Dovecot with one mailbox for every address: LMTP in, IMAP out, on free ports."""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chainmeet.stack import ports
from tests.support import missing_programs

PASSWORD = "secret word"
_CONFIGURATION = """
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = {home}/run
log_path = {home}/log
protocols = imap lmtp
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
mail_driver = maildir
mail_path = {home}/mail
ssl_server_cert_file = {home}/certificate.pem
ssl_server_key_file = {home}/key.pem
auth_allow_cleartext = yes
auth_username_format = answers
passdb static {{
  password = {password}
}}
userdb static {{
  fields {{
    home = {home}/mail
  }}
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    listen = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    listen = 127.0.0.1
    port = {imaps}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    listen = 127.0.0.1
    port = {lmtp}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Dovecot:
    """A running server's ports, and its certificate file."""

    home: Path
    imap: int
    imaps: int
    lmtp: int

    @property
    def certificate(self) -> Path:
        return self.home / "certificate.pem"

    @property
    def mail(self) -> Path:
        """The Maildir."""
        return self.home / "mail"


@contextmanager
def dovecot(home: Path) -> Iterator[Dovecot]:
    """Run Dovecot in a folder that others can access, or skip the test."""
    missing_programs.require("Dovecot")
    server = Dovecot(home, *(ports.take(0, "Dovecot", "") for _ in range(3)))
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    server.mail.mkdir()
    os.chown(server.mail, user.pw_uid, user.pw_gid)
    _make_certificate(home)
    configuration = home / "dovecot.conf"
    group = subprocess.run(["id", "-gn", user.pw_name], capture_output=True, text=True, check=True).stdout
    configuration.write_text(
        _CONFIGURATION.format(
            home=home, user=user.pw_name, group=group.strip(), password=PASSWORD,
            imap=server.imap, imaps=server.imaps, lmtp=server.lmtp,
        )
    )  # fmt: skip
    process = subprocess.Popen(
        [missing_programs.dovecot(), "-F", "-c", str(configuration)], start_new_session=True
    )
    try:
        for _ in range(600):
            if all(map(ports.answers, (server.imap, server.imaps, server.lmtp))):
                break
            assert process.poll() is None, (home / "log").read_text()
            time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _make_certificate(home: Path) -> None:
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x"
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-out", str(home / "certificate.pem"), "-keyout", str(home / "key.pem")]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
