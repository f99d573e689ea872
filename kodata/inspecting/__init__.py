"""What a source is, before anybody builds from it: container, format, records, quirks, and a pipeline file for it."""

from kodata.inspecting.drafting import draft, template_of, write_draft
from kodata.inspecting.inspection import Inspection, inspect, source_at
from kodata.inspecting.quirks import Quirk

__all__ = ["Inspection", "Quirk", "draft", "inspect", "source_at", "template_of", "write_draft"]
