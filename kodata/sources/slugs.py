"""What becomes of an item on its way in: the reasons for which it is dropped, and what may be mended in it."""

from __future__ import annotations

DROPS: dict[str, str] = {
    "not-json": "what stands there is no JSON",
    "not-utf-8": "its bytes are not UTF-8",
    "ragged-row": "the row has more or fewer fields than are named",
    "no-data-file": "the file holds no items",
    "not-an-object": "the item has no fields",
    "not-text": "a field holds something that is no text",
    "too-deep": "a field nests too deep to be kept",
    "no-instruction": "there is no instruction or prompt",
    "short-prompt": "the prompt is a single character",
    "no-question": "there is no question, neither title nor body",
    "no-accepted-answer": "no answer is marked as accepted",
    "no-choices": "there are not two choices or more, each with a text",
    "no-label": "no choice is marked as the right one, or more than one",
    "no-conversation": "there is no list of messages",
    "no-turn": "no question is followed by an answer",
    "not-alternating": "user and assistant do not speak by turns",
    "empty-message": "a message is empty",
    "unknown-role": "nobody knows who speaks",
    "tool-call": "a tool is called or answers",
    "too-many-turns": "there are more turns than can be numbered",
}
FIXES: dict[str, str] = {
    "control-characters": "characters that steer a terminal, or that cannot be written, are taken out",
    "no-input-marker": "a marker such as <noinput> becomes an empty input",
    "no-output-marker": "a marker such as <nooutput> becomes an empty output",
    "prompt-object": "of a prompt that is an object its value is taken, else its description",
    "citations": "citation marks such as [12] are taken out",
    "wikihow-marks": "marks such as [title] and [step] are taken out",
    "html": "HTML becomes Markdown",
    "page-number": "a page number such as 2 / 3 is taken off",
    "copy-code": 'captions of "Copy code" buttons are taken out',
    "first-message-dropped": "a first message that is not the user's is taken off",
    "last-question-dropped": "a last question without an answer is taken off",
}
