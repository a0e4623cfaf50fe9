"""Which encoding a text file is in, by what its letters would be.

Every encoding that can read the bytes is tried, and the one wins in which they are the letters that one language uses
beyond ASCII: each of ``³ ê ñ`` may stand in a Western text, and no Western language has all three within its words.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Mapping

__all__ = ["likely_encoding_of"]

_MIN_KANA, _MAX_NARROW = 0.1, 0.05  # of the letters of a Japanese text beyond ASCII
_MIN_ZEROS = 0.2  # of the bytes of a text of mostly Latin letters in UTF-16
_MIN_HANGUL = 0.35  # of a Korean text's syllables are frequent ones; of Chinese bytes read so, a few in a hundred
_MIN_PAIRED = 0.8  # two accented letters in a row are rare in Western text, two bytes of a character are the rule
_MIN_BIG5 = 0.4  # of a traditional text's characters are frequent ones; of other bytes read so, a tenth
_MIN_LETTERS = 0.9  # of the letters beyond ASCII are of the language, or nobody knows which it is
_SEVERAL = 0.97  # names of several Western languages stand in one file; one language alone explains more
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґ"
_WESTERN = "cp1252"
_RARE = "œæ"
_LATIN = frozenset({_WESTERN, "cp1250", "cp1254"})
_WORDS = re.compile(rb"[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]*")  # those that are not of ASCII alone
_RUNS, _ATTACHED = re.compile(rb"[\x80-\xff]+"), re.compile(rb"[a-z][\x80-\xff]+|[\x80-\xff]+[a-z]")
_MAX_WORDS = 5_000
_ASCII = re.compile("[A-Za-z]")

# the letters beyond ASCII of a language, by the encodings that it is written in
_LETTERS: Mapping[str, tuple[str, ...]] = {
    _WESTERN: ("äöüß", "éèàêçôîûùëïâ", "áéíóúñüªº", "ãõáéíóúâêôçàªº", "àèéìòùíî", "éëïöüèêá", "åäöéü", "æøåéö"),
    "cp1250": ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "čćđšž", "ăâîșțşţ"),
    "cp1251": (_CYRILLIC,),
    "koi8-r": (_CYRILLIC,),
    "cp1253": ("αβγδεζηθικλμνξοπρστυφχψωάέήίόύώςϊϋ",),
    "cp1254": ("çğıöşüâîûi̇",),
    "cp1255": ("אבגדהוזחטיכלמנסעפצקרשתךםןףץ",),
    "cp1256": ("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيًٌٍَُِّْ",),
}
_HANGUL = frozenset(
    "이다는의가을에고하지를사은기로어도리자시일아수그있나해인것대한서정들보게라전상주부과만장구제여으원성오스동소면비유우"
    "문공들안연신조화경무모생니니까세음등었요했없던되습니관입선미분업용적국간방번호객담접처완료급요청결과채널점만족"
)
# what is frequent in traditional texts and headings
_TRADITIONAL = frozenset(
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然"
    "事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心本前開但因只從想實日軍者意無力它與長把機十民"
    "第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯"
    "月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打"
    "女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司"
    "客戶案號編責單位級類滿收訂優先級帳聯絡複覆初首答結建指派姓名部門職稱到離"
)


def likely_encoding_of(sample: bytes, /) -> str:
    """Return the encoding that the beginning of a text file is most likely in.

    Parameters
    ----------
    sample : bytes
        Cut anywhere.

    Returns
    -------
    str
        One that Python knows: ``utf-8``, ``utf-16``, ``cp932`` (Japanese), ``cp949`` (Korean), ``gbk`` and ``big5``
        (Chinese), or one of a byte a letter; ``cp1252`` where nothing tells.

    Examples
    --------
    >>> [likely_encoding_of(text.encode(code)) for text, code in
    ...  [("Größe", "cp1252"), ("zgłoszenie wpłynęło", "cp1250"), ("Дата закрытия", "cp1251"), ("Açılış", "cp1254")]]
    ['cp1252', 'cp1250', 'cp1251', 'cp1254']
    """
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if _read(sample, "utf-8") is not None and b"\0" not in sample:
        return "utf-8"
    zeros = [sample[start::2].count(0) / max(1, len(sample) // 2) for start in (0, 1)]
    if max(zeros) > _MIN_ZEROS and min(zeros) < _MIN_ZEROS / 10:
        return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    if _read(sample, "utf-8") is not None:
        return "utf-8"
    return _of_two_bytes(sample) or _of_one_byte(sample)


def _read(sample: bytes, encoding: str, /) -> str | None:
    """Return a text, None where the bytes are not of the encoding; a character that is cut at the end is left out."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeError:
        return None


