"""Questions and accepted answers of a forum such as Naver Knowledge iN: the seed of new records, not for publication.

The title is the instruction, the body the input, the accepted answer the output; where it stood is in `extra`.
"""

from __future__ import annotations

from collections.abc import Mapping

from kodata.sources.markup import as_markdown
from kodata.sources.raw import Raw, Unreadable, extra_of, named_plainly, text_of

TITLE = ("title", "question_title", "question")
BODY = ("body", "question_body", "content", "description", "detail")
ANSWER = ("answer", "accepted_answer", "best_answer", "answer_body")
_ACCEPTED = ("accepted", "is_accepted", "selected", "is_selected")
_NAMES = frozenset({*TITLE, *BODY, *ANSWER, "answers", "category", "id"})


def kin(item: Mapping[str, object]) -> Raw:
    """One question with its accepted answer as a record of one turn, HTML as Markdown.

    Of a list of `answers` the first that is marked as accepted counts. Without a title the body is the
    instruction. Raises Unreadable when there is no question or no accepted answer.
    """
    item = named_plainly(item, _NAMES)
    title, body = text_of(item, *TITLE).strip(), text_of(item, *BODY).strip()
    if not (title or body):
        raise Unreadable("no-question", f"neither title nor body among {', '.join(map(str, item)) or 'none'}"[:200])
    answer = text_of(item, *ANSWER).strip() or _accepted(item.get("answers"))
    if not answer:
        raise Unreadable("no-accepted-answer", "no answer is there or marked as accepted")
    found = (title or body, body if title else "", answer)
    turn = (found[0], as_markdown(found[1]), as_markdown(found[2]))
    return Raw(
        (turn,),
        category=text_of(item, "category") or None,
        upstream_id=text_of(item, "id") or None,
        extra=extra_of(item, _NAMES),
        fixes=() if turn == found else (("html",),),
    )


def _accepted(answers: object) -> str:
    """The first accepted of several answers; empty when none is."""
    for answer in answers if isinstance(answers, list) else ():
        if isinstance(answer, Mapping) and any(answer.get(name) is True for name in _ACCEPTED):
            return text_of(answer, "text", "body", "content", "answer").strip()
    return ""
