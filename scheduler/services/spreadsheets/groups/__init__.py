"""Import of groups: delegations and guests of honour."""
