"""Whether a folder of shards is what its manifest says: everything is counted again from the files and compared.

The folder may have been copied away from its run. Where the run is beside it, shards are also held against its decisions.
"""

from __future__ import annotations

from jobs.verify.documents import Difference
from jobs.verify.folder import Verified, VerifyError, read_manifest, run_of, verify

__all__ = ["Difference", "Verified", "VerifyError", "read_manifest", "run_of", "verify"]
