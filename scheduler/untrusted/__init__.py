"""Parsing of untrusted input in sandboxed child processes. `parsers` is the public interface."""
