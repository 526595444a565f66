"""A folder that is removed when nothing needs it any longer."""

from __future__ import annotations

import shutil
import weakref
from pathlib import Path
from tempfile import mkdtemp


class TemporaryFolder:
    """A folder that is removed with the last record that holds it, at the end of the program at the latest.

    Attributes:
        path: the folder.
    """

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix="livereel-"))
        self._removed = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def keep(self) -> None:
        """Leave it where it is, for good."""
        self._removed.detach()
