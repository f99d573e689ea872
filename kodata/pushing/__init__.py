"""A build on the Hugging Face hub: laid out, compared with what is there, and sent as one commit.

Nothing is published that may not be: a corpus under an unknown licence only where nobody else reads it, and what stands
beside the corpus (dropped records, an excerpt of the ledger) without data of persons, items of benchmarks, and texts
that no licence lets out.
"""

from kodata.pushing.layout import Layout, Wanted, lay_out
from kodata.pushing.repository import Difference, Held, Hub, compared, may_be_private

__all__ = ["Difference", "Held", "Hub", "Layout", "Wanted", "compared", "lay_out", "may_be_private"]
