"""Masks numbers that stand for a person: phones, cards, accounts, ids, licence plates."""

from __future__ import annotations

import re

__all__ = ["mask_numbers"]

_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z]\s?[·•]?\s?(?=[A-Z0-9]*\d)[A-Z0-9]{5,6}(?![A-Z0-9])"
)
_FOREIGN_PLATE = re.compile(r"\b(?:[A-Z]{2}\d{2}\s[A-Z]{3}|[A-ZÄÖÜ]{1,3}-[A-Z]{1,2}\s?\d{2,4})\b")
_INTRODUCED_PLATE = re.compile(
    r"\b((?:licen[cs]e|number)\splate|registration(?:\snumber)?|reg)((?:\sis)?[\s:]+)(?=[A-Z\s\-]{0,6}\d)[A-Z0-9]{2,8}(?:[\s\-][A-Z0-9]{2,4})?\b"
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?\b", re.ASCII)
_CHINESE_ID = re.compile(r"(?<!\d)\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)")
# Hong Kong's has its check digit in brackets; Taiwan's begins with a letter and the sex
_HONG_KONG_ID = re.compile(r"(?<![A-Za-z0-9])[A-Z]{1,2}\d{6}\s?[(（][\dA][)）]")
_NETWORK = re.compile(
    r"(?<![\w.:])(?:[0-9A-F]{2}(?:[:\-][0-9A-F]{2}){5}|\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?![\w.:])", re.I | re.ASCII
)
_SOCIAL_SECURITY = re.compile(r"(?<![\d\-])\d{3}-\d{2}-\d{4}(?![\d\-])")
_BORN = re.compile(
    r"((?:\bdob|\bdate of birth|\bborn(?: on)?|出生日期|出生于|生日)\s?(?:is|:|：|是|为)?\s?)"
    r"(?:(?:民国)?\s?\d{1,4}\s?[\-/.年]\s?\d{1,2}\s?[\-/.月]\s?\d{1,4}\s?日?)",
    re.I,
)
_CARD = re.compile(r"(?<![\w.+])\d(?:[ \-]?\d){12,18}(?![\w\-])", re.ASCII)
_CARD_WORD = re.compile(
    r"(?:card|visa|mastercard|amex|[卡折])(?:\s?(?:number|no\.?|号码?))?\s?(?:is|是|为|[:：#])?\s?$", re.I
)
_VALUE = r"(?=[A-Za-z_\-]{0,20}\d)[A-Za-z0-9][A-Za-z0-9_\-]{3,31}(?![.,]\d)"
_LABELLED = re.compile(
    r"(?<![A-Za-z])((?:account|acct|customer|order|contract|ticket|case|booking|reference|ref|invoice|policy|member(?:ship)?"
    r"|confirmation|claim|parcel|package|tracking|serial|meter|passport|licen[cs]e|sim|imei|device|pnr|record locator"
    r"|reservation|loyalty|frequent flyer)"
    r"(?:\s?(?:reference|number|numbers|code|no\.?|nr\.?|id|#))?\s*(?:is\s|was\s|[:#]|no\.)?\s*)#?"
    rf"({_VALUE})",
    re.I | re.ASCII,
)
_CHINESE_LABELLED = re.compile(
    r"((?:(?:单|编|工|账|帐|合同|会员|客户|用户|户|房|护照|学|流水|保单|序列|发票|预约|投诉|取件|提货|驾驶|社保|档案|警|设备|身份)[号码证]码?"
    r"|护照|证件|[微V]信|QQ|IMEI|社保卡|驾驶证|身份证|执照|编码|订单|工单|运单|单号|取件码)"
    r"(?:号码?|编号|账号)?\s?(?:是|为|[:：])?\s?)"
    rf"({_VALUE})",
    re.I | re.ASCII,
)
# Chinese characters are no part of a word here: a number may follow one without a space
_DIGITS = re.compile(r"(?<![\w.])\+?\(?\d(?:[\d\s().\-/]{5,28}\d)[Xx]?(?!\w)", re.ASCII)
_CODE = re.compile(
    r"\b(?=[A-Za-z\-]{0,20}\d)(?=[\d\-]{0,20}[A-Za-z])[A-Za-z0-9]{1,40}(?:-[A-Za-z0-9]{1,40}){0,6}\b", re.ASCII
)
_SPOKEN = re.compile("(?<![零一二三四五六七八九〇幺么])[零一二三四五六七八九〇幺么]{8,20}(?![年月日号十百千万元块])")
_MONEY_OR_DATE = re.compile(
    r"^\d{4}[\-/.]\d{1,2}[\-/.]\d{1,2}(?:[\s/\-]*\d{1,2})?$|^\d{1,2}[\-/.]\d{1,2}[\-/.]\d{2,4}$|^\d{4}\s?-\s?\d{4}$"
    r"|^\d{1,3}(?:\.\d{3})+$|^\d{1,2}(?: \d{3}){1,2}$|^\d{3} \d{3}$|^\d+\.\d{1,2}$"
    r"|^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])$"
)
_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d{2}(?:[.\-/]\d{1,2}){0,2}|\d{1,2}([.\-/])\d{1,2}\1(?:19|20)?\d{2})(?!\d)", re.ASCII
)
_RANGE = re.compile(r"^\d{1,5}\s?[\-/]\s?\d{1,5}$")
_UNIT_AFTER = re.compile(
    r"\s?(?:[元块万千百亿年月日天米兆户人个名平㎡%]|EUR|USD|RMB|CNY|GBP|euros?|dollars?|pounds?|miles|points)", re.I
)
_TECHNICAL = re.compile(
    r"(?:model|version|firmware|error|code|type|型号|版本|错误码?|代码|固件)\s?(?:is|:|：)?\s?$", re.I
)
_KEPT_CODE = re.compile(
    r"^(?:\d+(?:st|nd|rd|th|am|pm|[a-z]{1,2})|\d{1,5}[a-z]{3,8}|\d{1,3}h(?:rs?)?\d{1,2}m(?:ins?)?|[a-z]+\d{1,4}"
    r"|[345]g\w{0,4}|\d{1,3}[a-z]\d{0,2}|0x[0-9a-f]{1,16}|\d+-[a-z\-]+|[ab]\d{3}-\w{1,5}|(?:gb|iso|din|iec|en)\d{3,6}-\d{4})$",
    re.I,
)
# of the mainland, of Taiwan, and of Hong Kong where its eight figures are parted in the middle
_CHINESE_MOBILE = re.compile(r"(?:86)?1[3-9]\d{9}|(?:886)?0?9\d{8}")
_HONG_KONG_PHONE = re.compile(r"(?:\(?852\)?[\s\-]?)?[2-9]\d{3}[\s\-]\d{4}")
_MIN_DIGITS = 7
_MIN_LABELLED_DIGITS = 3


