"""Rejection of a board command: the rules that it would break."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.domain.errors import ChainmeetError
from scheduler.i18n import Separator, join_texts


class BreaksRules(ChainmeetError):
    """Raised if a command breaks hard constraints.

    Nothing was changed. `sentences` describe each violation.
    """

    code = "breaks-rules"

    def __init__(self, sentences: Sequence[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__(join_texts(self.sentences, Separator.SENTENCES))
