"""`python -m divbench`: the command line."""

import sys

from divbench.cli import main

sys.exit(main())
