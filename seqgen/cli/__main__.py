"""`python -m seqgen.cli` is the command `seqgen`."""

from seqgen.cli import main

main()
