"""`python -m chainmeet.mailcatcher`: both servers in one process, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from types import FrameType

import click
from werkzeug.serving import make_server

from chainmeet.mailcatcher.page import create_page
from chainmeet.mailcatcher.server import smtp_server
from chainmeet.mailcatcher.store import MailStore


@click.command()
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False, exists=True), required=True)
@click.option("--smtp-port", type=int, required=True)
@click.option("--page-port", type=int, required=True)
def main(folder: Path, smtp_port: int, page_port: int) -> None:
    """Catch all emails sent to the SMTP port, and serve the page that shows them."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    signal.signal(signal.SIGTERM, _leave)
    store = MailStore(folder / "mails.db")
    smtp = smtp_server(store, smtp_port)
    smtp.start()
    page = make_server("127.0.0.1", page_port, create_page(store), threaded=True)
    try:
        page.serve_forever()
    except (KeyboardInterrupt, SystemExit):
        smtp.stop()
        store.close()


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


main()
