"""Board: manual drafts edited step by step, each step checked by the rules."""
