"""`python -m dataflows.cli` is `sealwax`."""

from dataflows.cli import main

main()
