"""Masks people's names: where something introduces them, or where a known first name and surname follow each other."""

from __future__ import annotations

import importlib
import re
from functools import cache

__all__ = ["mask_names"]

_WORD = r"[A-ZÀ-Þ][\w'’\-]{1,20}"
_FULL = rf"{_WORD}(?:\s[A-Z]\.)?(?:\s{_WORD}){{0,2}}"
_TITLE = re.compile(rf"\b((?:Mr|Mrs|Dr|Prof)\.?\s|(?:Ms|Miss|Herr|Frau)\.?\s)({_WORD}(?:\s{_WORD}){{0,2}})")
# whatever follows these with a capital is a name
_INTRODUCED = re.compile(
    rf"\b((?i:my name is|my name's|name\s?:|named|signed:?|passenger:|agent:|holder is)\s*)({_FULL})"
)
# what follows these is one if it is known as a name
_LIKELY = re.compile(
    r"\b((?i:I am|I'm|this is|it was|it is|thanks|thank you|cheers|regards|sincerely|yours(?: truly| faithfully)?|love"
    r"|hi|hello|dear|spoke (?:to|with)|talked (?:to|with)|ask for|call|contact|under the name|passenger|customer|name"
    r"|agent|technician|colleague|manager|supervisor|rep(?:resentative)?|attendant|driver|pilot|nurse|husband|wife"
    r"|partner|son|daughter|mother|father|mom|mum|dad|brother|sister|friend|boss|from|by|with|and|or)[,:]?\s)"
    rf"({_FULL})"
)
_PAIR = re.compile(rf"(?<![\w@#])({_WORD})((?:\s[A-Z]\.)?\s)({_WORD})")
_NO_NAME = frozenset(
    "air airlines airways airport america american atlantic beach billing boston british care central chicago "
    "city customer delta desk east english express france german google help home international island lake logan "
    "london los angeles miami monday tuesday wednesday thursday friday saturday sunday january february march "
    "april may june july august september october november december new north park san santa service services "
    "south southwest st state street support team telecom texas the united university us valley virgin west word "
    "york on off not done down out up was is did never has had will and or but so no yes ok please thanks all any "
    "christmas year spinal tap joke worst best jetblue spirit bay springs hills heights creek washington dallas "
    "houston denver austin phoenix charlotte orlando philadelphia dc".split()
)
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶"
    "阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段钱汤尹黎易常武乔贺赖龚文"
    "肖葛闫詹翁颜倪殷施陶洪霍关柳洛鲍祝左涂麦庄柯梅"
)
# common in Taiwan and Hong Kong, and everyday words besides: taken for names only where something says so
_INTRODUCED_SURNAMES = "简游蓝阮古纪童官巫温凌丘辜利翟岳钮关伍麦甘冼岑司徒招谷容霍区练涂赖连池风沙涂卓留包卜宫"
_SURNAME = f"(?:欧阳|司马|上官|张简|范姜|诸葛|司徒|皇甫|东方|尉迟|夏侯|令狐|慕容|[{_SURNAMES}])"
# what stands in no given name: particles, pronouns, verbs, question words, times and parts of everyday words
_FUNCTION = (
    "的了不没是说在有被给我你他她它们这那就都也还很太吗呢吧啊把和与及从对向为因但却又再只才并或一二三四五六七八九十零两几"
    "交来去打买付住上下接收看找报修要想等做用骗骂退查问答应让叫请可能会过到着得地时候面前后昨今每次点号元块钱电话手机账单"
    "先反投诉带拿跑露去实办通拒迟认处赶随拖坐站走"
)
_GIVEN = f"[^{_FUNCTION}\\W\\da-zA-Z_]"
_INTRODUCED_NAME = f"(?:{_SURNAME}|[{_INTRODUCED_SURNAMES}]){_GIVEN}{{1,2}}"
_NAME = f"{_SURNAME}{_GIVEN}{{1,2}}"
_END = f"(?=[{_FUNCTION}\\W]|$|\\d|[a-zA-Z])"
_CHINESE_INTRODUCED = re.compile(
    "((?:我叫|名叫|的名字是|名字叫|(?:姓名|户名|联系人|联络人|收货人|持卡人|投保人|要保人|被保人|承租人|用户名|署名|收件人|寄件人|经办人|投诉人|申请人|负责人|户主|机主|车主|法人|业主|村民|居民|乘客|患者|老板|本人"
    "|员工|业务员|销售员|司机|客服(?:小妹|人员|专员|代表)?|师傅叫|敬礼|此致"
    "|我?(?:老公|老婆|爱人|妈妈?|爸爸?|母亲|父亲|儿子|女儿|丈夫|妻子|奶奶|爷爷|弟弟|妹妹|哥哥|姐姐|孩子))(?:叫|是)?[做作]?)"
    f"[做作]?\\s?[:：]?\\s?)({_INTRODUCED_NAME}){_END}"
)
_CHINESE_I_AM = re.compile(f"(我是)({_INTRODUCED_NAME})(?<![人员户生师友家区市县省])(?=[，,。.！!；;\\s、（(]|$)")
_CHINESE_SURNAME = re.compile(f"((?<![百贵同])姓)({_SURNAME})(?={_END[3:-1]}|[的])")
_CALLED = re.compile(f"((?<!我)叫)({_NAME})(?=的|，|,|。)")
_CHINESE_TITLE = re.compile(
    f"(?<![每上下本这])({_SURNAME}{_GIVEN}{{0,2}})"
    "(?=先生(?!产)|女士|小姐(?!姐)|师傅|经理|老师|阿姨|大爷|主任|医生|大夫|警官|科长|处长|局长|书记|律师|村长|站长|队长|院长|校长|店长|主管|教授)"
)
_CHINESE_CHIEF = re.compile(f"(?<![\u4e00-\u9fff])({_SURNAME})(?=[总工][说讲答没来在承不表])")
_FAMILIAR = re.compile(f"(?<![大最很太较更多少从缩])([小老])([{_SURNAMES}])(?=[说讲答没修来不也，。,]|$)")


