"""The command line: a group whose commands defer their imports until they run."""

from __future__ import annotations

from typing import Any

import click

from chainmeet.commands.audit import audit
from chainmeet.commands.backup import backup, restore
from chainmeet.commands.check import check
from chainmeet.commands.db import db
from chainmeet.commands.demo import demo
from chainmeet.commands.doctor import doctor
from chainmeet.commands.event import event
from chainmeet.commands.generate import generate
from chainmeet.commands.key import key
from chainmeet.commands.mail import mail
from chainmeet.commands.pause import pause, resume
from chainmeet.commands.person import person
from chainmeet.commands.plan import plan
from chainmeet.commands.plugins import plugins
from chainmeet.commands.prune import prune
from chainmeet.commands.publish import publish
from chainmeet.commands.receive import receive
from chainmeet.commands.run import run
from chainmeet.commands.serve import serve
from chainmeet.commands.sessions import sessions
from chainmeet.commands.sign_in import sign_in
from chainmeet.commands.solve import solve
from chainmeet.commands.token import token
from chainmeet.commands.up import up
from chainmeet.commands.warm_up import warm_up
from chainmeet.commands.worker import clock, supervise, worker
from scheduler.domain.errors import ChainmeetError
from scheduler.version import DISTRIBUTION

COMMANDS = (
    demo, up, serve, plan, solve, check, generate, db, event, run, publish, receive, worker, clock, supervise,
    sign_in, sessions, token, pause, resume, backup, restore, prune, person, audit, key, doctor, mail,
    warm_up, plugins,
)  # fmt: skip


class CommandRefusal(click.ClickException):
    """A Chainmeet error as a message on standard error."""

    exit_code = 2


class Group(click.Group):
    """Commands in the order of `COMMANDS`. Expected errors print a message without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ChainmeetError as error:
            raise CommandRefusal(str(error)) from error


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name=DISTRIBUTION, prog_name="chainmeet")
def main() -> None:
    """Schedules business-to-business meetings at large expos."""


for command in COMMANDS:
    main.add_command(command)

if __name__ == "__main__":
    main()
