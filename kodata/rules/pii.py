"""Data of a person in a text: numbers that identify, ways to reach somebody, money.

Korean forms, and the American ones of English sources. Each find is masked, since evidence is published. Names are
left alone: detectors of names fire on ordinary Korean nouns. What stands for nobody (example.com, 555-0100,
010-1234-5678) is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import polars as pl

from kodata.corpus import TextField
from kodata.rules import checks
from kodata.rules.asked import where
from kodata.rules.kinds import Example, Severity

_TEXTS: tuple[TextField, ...] = ("system", "instruction", "input", "output")


@dataclass(frozen=True)
class _Personal:
    """What such rules have in common: a form to look for, and a judge of what has that form."""

    form: ClassVar[str]  # a regular expression without lookaround: polars looks first
    near: ClassVar[str] = ""  # what must stand before it
    sign: ClassVar[str] = ""  # a sign that every such text has
    version: ClassVar[str] = "1"

    columns: tuple[TextField, ...] = _TEXTS
    severity: Severity = "drop"

    @classmethod
    def is_real(cls, found: str) -> bool:
        """Whether what has the form is more than digits or a placeholder."""
        raise NotImplementedError

    def evidence(self) -> pl.Expr:
        return pl.coalesce(self._of(column) for column in self.columns)

    def _of(self, column: str) -> pl.Expr:
        text = (
            where(pl.col(column).str.contains(self.sign, literal=True), pl.col(column)) if self.sign else pl.col(column)
        )
        may_be = where(text.str.contains(self.near + self.form), text)
        found = may_be.map_batches(partial(_finds, rule=type(self)), return_dtype=pl.String)
        return pl.format("{}: {}", pl.lit(column), found)


def _finds(texts: pl.Series, rule: type[_Personal]) -> pl.Series:
    """The first real find of each text, masked; null where there is none."""
    form = re.compile(rf"{rule.near}(?<![0-9A-Za-z.@-])({rule.form})(?![0-9A-Za-z@]|[-.]\d)")
    rows = (texts.fill_null("") != "").arg_true()
    finds = (next((m[1] for m in form.finditer(texts[row]) if rule.is_real(m[1])), None) for row in rows)
    found: list[str | None] = [None] * len(texts)
    for row, find in zip(rows, finds, strict=True):
        found[row] = find and masked(find)
    return pl.Series(texts.name, found, dtype=pl.String)


def masked(find: str) -> str:
    """The find with all but its first two letters or digits as `*`, so that its kind can be seen and nothing else."""
    head = re.match(r"\W?(?:[^\W_]\W?){0,2}", find)
    kept = head.end() if head else 0
    return find[:kept] + re.sub(r"[^\W_]", "*", find[kept:])


def _digits(find: str) -> str:
    return re.sub(r"\D", "", find)


@dataclass(frozen=True)
class ResidentNumber(_Personal):
    """A Korean resident registration number.

    Fires on a date of birth that there was, a hyphen, a digit of sex and century and six more; without the hyphen only
    when the check digit fits as well, which is random since October 2020 and can only raise confidence. Does not fire
    on 123456-1234567. Drops: it identifies one person for life, and the law forbids to pass it on.
    """

    name: ClassVar[str] = "resident-number"
    form: ClassVar[str] = r"\d{6}(?: ?[-–] ?)?[1-8]\d{6}"
    fires: ClassVar[Example] = {"output": "가입자 번호는 000229-3980125 입니다."}
    passes: ClassVar[Example] = {"output": "예: 123456-1234567, 주문 번호 2024123112345"}

    @classmethod
    def is_real(cls, found: str) -> bool:
        digits = _digits(found)
        return checks.is_resident_number(digits) and (not found.isdigit() or checks.fits_resident_checksum(digits))


@dataclass(frozen=True)
class MobileNumber(_Personal):
    """A Korean mobile number.

    Fires on 010, 011 and 016 to 019 with seven or eight more digits; does not fire on 010-1234-5678 and its like, on
    binary numbers, nor on 1588-0000, which looks like a range of years. For review: a model makes most of them up.
    """

    name: ClassVar[str] = "mobile-number"
    form: ClassVar[str] = r"(?:\+82[- ]?1|01)[016789][-. ]?\d{3,4}[-. ]?\d{4}"
    fires: ClassVar[Example] = {"input": "연락처 010-0482-7731로 전화해 주세요."}
    passes: ClassVar[Example] = {"input": "연락처 010-1234-5678, 대표 번호 1588-2001, 이진수 01011010110"}

    severity: Severity = "review"

    @classmethod
    def is_real(cls, found: str) -> bool:
        number = _digits(found)
        exchange, line = number[4 if number.startswith("82") else 3 : -4], number[-4:]
        return not (checks.is_placeholder(exchange + line) or all(map(checks.is_placeholder, (exchange, line))))


@dataclass(frozen=True)
class PassportNumber(_Personal):
    """The number of a Korean passport near the word.

    Fires on "여권 번호 M048A7731"; does not fire on the same letters and digits without the word, which are the number
    of a part or a course more often. Drops, as a number that identifies one person.
    """

    name: ClassVar[str] = "passport-number"
    form: ClassVar[str] = r"[MSRODG]\d{3}[A-Z\d]\d{4}"
    near: ClassVar[str] = r"(?i:여권|passport)[^\n]{0,20}?"
    fires: ClassVar[Example] = {"output": "여권 번호: M048A7731"}
    passes: ClassVar[Example] = {"output": "여권을 챙기세요. 편명은 M0482 7731입니다."}

    @classmethod
    def is_real(cls, found: str) -> bool:
        return not checks.is_placeholder(_digits(found))


@dataclass(frozen=True)
class DriverLicence(_Personal):
    """The number of a Korean driving licence.

    Fires on a region (11 to 26, 28), a year, six and two digits; does not fire on 11-12-345678-90. Drops, as a number
    that identifies one person.
    """

    name: ClassVar[str] = "driver-licence"
    form: ClassVar[str] = r"(?:1[1-9]|2[0-68])-\d{2}-\d{6}-\d{2}"
    fires: ClassVar[Example] = {"output": "면허 번호는 11-04-820773-15 입니다."}
    passes: ClassVar[Example] = {"output": "면허 번호는 11-12-345678-90 의 꼴입니다."}

    @classmethod
    def is_real(cls, found: str) -> bool:
        return not checks.is_placeholder(found[6:12])


@dataclass(frozen=True)
class BusinessNumber(_Personal):
    """A Korean business registration number.

    Fires on three, two and five digits whose check digit fits; does not fire on others, nor on 123-45-67890. For
    review: it is public, but that of a sole trader leads to a person.
    """

    name: ClassVar[str] = "business-number"
    form: ClassVar[str] = r"\d{3}-\d{2}-\d{5}"
    fires: ClassVar[Example] = {"output": "사업자 등록 번호 048-27-73157"}
    passes: ClassVar[Example] = {"output": "사업자 등록 번호 123-45-67890"}

    severity: Severity = "review"

    @classmethod
    def is_real(cls, found: str) -> bool:
        return checks.is_business_number(_digits(found))


@dataclass(frozen=True)
class CardNumber(_Personal):
    """The number of a payment card.

    Fires on 16 digits, or 15 that begin with 34 or 37, whose check digit (Luhn) fits; does not fire on the numbers that
    card companies publish for trials. Drops: it is money.
    """

    name: ClassVar[str] = "card-number"
    form: ClassVar[str] = r"(?:[3-69]\d{3}(?:[- ]?\d{4}){3}|3[47]\d{2}[- ]?\d{6}[- ]?\d{5})"
    fires: ClassVar[Example] = {"input": "카드 번호 9420-0482-7731-5604"}
    passes: ClassVar[Example] = {"input": "카드 번호 4111-1111-1111-1111, 9420-0482-7731-5605"}

    @classmethod
    def is_real(cls, found: str) -> bool:
        return checks.is_card_number(_digits(found))


@dataclass(frozen=True)
class AccountNumber(_Personal):
    """The number of a bank account near the name of a bank or the word account.

    Fires on "국민은행 048201-04-773156"; does not fire on such digits elsewhere, on 123-456-789012, nor on a mobile
    number. For review: digits with hyphens near a bank can be something else.
    """

    name: ClassVar[str] = "account-number"
    form: ClassVar[str] = r"\d{2,6}-\d{2,6}-\d{2,8}(?:-\d{1,3})?"
    near: ClassVar[str] = r"(?:은행|뱅크|농협|수협|신협|새마을금고|우체국|계좌|입금)[^\d\n]{0,15}"
    fires: ClassVar[Example] = {"output": "국민은행 048201-04-773156으로 보내 주세요."}
    passes: ClassVar[Example] = {"output": "은행 전화는 02-048-7731, 계좌는 123-456-789012의 꼴입니다."}

    severity: Severity = "review"

    @classmethod
    def is_real(cls, found: str) -> bool:
        digits = _digits(found)
        return 10 <= len(digits) <= 16 and not digits.startswith(("02", "01")) and not checks.is_placeholder(digits)


_NOBODY = (  # domains and names that stand for anybody, and addresses of an office
    r"(?i)@(?:[\w-]+\.)*(?:example|test|sample|domain|email|mail|company|mycompany|yourcompany|business|website|mysite|"
    r"yourdomain|xyz|abc|acme|school|university|store|shop)\.(?:co\.)?\w+$"
    r"|^(?:x+|abc\w*|name|your[._-]?\w*|my[._-]?\w*|user(?:name)?\d*|"
    r"example\w*|test\w*|sample\w*|email\w*|someone|somebody|recipient|sender|first\w*|"
    r"(?:john|jane|j)[._-]?(?:doe|smith)?\d*|"
    r"hong\.?gildong|gildong\.?hong|info|support|contact|help\w*|sales|admin|service\w*|hello|office|jobs|hr|careers|press|"
    r"customer\w*|no-?reply|webmaster|marketing|feedback|team|orders?|privacy)@"
)


@dataclass(frozen=True)
class EmailAddress(_Personal):
    """An e-mail address of somebody.

    Fires on a name at a domain; does not fire on example.com, john.doe@ and other placeholders, nor on an office
    (info@, support@). For review: a model makes most of them up.
    """

    name: ClassVar[str] = "email-address"
    form: ClassVar[str] = r"[A-Za-z0-9][\w.%+-]{0,60}@(?:[A-Za-z0-9-]{1,60}\.){1,4}[A-Za-z]{2,10}"
    sign: ClassVar[str] = "@"
    fires: ClassVar[Example] = {"input": "보낸 사람: jiho.k.0482@kodamail.net"}
    passes: ClassVar[Example] = {"input": "보낸 사람: jiho@example.com, info@kodamail.net"}

    severity: Severity = "review"

    @classmethod
    def is_real(cls, found: str) -> bool:
        return not re.search(_NOBODY, found)


@dataclass(frozen=True)
class UsPhoneNumber(_Personal):
    """An American phone number.

    Fires on an area code, an exchange and four digits, with separators; does not fire on 555 and 123-456-7890, nor on
    800 and other numbers free of charge. For review: a model makes most of them up.
    """

    name: ClassVar[str] = "us-phone-number"
    form: ClassVar[str] = r"(?:\+?1[-. ])?\(?[2-9]\d{2}\)?[-. ] ?[2-9]\d{2}[-. ]\d{4}"
    fires: ClassVar[Example] = {"input": "Call me at (415) 482-7731."}
    passes: ClassVar[Example] = {"input": "Call 212-555-0142 or 800-482-7731."}

    severity: Severity = "review"

    @classmethod
    def is_real(cls, found: str) -> bool:
        area, exchange, line = (digits := _digits(found)[-10:])[:3], digits[3:6], digits[6:]
        is_free = area[0] == "8" and area[1] == area[2]
        is_nobodys = "555" in (area, exchange) or checks.is_placeholder(digits)
        return not (is_free or is_nobodys or all(map(checks.is_placeholder, (area, exchange, line))))


@dataclass(frozen=True)
class SocialSecurityNumber(_Personal):
    """An American social security number.

    Fires on three, two and four digits as they are given out; does not fire on 000, 666 and 900 to 999, nor on numbers
    known from advertisements. Drops, as a number that identifies one person.
    """

    name: ClassVar[str] = "us-ssn"
    form: ClassVar[str] = r"\d{3}-\d{2}-\d{4}"
    fires: ClassVar[Example] = {"input": "SSN: 482-07-7315"}
    passes: ClassVar[Example] = {"input": "SSN: 123-45-6789, 900-48-7731"}

    @classmethod
    def is_real(cls, found: str) -> bool:
        return checks.is_social_security_number(_digits(found))


PII = (
    ResidentNumber, MobileNumber, PassportNumber, DriverLicence, BusinessNumber, CardNumber, AccountNumber,
    EmailAddress, UsPhoneNumber, SocialSecurityNumber,
)  # fmt: skip