def _of_two_bytes(sample: bytes, /) -> str:
    """Return the East Asian encoding of a text; empty where it is none."""
    if _share(_read(sample, "cp932"), "\u3041", "\u30ff") > _MIN_KANA and (
        _share(_read(sample, "cp932"), "\uff61", "\uff9f") < _MAX_NARROW
    ):
        return "cp932"  # Chinese bytes read as Japanese are mostly katakana of half the width
    for encoding, frequent, least in (("cp949", _HANGUL, _MIN_HANGUL), ("big5", _TRADITIONAL, _MIN_BIG5)):
        letters = [letter for letter in _read(sample, encoding) or "" if letter > "\x7f"]
        if letters and sum(letter in frequent for letter in letters) > least * len(letters):
            return encoding
    # Cyrillic bytes stand in pairs as well; their words are long runs of letters of one case
    if (
        _paired(sample) > _MIN_PAIRED
        and _share(_read(sample, "gb18030"), "\u4e00", "\u9fff") > 0.5
        and len(_ATTACHED.findall(sample)) < 0.5 * len(_RUNS.findall(sample))
    ):
        return "" if _of_one_byte(sample, needed=True) else "gbk"
    return ""


def _share(text: str | None, first: str, last: str, /) -> float:
    """Share of the letters beyond ASCII that lie between two."""
    beyond = [letter for letter in text or "" if letter > "\x7f"]
    return sum(first <= letter <= last for letter in beyond) / max(1, len(beyond))


def _paired(sample: bytes, /) -> float:
    """Share of the bytes above 127 that stand beside another one."""
    high = [byte > 127 for byte in sample]
    pairs = zip([False, *high], high, [*high[1:], False], strict=False)
    beside = sum(here and (before or after) for before, here, after in pairs)
    return beside / max(1, sum(high))


def _of_one_byte(sample: bytes, /, *, needed: bool = False) -> str:
    """Return the encoding in which the letters are those of one language: Western where none fits, or empty."""
    words = b" ".join(_WORDS.findall(sample)[:_MAX_WORDS])
    best, most = "", 0.0
    for encoding, languages in _LETTERS.items():
        read = _read(words, encoding)
        if not read:
            continue
        found = _beyond(read)
        fits = [_fit(found, frozenset(letters)) for letters in languages]
        if encoding == _WESTERN:
            fits.append(_SEVERAL * _fit(found, frozenset("".join(languages) + _RARE)))
        fit = max(fits) * _well_written(read, is_latin=encoding in _LATIN)
        if fit > most:  # of those that read the same the first one stands: Western
            best, most = encoding, fit
    is_clear = most >= _MIN_LETTERS and not (needed and best == _WESTERN)
    return best if is_clear else "" if needed else _WESTERN


def _beyond(text: str, /) -> dict[str, int]:
    """Return the letters beyond ASCII, and what is no letter and stands within a word, with how often they do."""
    return Counter(
        letter.casefold()
        for place, letter in enumerate(text)
        if letter > "\x7f" and (letter.isalpha() or text[place - 1 : place].isalpha())
    )


def _fit(found: Mapping[str, int], letters: frozenset[str], /) -> float:
    return sum(count for letter, count in found.items() if set(letter) <= letters) / max(1, sum(found.values()))


def _well_written(text: str, /, *, is_latin: bool) -> float:
    """Share of the words that have capital letters first or everywhere alone, and letters of one script alone."""
    words = text.split()
    well = sum(
        (word[1:] == word[1:].lower() or word.isupper()) and (is_latin or not _ASCII.search(word)) for word in words
    )
    return well / max(1, len(words))
