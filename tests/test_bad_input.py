"""Whatever stands in a text and whatever a translator does to it: a clean record, or a reason; never a crash."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kodata.corpus import Record
from kodata.providers.deepl import DeepLTranslator
from kodata.published import Build
from kodata.stages import Drop
from kodata.stages.translate import Translate
from tests.cases.damage import damages
from tests.test_kinds import UNITS
from tests.test_shield import any_text
from tests.test_translate import record, told

STAGE = Translate(DeepLTranslator(), keep_english=("rhyme", "correction", "spelling"))
MARK = re.compile(r'<x id="\d+"/>')
BAD = {
    "lone surrogates": "Explain the \ud800 word \udfff to a child.",
    "a line of 100,000 characters": "Explain this. " + "A word about it, " * 5_880,
    "nested fences": "Explain:\n````\n```python\nx = 1\n```\n````\nand stop.",
    "an open fence": "Explain this program:\n```\nreturn 1",
    "unclosed tags": "Explain <b>the <i>bold words, and <a href=",
    "an open comment": "Explain <!-- what is hidden here",
    "comments that open": "Explain this. " + "<!--" * 25_000,
    "formulas that open": "Explain that. " + "\\(" * 50_000,
    "right to left": "Explain \u202ethese words\u202c and \u2066those\u2069 of \u05e9\u05dc\u05d5\u05dd.",
    "what looks like a mark": 'Explain <x id="0"/> and &lt;x id="1"/&gt; and `<x id="0"/>`.',
    "control characters": "Explain \x00 and \x1b[31m to \x07 me.",
}


def test_bad_texts_are_published_undamaged_or_leave_with_a_reason(run: Callable[..., Build], tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps([{"instruction": text, "input": "", "output": "Well."} for text in BAD.values()]))
    build = run(path)
    gone = set(build.dropped["reason"])
    assert len(build.corpus) + len(build.dropped) == len(BAD)
    assert len(build.corpus) >= len(BAD) - 2
    assert gone <= {"mark-lost", "length-ratio", "refused"}
    rows = build.corpus.select("instruction_source", "instruction").rows()
    assert [damage for english, korean in rows for damage in damages(english, korean)] == []


def spoiled(xml: str, how: str) -> str:
    """A translation that does to the first mark what is said, and leaves the words."""
    mark = MARK.search(xml)
    if how == "nothing":
        return ""
    if mark is None or how == "kept":
        return xml
    before, after = xml[: mark.start()], xml[mark.end() :]
    return {"dropped": before + after, "doubled": before + mark[0] * 2 + after, "moved": before + after + mark[0]}[how]


@given(
    any_text,
    any_text,
    st.lists(st.sampled_from(["kept", "kept", "dropped", "doubled", "moved", "nothing"]), min_size=1),
)
def test_whatever_happens_to_marks_no_character_is_lost(instruction: str, context: str, fates: list[str]) -> None:
    fate = iter(fates * 1_000)
    _, end = told(STAGE, record(instruction, context), lambda xml: spoiled(xml, next(fate)))
    if isinstance(end, Drop):
        assert end.reason == "mark-lost"
        assert end.evidence
        return
    for source, text in ((instruction, end.turns[0].instruction), (context, end.turns[0].input)):
        assert counted(text) == counted(source)


def counted(text: str) -> Counter[str]:
    """The characters but white space, which is put back, and Hangul, where particles agree."""
    return Counter(re.sub(r"[\s가-힣]", "", text))


@pytest.mark.parametrize("unit", [*UNITS, "Go `a` now. ", "See `b` there\n"])
def test_100_000_characters_whose_marks_are_lost_are_translated_in_no_time(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    start = time.process_time()
    _, end = told(STAGE, record(text), lambda xml: MARK.sub("", xml, count=1) if len(xml) > 1_000 else xml)
    assert isinstance(end, Record | Drop)
    assert time.process_time() - start < 15  # under 3 s; a step for each pair of pieces takes minutes
