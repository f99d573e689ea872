"""Why a record leaves where no rule drops it: each reason with the stage that gives it and what happened."""

from __future__ import annotations

REASONS: dict[str, tuple[str, str]] = {
    "duplicate": ("the stage dedupe", "the record is equal to another but for case, spaces and punctuation"),
    "near-duplicate": ("the stage dedupe", "the record says nearly the same as another"),
    "benchmark": ("the stage decontaminate", "an item of a benchmark stands in the record"),
    "mark-lost": ("the stage translate", "the translation lost what must not be changed, such as code or a formula"),
    "memory-damaged": ("the stage translate", "the translation in a memory lost what must not be changed"),
    "empty-answer": ("the stages regenerate and compose", "the model answered nothing"),
    "malformed-answer": ("the stage compose", "the answer is not in the form that was asked for"),
    "not-sampled": ("the stage sample", "the record is not among those drawn"),
    "source-text": ("the stage withhold", "a text still stands as in its source, which is not published"),
    "schema": ("the stage validate", "the record does not fit the schema"),
    "unanswered": ("the stages that ask a service", "no usable answer came"),
    "refused": ("the stages that ask a service", "the service does not take the text"),
    "redacted": ("the stages that ask a service", "the texts of the question were redacted from the ledger"),
    "waiting": ("the stages that ask a service", "the question is out in a batch"),
}
