"""Bytes in, bytes out: sealing fields, wrapping keys, deriving, indexing, tokens, passwords, API keys.

Pure but for the operating system's random numbers: no database, no clock, no settings, no logging. Every seal
and open takes its associated data as an argument that cannot be left out; everything that does not open
raises `Refused`, in the same words whatever the cause. Which key is current, and where keys are kept, is
decided by `keys`.
"""
