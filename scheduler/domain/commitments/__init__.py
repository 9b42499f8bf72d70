"""What has to be held, taken alone: locked requests (`fixed.must`) and frozen meetings.

The time of each is given, so whether they can stand together is decided exactly, in milliseconds.
"""

from scheduler.domain.commitments.clashes import Settled, clash_with, settle

__all__ = ["Settled", "clash_with", "settle"]
