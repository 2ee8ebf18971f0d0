"""The tests need the packages of requirements.txt; where those are absent they say so and are skipped."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
