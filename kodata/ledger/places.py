"""Where a ledger may be: not on a file system that machines share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import psutil

from kodata.errors import LedgerError

_NETWORK = ("nfs", "cifs", "smb", "afs", "sshfs", "lustre", "ceph", "gluster", "beegfs", "9p")


def refuse_network(path: Path) -> None:
    """Raises LedgerError where write-ahead logging is not safe: on a file system shared between machines."""
    mounts = {mount.mountpoint: mount.fstype for mount in psutil.disk_partitions(all=True)}
    if shared := network_file_system(path.expanduser().absolute(), mounts):
        raise LedgerError(
            f"ledger {path} would be on a network file system ({shared}), where SQLite is not safe. "
            "Set KODATA_HOME to a local folder"
        )


def network_file_system(path: Path, mounts: Mapping[str, str]) -> str:
    """The type of the file system that holds the path when machines share it, else empty.

    `mounts` are the types by mount point, as `nfs4` or `fuse.sshfs`; the path need not be there.
    """
    nearest = max((at for at in mounts if path.is_relative_to(at)), key=len, default="")
    kind = mounts.get(nearest, "").lower()
    return kind if kind.removeprefix("fuse.").startswith(_NETWORK) else ""
