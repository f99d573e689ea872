"""What a filter can ask of a record: one name, one expression, one reason.

A rule is a frozen dataclass; its fields are its settings in the pipeline file. `evidence()` gives text where the
rule fires and null where it does not; the rule's name is the reason of the drop, or the flag. `fires` and `passes` are
rows it is tried on: they stand in `kodata rules NAME`, and a test holds each rule to its own.
"""

from __future__ import annotations

from kodata.rules.answerable import MissingInput, NeedsImage, NoInputMarker, UrlOnlyInput
from kodata.rules.choices import ChoicesAlike
from kodata.rules.copies import CopiesSource
from kodata.rules.english import AboutEnglish, OptionLost, QuotedLost
from kodata.rules.foreign import NotKoreanAnswer, StrayScript
from kodata.rules.kinds import Fix, Rule
from kodata.rules.labels import AnswerLabel, LeakedLabel, MergedRecord
from kodata.rules.manners import AiDisclaimer, AsksForInput, Refusal, SelfReference
from kodata.rules.marks import BlanksLost, BracketsLost, LabelAdded, Mojibake, TagsChanged
from kodata.rules.numbers import FinalAnswerChanged, NumbersChanged
from kodata.rules.pii import PII
from kodata.rules.programs import CodeChanged
from kodata.rules.requests import StatementForRequest
from kodata.rules.source import Empty, ForeignLanguage
from kodata.rules.speech import SpeechLevel, SpeechLevelMix
from kodata.rules.translation import LengthRatio, NotKorean
from kodata.rules.wholeness import HtmlResidue, Loop, Truncated, Unfilled
from kodata.rules.wrapping import EchoedQuestion, QuotedAnswer, SameAsQuestion

__all__ = ["RULES", "Fix", "Rule"]

_ALL: tuple[type[Rule], ...] = (
    Empty, ForeignLanguage, UrlOnlyInput, NeedsImage, MissingInput, NoInputMarker,
    AboutEnglish, StatementForRequest, NotKorean, LengthRatio, LabelAdded, BlanksLost, TagsChanged, BracketsLost,
    CodeChanged, NumbersChanged, ChoicesAlike, QuotedLost, OptionLost, FinalAnswerChanged, Mojibake,
    EchoedQuestion, AnswerLabel, MergedRecord, QuotedAnswer, HtmlResidue,  # mend first, then judge
    LeakedLabel, SameAsQuestion, Refusal, AsksForInput, AiDisclaimer, SelfReference,
    SpeechLevel, SpeechLevelMix, NotKoreanAnswer, StrayScript, Truncated, Loop, Unfilled, CopiesSource,
    *PII,
)  # fmt: skip
RULES: dict[str, type[Rule]] = {rule.name: rule for rule in _ALL}
