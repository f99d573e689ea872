"""Every answer ever paid for, by the key of its question: a SQLite file that outlives every build.

`Ledger` is the door. Behind it stand the `database` and its migrations, the `claims` of builds that run side by side,
the `batches` that are out, and the `archive`: lines of JSON that carry a ledger from one machine to another.
"""

from __future__ import annotations

from kodata.ledger.batches import Batch, Failure
from kodata.ledger.ledger import Found, Ledger, Past, Sum, copy_of
from kodata.ledger.rescue import rescued

__all__ = ["Batch", "Failure", "Found", "Ledger", "Past", "Sum", "copy_of", "rescued"]
