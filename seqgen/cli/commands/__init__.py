"""The subcommands of `seqgen`. Each is one file with the name of the command, and exports `command`.

`seqgen --help` imports all of them, so a file imports only click and `seqgen.cli` at its top. A command imports what it
needs when it runs.
"""
