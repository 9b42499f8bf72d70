"""Ranges for kernels to loop over: rows that belong together (compressed rows, CSR), slots, and seats."""

from __future__ import annotations

from scheduler.solver.compiled.kernels import inlined
from scheduler.solver.instance.arrays import Data
from scheduler.solver.instance.columns import firms, groups, options, requests


@inlined
def people_of(data: Data, option: int) -> range:
    """Where the attendees of an option stand in `option_people`."""
    return range(data.options[option, options.PEOPLE_BEGIN], data.options[option, options.PEOPLE_END])


@inlined
def options_of(data: Data, request: int) -> range:
    """The options of a request: rows of `options`."""
    return range(data.requests[request, requests.OPTIONS_BEGIN], data.requests[request, requests.OPTIONS_END])


@inlined
def groups_of(data: Data, request: int) -> range:
    """Where the groups of places that a request may use stand in `group_list`."""
    return range(data.requests[request, requests.GROUPS_BEGIN], data.requests[request, requests.GROUPS_END])


@inlined
def before_of(data: Data, request: int) -> range:
    """Where the requests that have to end before this one starts stand in `before`."""
    return range(data.requests[request, requests.BEFORE_BEGIN], data.requests[request, requests.BEFORE_END])


@inlined
def after_of(data: Data, request: int) -> range:
    """Where the requests that have to start after this one ends stand in `after`."""
    return range(data.requests[request, requests.AFTER_BEGIN], data.requests[request, requests.AFTER_END])


@inlined
def groups_of_firm(data: Data, firm: int) -> range:
    """Where the groups of a firm stand in `firm_groups`."""
    return range(data.firms[firm, firms.GROUPS_BEGIN], data.firms[firm, firms.GROUPS_END])


@inlined
def published_people_of(data: Data, request: int) -> range:
    """Where those who sat in a request as it was published stand in `published_people`."""
    begin = data.requests[request, requests.PUBLISHED_PEOPLE_BEGIN]
    return range(begin, data.requests[request, requests.PUBLISHED_PEOPLE_END])


@inlined
def end_of(data: Data, request: int, start: int) -> int:
    """The last slot, included, of a request that is held from `start` on."""
    return start + data.requests[request, requests.LENGTH] - 1


@inlined
def first_seat(data: Data, group: int, slot: int) -> int:
    """Where the meetings of a group of places in a slot begin in `State.seated`."""
    return data.groups[group, groups.FIRST_SEAT] + slot * data.groups[group, groups.SEATS]


@inlined
def worth_of(data: Data, firm: int, meetings: int) -> int:
    """Where `Data.firm_worth` says what one more meeting is worth to a firm that has so many."""
    return data.firms[firm, firms.REQUESTS_BEGIN] + firm + meetings