def mask_names(text: str, /) -> str:
    """Return the text with names masked.

    First names and surnames of thirteen countries come from the lists of Faker. A first name alone in a sentence, and a
    Chinese name that nothing introduces, are not found.

    Examples
    --------
    >>> mask_names("Mr. Smith promised it"), mask_names("张经理说会回电")
    ('Mr. [name] promised it', '[name]经理说会回电')
    """
    if any(character.isupper() for character in text):
        text = _english(text)
    if any("\u4e00" <= character <= "\u9fff" for character in text):
        for pattern in (_CHINESE_INTRODUCED, _CHINESE_I_AM, _CHINESE_SURNAME, _CALLED, _FAMILIAR):
            text = pattern.sub(r"\1[name]", text)
        text = _CHINESE_CHIEF.sub("[name]", _CHINESE_TITLE.sub("[name]", text))
    return text


def _english(text: str, /) -> str:
    text = _TITLE.sub(_titled, text)
    text = _INTRODUCED.sub(_masked_introduction, text)
    text = _PAIR.sub(_paired, text)
    return _LIKELY.sub(_likely, text)


def _titled(found: re.Match[str], /) -> str:
    title, words = found.groups()
    kept = _until_no_name(words)
    return found.group(0) if not kept else f"{title}[name]{words[len(kept) :]}"


def _masked_introduction(found: re.Match[str], /) -> str:
    kept = _until_no_name(found.group(2))
    return found.group(0) if not kept else f"{found.group(1)}[name]{found.group(2)[len(kept) :]}"


def _likely(found: re.Match[str], /) -> str:
    before, words = found.groups()
    kept = _until_no_name(words)
    first, surnames = _known()
    spelt = kept.split(" ")
    known = spelt[0].casefold() in first or (len(spelt) > 1 and spelt[-1].casefold() in surnames)
    strict = before.casefold().strip(" ,:") in (
        "from",
        "by",
        "with",
        "and",
        "or",
        "it is",
        "it was",
        "call",
        "contact",
        "name",
    )
    # after an everyday word a name is asked to be a known first name, and no place
    if not kept or not known or (strict and spelt[0].casefold() not in first):
        return found.group(0)
    return f"{before}[name]{words[len(kept) :]}"


def _paired(found: re.Match[str], /) -> str:
    given, family = found.group(1), found.group(3)
    first, surnames = _known()
    if {given.casefold(), family.casefold()} & _NO_NAME or given.casefold() not in first:
        return found.group(0)
    return "[name]" if family.casefold() in surnames else found.group(0)


def _until_no_name(words: str, /) -> str:
    """Return the words up to the first that is no name."""
    kept: list[str] = []
    for word in words.split(" "):
        if word.casefold() in _NO_NAME or (len(word) > 3 and word.isupper() and kept):
            break
        kept.append(word)
    return " ".join(kept)


@cache
def _known() -> tuple[frozenset[str], frozenset[str]]:
    """Return first names and surnames, folded."""
    first: set[str] = set()
    surnames: set[str] = set()
    for place in "US GB IN".split():
        _add(f"en_{place}", first, surnames)
    for place in "de_DE fr_FR es_ES it_IT pt_PT pt_BR nl_NL pl_PL sv_SE tr_TR".split():
        _add(place, first, surnames)
    return frozenset(first - _NO_NAME), frozenset(surnames - _NO_NAME)


def _add(locale: str, first: set[str], surnames: set[str], /) -> None:
    people = importlib.import_module(f"faker.providers.person.{locale}").Provider
    for kind in ("first_names", "first_names_male", "first_names_female", "first_names_unisex"):
        first.update(name.casefold() for name in getattr(people, kind, ()))
    surnames.update(name.casefold() for name in getattr(people, "last_names", ()))
