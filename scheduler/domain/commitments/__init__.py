"""Feasibility of commitments alone: locked requests (`fixed.must`) and frozen meetings.

The start of each is given, so joint feasibility is decided exactly, in milliseconds.
"""

from scheduler.domain.commitments.clashes import UnkeptCommitments, find_clash, find_unkept

__all__ = ["UnkeptCommitments", "find_clash", "find_unkept"]
