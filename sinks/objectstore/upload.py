"""A reel that is made on this machine, and then written to a new folder of an object store."""

from __future__ import annotations

from base.temporary import TemporaryFolder
from sinks.objectstore.folder import StoreFolder
from sinks.sink import SinkError


class Upload:
    """Where a reel is made, and where it goes. What was made is removed with the last that holds this.

    Attributes:
        name: the folder's address, without secrets.
        folder: where the reel is to be made; it does not exist yet.
    """

    def __init__(self, address: str) -> None:
        """Ask the store; raises ConflictError where there is a reel already, or StoreError."""
        self._target = StoreFolder(address)
        self._target.require_new()
        self._local = TemporaryFolder()
        self.name = self._target.name
        self.folder = self._local.path / self.name.rpartition("/")[2]

    def send(self) -> None:
        """Write all files, the manifest last; where that fails they stay, and SinkError says where."""
        try:
            self._target.put_all(self.folder)
        except SinkError as error:
            self._local.keep()
            raise SinkError(f"{error}; the reel is in {self.folder}") from error
