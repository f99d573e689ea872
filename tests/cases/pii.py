"""Texts with and without data of a person, labelled by hand with the rules that must fire, and no others.

Nobody's: resident numbers have wrong check digits or a region that was never given out, mobile numbers an exchange that
is not assigned, the rest is made up.
"""

from __future__ import annotations

from kodata.corpus import Turn

LABELLED: list[tuple[str, set[str]]] = [
    # resident numbers
    ("제 주민등록번호는 000229-3980125 입니다.", {"resident-number"}),
    ("주민번호:850317-1970482", {"resident-number"}),
    ("(991231 - 2970483)", {"resident-number"}),
    ("외국인등록번호 900705-5980321로 신청했습니다.", {"resident-number"}),
    ("번호는 0101153980277입니다.", {"resident-number"}),
    ("번호는 0101153980278입니다.", set()),  # no hyphen, and the check digit does not fit
    ("010229-3980125", set()),  # 2001 was no leap year
    ("901301-1970482", set()),  # no month 13
    ("900705-9970482", set()),  # the 19th century
    ("예시: 900101-1234567, 123456-1234567, 000101-3000000", set()),
    ("주민번호 뒷자리는 가렸습니다: 850317-1******", set()),
    ("주문 번호 850317-1970482-01, 계산 12850317-1970482", set()),
    # mobile numbers
    ("연락처는 010-0482-7731입니다.", {"mobile-number"}),
    ("01004827731로 문자 주세요", {"mobile-number"}),
    ("+82 10-0482-7731", {"mobile-number"}),
    ("옛 번호 011-048-7731, 016.0482.7731", {"mobile-number"}),
    ("전화: 010 0482 7731", {"mobile-number"}),
    ("예: 010-1234-5678, 010-0000-0000, 01012345678, 010-1111-2222", set()),
    ("대표 번호 1588-2001, 1566-0482번", set()),
    ("조선 시대 1592-1598년, 15세기 1450-1500", set()),
    ("이진수 01011011010을 10진수로 바꾸면 730입니다.", set()),
    ("서울 02-048-7731, 부산 051-048-7731", set()),
    ("소수 0.01048277315, 모델 A010-0482-7731X", set()),
    ("012-0482-7731은 없는 국번입니다.", set()),
    # passports
    ("여권번호 M048A7731을 적어 주세요.", {"passport-number"}),
    ("Passport No. M04827731", {"passport-number"}),
    ("여권 번호의 예: M12345678", set()),
    ("부품 M04827731을 주문했습니다.", set()),
    ("여권을 챙기세요.\n부품 M04827731", set()),
    # driving licences
    ("운전면허 11-04-820773-15", {"driver-licence"}),
    ("면허 번호 28-19-048277-31 확인", {"driver-licence"}),
    ("11-12-345678-90", set()),
    ("27-04-820773-15은 없는 지역입니다.", set()),
    ("ISBN 979-11-048-2077-3", set()),
    # businesses
    ("사업자등록번호: 048-27-73157", {"business-number"}),
    ("사업자등록번호: 048-27-73158", set()),
    ("123-45-67890", set()),
    # cards
    ("카드 9420-0482-7731-5604로 결제", {"card-number"}),
    ("9420048277315604", {"card-number"}),
    ("카드 9420-0482-7731-5605로 결제", set()),
    ("시험용 카드 4111 1111 1111 1111, 4242-4242-4242-4242, 378282246310005", set()),
    ("1234-5678-9012-3456", set()),
    ("9420048277315604123은 숫자일 뿐입니다.", set()),
    # accounts
    ("국민은행 048201-04-773156 (예금주 홍길동)", {"account-number"}),
    ("계좌번호는 048-271-773156입니다.", {"account-number"}),
    ("카카오뱅크 3048-01-7731560으로 입금", {"account-number"}),
    ("은행 계좌는 123-456-789012의 꼴입니다.", set()),
    ("도서 번호 048-271-773156", set()),
    ("우리은행 고객 센터 02-0482-7731", set()),
    ("은행은 2024-05-01에 문을 열었습니다.", set()),
    # e-mail
    ("메일은 jiho.k.0482@kodamail.net 입니다.", {"email-address"}),
    ("jiho_k@mail.kodata.co.kr로 보내 주세요", {"email-address"}),
    ("user@example.com, john.doe@gmail.com, your.name@company.com", set()),
    ("info@kodamail.net, support@kodamail.net, no-reply@kodamail.net", set()),
    ("@kodata 계정을 팔로우하세요. a@b", set()),
    ("정규식 \\w+@\\w+\\.com", set()),
    # American
    ("Call me at (415) 482-7731.", {"us-phone-number"}),
    ("Phone: +1 415-482-7731", {"us-phone-number"}),
    ("415.482.7731", {"us-phone-number"}),
    ("Call 212-555-0142, 555-482-7731, 123-456-7890 or 800-482-7731.", set()),
    ("Fax 415-082-7731, code 4154827731", set()),
    ("SSN 482-07-7315", {"us-ssn"}),
    ("SSN 123-45-6789, 078-05-1120, 900-48-7731, 482-00-7315, 666-07-7315", set()),
    ("Dates 2019-07-7315 and 482-07-73156", set()),
    # several, and none
    ("홍길동, 010-0482-7731, jiho.k.0482@kodamail.net", {"mobile-number", "email-address"}),
    ("홍길동은 조선의 의적입니다. 1443년에 한글이 창제되었습니다.", set()),
    ("원주율은 3.14159265358979이고 e는 2.71828182845905입니다.", set()),
    ("", set()),
]

FIRES: dict[str, list[tuple[str, Turn]]] = {
    "resident-number": [("output: 00****-*******", Turn("a", 0, output="번호 000229-3980125"))],
    "mobile-number": [("input: 01*-****-****", Turn("a", 0, input="전화 010-0482-7731로"))],
    "passport-number": [("output: M0*******", Turn("a", 0, output="여권 M048A7731"))],
    "driver-licence": [("output: 11-**-******-**", Turn("a", 0, output="면허 11-04-820773-15"))],
    "business-number": [("output: 04*-**-*****", Turn("a", 0, output="사업자 048-27-73157"))],
    "card-number": [("instruction: 94** **** **** ****", Turn("a", 0, instruction="카드 9420 0482 7731 5604"))],
    "account-number": [("output: 04****-**-******", Turn("a", 0, output="계좌 048201-04-773156"))],
    "email-address": [("system: ji**.*.****@********.***", Turn("a", 0, system="jiho.k.0482@kodamail.net"))],
    "us-phone-number": [("output: (41*) ***-****", Turn("a", 0, output="(415) 482-7731"))],
    "us-ssn": [("output: 48*-**-****", Turn("a", 0, output="482-07-7315"))],
}
HOLDS_STILL: dict[str, list[Turn]] = {
    name: [Turn("a", 0, output=text) for text, finds in LABELLED if name not in finds][::6] for name in FIRES
}
