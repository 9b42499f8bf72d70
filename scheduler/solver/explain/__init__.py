"""Why a request is not held, and what would let it in."""
