"""What has to be held, taken alone: locked requests (`fixed.must`) and frozen meetings.

The time of each is given, so whether they can stand together is decided exactly, in milliseconds.
"""

from scheduler.domain.commitments.clashes import UnkeptCommitments, find_clash, find_unkept

__all__ = ["UnkeptCommitments", "find_clash", "find_unkept"]
