"""Chats with the roles system, user and assistant: what trainers and services of today read."""

from __future__ import annotations

from kodata.errors import BuildError
from kodata.exports.lines import lines
from kodata.exports.opened import Corpus, Files, Message, Talk


def messages(corpus: Corpus) -> Files:
    """`id` and `messages`: the whole chat. Trainers train on all of it unless told otherwise."""
    for split in corpus.splits:
        yield f"{split}.jsonl", lines({"id": talk.id, "messages": talk.messages} for talk in corpus.talks(split))


def openai(corpus: Corpus) -> Files:
    """`messages` alone, the lines that OpenAI's fine-tuning takes."""
    for split in corpus.splits:
        yield f"{split}.jsonl", lines({"messages": talk.messages} for talk in corpus.talks(split))


def prompt_completion(corpus: Corpus) -> Files:
    """`prompt`, the chat up to the last answer, and `completion`, that answer: TRL trains on the answer only."""
    for split in corpus.splits:
        yield f"{split}.jsonl", lines(_prompt_completion(talk) for talk in corpus.talks(split))


def preference(corpus: Corpus) -> Files:
    """`prompt`, `chosen` (the answer written anew) and `rejected` (the translated one), for DPO and its like.

    Records with only one of the two, or with two equal ones, are left out. Raises BuildError when none has both.
    """
    if not any(map(_rejected, (talk for split in corpus.splits for talk in corpus.talks(split)))):
        raise BuildError(
            f"{corpus.name}: no record has both a translated output and one written anew. Build with a "
            'pipeline that translates "output" and regenerates it'
        )
    for split in corpus.splits:
        yield f"{split}.jsonl", lines(_preference(talk) for talk in corpus.talks(split) if _rejected(talk))


def _prompt_completion(talk: Talk) -> dict[str, list[Message]]:
    return {"prompt": talk.messages[:-1], "completion": talk.messages[-1:]}


def _preference(talk: Talk) -> dict[str, list[Message]]:
    rejected = Message(role="assistant", content=_rejected(talk))
    return {"prompt": talk.messages[:-1], "chosen": talk.messages[-1:], "rejected": [rejected]}


def _rejected(talk: Talk) -> str:
    """The translated last answer where it differs from the one written anew, else empty."""
    translated = talk.item["output_translated"] or ""
    return translated if translated != talk.item["output"] else ""
