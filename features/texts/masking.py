"""Takes personal data out of texts before anything is stored, logged or shown."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["mask"]

_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}\s?@\s?[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,4}")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"'，。）)]{2,500}", re.I)
_HANDLE = re.compile(r"(?<![\w@])@[A-Za-z0-9_]{2,30}")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?\b", re.ASCII)
# Chinese characters are no part of a word here: a number may follow one without a space
_DIGITS = re.compile(r"(?<![\w.])\+?\(?\d(?:[\d\s().\-/]{5,28}\d)(?:[Xx])?(?!\w)", re.ASCII)
_CHINESE_ID = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_CODE = re.compile(r"\b(?=[A-Za-z\-]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{2,40}(?:-[A-Za-z0-9]{2,40}){0,6}\b", re.ASCII)
_LABELLED = re.compile(
    r"((?:account|customer|order|contract|ticket|case|booking|reference|ref|invoice|policy|member|confirmation)\s*"
    r"(?:number|no\.?|nr\.?|id|code|#)?\s*(?:is|:|#)?\s*|(?:单号|编号|工号|卡号|账号|帐号|合同号|订单号|身份证号?码?|会员号)\s*(?:是|为|[:：])?\s*)"
    r"#?(?=[A-Za-z\-]*\d)([A-Za-z0-9][A-Za-z0-9\-]{3,24})",
    re.I,
)
_PLATE = re.compile(r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·\s]?[A-Z0-9]{5,6}")
_TITLE = re.compile(r"\b((?:Mr|Mrs|Ms|Miss|Dr|Prof)\.?\s+)([A-Z][\w'’\-]+(?:\s[A-Z][\w'’\-]+){0,2})")
_INTRODUCED = re.compile(
    r"\b((?i:my name is|my name's|this is|signed,?|regards,?|sincerely,?|spoke (?:to|with)|talked to|agent called"
    r"|named)\s+)"
    r"([A-Z][a-z'’\-]{1,20}(?:\s[A-Z][a-z'’\-]{1,20}){1,2})\b(?!\s*(?:[A-Z]{2,}))"
)
_ONE_NAME = re.compile(
    r"\b((?i:my name is|my name's|signed,?|spoke (?:to|with)|talked to|agent called)\s+)([A-Z][a-z'’\-]{2,20})\b"
)
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶"
    "阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段钱汤尹黎易常武乔贺赖龚文"
)
_CHINESE_NAME = re.compile(
    f"((?:我叫|我的名字是|姓名[:：]?|名叫|联系人[:：]?|署名[:：]?|客服)\\s?)([{_SURNAMES}][\u4e00-\u9fff]{{1,2}})"
    "(?=[，。,.；;、！\\s（(\\d]|$|的|电话|手机|身份)"
)
_CHINESE_TITLE = re.compile(f"[{_SURNAMES}][\u4e00-\u9fff]{{0,2}}(?=先生|女士|小姐|师傅|经理|老师|阿姨|大爷)")
_SPOKEN = re.compile("[零一二三四五六七八九〇幺]{8,20}")
_MONEY_OR_DATE = re.compile(
    r"^\d{4}[\-/.]\d{1,2}[\-/.]\d{1,2}(?:[\s/\-]*\d{1,2})?$|^\d{1,2}[\-/.]\d{1,2}[\-/.]\d{2,4}$"
)
_KEPT_CODE = re.compile(
    r"^(?:\d+(?:st|nd|rd|th|am|pm|h|hr|hrs|min|mins|s|k|m|g|gb|mb|mbit|mbps|kb|tb|ghz|hz|kwh|kg|km|cm|mm|eur|usd|rmb|x|d|p|v)|[a-z]+\d{1,4}|(?:3|4|5)g(?:\w{0,4})|\d{1,3}[a-z]\d{0,2})$",
    re.I,
)


def mask(text: str, /) -> str:
    """Return the text with personal data replaced by what kind it was: ``[phone]``, ``[email]``, ``[id]``, ``[name]`` …

    Amounts, dates and speeds stay. Names are found where something introduces them; a name alone in a sentence is not.

    Examples
    --------
    >>> mask("Call me on +49 170 1234567 or write to ann.lee@example.com")
    'Call me on [phone] or write to [email]'
    >>> mask("我叫王小明，手机13812345678，账单多扣了200元")
    '我叫[name]，手机[phone]，账单多扣了200元'
    """
    if "@" in text:
        text = _HANDLE.sub("[handle]", _EMAIL.sub("[email]", text))
    if "www." in text or "://" in text:
        text = _URL.sub("[link]", text)
    if any(character.isdigit() for character in text):
        text = _numbers(text)
    text = _SPOKEN.sub("[phone]", text)
    return _names(text)


def _numbers(text: str, /) -> str:
    text = _PLATE.sub("[plate]", text)
    text = _CHINESE_ID.sub("[id]", text)
    text = _IBAN.sub("[account]", text)
    text = _DIGITS.sub(_kind_of_digits, text)
    text = _LABELLED.sub(lambda found: f"{found.group(1)}[id]", text)
    return _CODE.sub(_kind_of_code, text)


def _kind_of_digits(found: re.Match[str], /) -> str:
    run = found.group(0)
    digits = re.sub(r"\D", "", run)
    if _MONEY_OR_DATE.match(run.strip()) or len(digits) < 7 or re.fullmatch(r"\d{1,3}(?:[ .]\d{3})+", run.strip()):
        return run
    if 13 <= len(digits) <= 19 and "+" not in run and _luhn(digits):
        return "[card]"
    return "[phone]" if len(digits) <= 13 and ("+" in run or _looks_like_a_phone(digits, run)) else "[id]"


def _looks_like_a_phone(digits: str, run: str, /) -> bool:
    import phonenumbers

    if re.fullmatch(r"(?:86)?1[3-9]\d{9}", digits) or re.search(r"[\s().\-]", run):
        return True
    for region in ("CN", "US", "GB", "DE"):
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(digits, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def _kind_of_code(found: re.Match[str], /) -> str:
    code = found.group(0)
    digits = sum(character.isdigit() for character in code)
    return "[id]" if len(code) >= 6 and digits >= 3 and not _KEPT_CODE.match(code) else code


def _names(text: str, /) -> str:
    keep: Callable[[re.Match[str]], str] = lambda found: f"{found.group(1)}[name]"  # noqa: E731
    for pattern in (_TITLE, _INTRODUCED, _ONE_NAME, _CHINESE_NAME):
        text = pattern.sub(keep, text)
    return _CHINESE_TITLE.sub("[name]", text)


def _luhn(digits: str, /) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