def mask_numbers(text: str, /) -> str:
    """Return the text with numbers and codes masked that stand for a person, a contract or an account.

    Examples
    --------
    >>> mask_numbers("order AB12-99X4-KK, 45 minutes, 500 Mbit, 2025-03-01")
    'order [id], 45 minutes, 500 Mbit, 2025-03-01'
    """
    if any(character.isdigit() for character in text):
        for pattern in (_PLATE, _FOREIGN_PLATE):
            text = pattern.sub("[plate]", text)
        text = _INTRODUCED_PLATE.sub(r"\1\2[plate]", text)
        text = _IBAN.sub("[account]", text)
        for pattern in (_NETWORK, _SOCIAL_SECURITY, _CHINESE_ID, _HONG_KONG_ID):
            text = pattern.sub("[id]", text)
        text = _BORN.sub(r"\1[id]", text)
        text = _CARD.sub(_kind_of_card, text)
        for pattern in (_LABELLED, _CHINESE_LABELLED):
            text = pattern.sub(_labelled, text)
        text = _DIGITS.sub(_kind_of_digits, text)
        text = _CODE.sub(_kind_of_code, text)
    return _SPOKEN.sub("[phone]", text)


def _kind_of_card(found: re.Match[str], /) -> str:
    number = re.sub(r"\D", "", found.group(0))
    introduced = _CARD_WORD.search(found.string[max(0, found.start() - 20) : found.start()])
    # what an international prefix or an area code begins is a phone
    return "[card]" if introduced or (not number.startswith("0") and _luhn(number)) else found.group(0)


def _labelled(found: re.Match[str], /) -> str:
    label, value = found.groups()
    digits = sum(character.isdigit() for character in value)
    bare_number = (
        value.isdigit() and len(value) == 4 and not re.search(r"(?:number|no\.?|id|#|号)\s*(?:is|:|：)?\s*$", label)
    )
    few = digits < _MIN_LABELLED_DIGITS and not (digits and value.isupper() and len(value) <= 8)
    if few or bare_number or _MONEY_OR_DATE.match(value):
        return found.group(0)
    return f"{label}[id]"


def _kind_of_digits(found: re.Match[str], /) -> str:
    run = found.group(0)
    digits = re.sub(r"\D", "", run)
    if _MONEY_OR_DATE.match(run.strip()):
        return run
    dates_away = re.sub(r"\D", "", _DATE.sub("", run))
    amount = _UNIT_AFTER.match(found.string, found.end()) and (digits == run or _RANGE.match(run))
    if len(digits) < _MIN_DIGITS or amount or (len(dates_away) < len(digits) and len(dates_away) <= 4):
        return run
    return "[phone]" if _is_phone(digits, run) else "[id]"


def _is_phone(digits: str, run: str, /) -> bool:
    import phonenumbers

    if run.startswith("+") or digits.startswith("00"):
        return 8 <= len(digits) <= 17
    if _CHINESE_MOBILE.fullmatch(digits):
        return True
    if len(digits) > 13 or (re.match(r"(?:19|20)\d{2}[\-/.]\d{1,2}[\-/.]\d{1,2}", run) is not None):
        return False
    for region in ("CN", "US", "GB", "DE"):
        try:
            if phonenumbers.is_possible_number(number := phonenumbers.parse(digits, region)) and (
                phonenumbers.is_valid_number(number)
            ):
                return True
        except phonenumbers.NumberParseException:
            continue
    # written in groups, as phones are
    if _HONG_KONG_PHONE.fullmatch(run):
        return True
    return len(digits) >= 9 and re.fullmatch(r"\(?\d{2,5}\)?(?:[\s.\-/]{1,2}\d{2,5}){1,4}", run) is not None


def _kind_of_code(found: re.Match[str], /) -> str:
    code = found.group(0)
    digits = sum(character.isdigit() for character in code)
    if len(code) < 6 or digits < 3 or _KEPT_CODE.match(code):
        return code
    return code if _TECHNICAL.search(found.string[max(0, found.start() - 14) : found.start()]) else "[id]"


def _luhn(digits: str, /) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
