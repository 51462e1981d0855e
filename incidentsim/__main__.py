"""`python -m incidentsim`: the same as the `incidentsim` command."""

import sys

from incidentsim.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
