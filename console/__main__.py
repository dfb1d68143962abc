"""``python -m console``: the command ``woolmill`` where it is not installed."""

import sys

from console.cli import main

sys.exit(main())
