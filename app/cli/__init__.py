"""The command line, `kin`: one file per sub-command; each calls one use case and prints what a person can act on."""
