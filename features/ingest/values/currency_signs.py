"""Currencies: the signs and codes by which amounts name them, and which of these mean the same."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CURRENCIES", "by_currency", "currency_named", "is_same_currency"]

CURRENCIES = tuple(
    "us$ ca$ c$ au$ a$ nz$ hk$ nt$ s$ r$ mx$ cn¥ jp¥ $ € £ ¥ ￥ ₹ ₩ ₽ ₺ ₫ ฿ ₱ ₪ ₦ "
    "元 円 圆 人民币 欧元 美元 rs rs. kr kr. zł kč fr. ft "
    "eur usd gbp chf jpy cny rmb cnh inr krw hkd twd sgd aud cad nzd sek nok dkk pln czk huf ron bgn try rub uah brl "
    "mxn ars clp cop zar aed sar ils thb vnd idr myr php egp ngn kes".split()
)
"""What may stand before or behind figures, in small letters."""

_SAME_CURRENCY = {
    "us$": "usd", "$": "$", "€": "eur", "欧元": "eur", "£": "gbp", "美元": "usd", "r$": "brl", "₹": "inr", "rs": "inr",
    "rs.": "inr", "₩": "krw", "₽": "rub", "₺": "try", "₫": "vnd", "฿": "thb", "₱": "php", "₪": "ils", "₦": "ngn",
    "元": "cny", "rmb": "cny", "cnh": "cny", "人民币": "cny", "圆": "cny", "cn¥": "cny", "円": "jpy",
    "jp¥": "jpy", "￥": "¥",
    "zł": "pln", "kč": "czk", "ft": "huf", "fr.": "chf", "kr.": "kr", "c$": "cad", "ca$": "cad", "a$": "aud",
    "au$": "aud", "nz$": "nzd", "hk$": "hkd", "nt$": "twd", "s$": "sgd", "mx$": "mxn",
}  # fmt: skip
_GENERAL = {  # signs that several currencies share
    "$": {"usd", "cad", "aud", "nzd", "hkd", "twd", "sgd", "mxn", "ars", "clp", "cop"},
    "¥": {"cny", "jpy"},
    "kr": {"sek", "nok", "dkk"},
}
_NAMES = {
    "euro": "eur", "euros": "eur", "dollar": "$", "dollars": "$", "us dollar": "usd", "pound": "gbp", "pounds": "gbp",
    "sterling": "gbp", "yuan": "cny", "renminbi": "cny", "yen": "jpy", "rupee": "inr", "franken": "chf", "zloty": "pln",
}  # fmt: skip


def by_currency(signs: Mapping[str, int], /) -> dict[str, int]:
    """Return how many amounts are in each currency; signs that may mean the same are one.

    Examples
    --------
    >>> by_currency({"€": 3, "eur": 2}), by_currency({"$": 3, "usd": 1}), by_currency({"$": 3, "€": 1})
    ({'eur': 5}, {'usd': 4}, {'$': 3, 'eur': 1})
    """
    found: dict[str, int] = {}
    for sign, count in signs.items():
        meant = _meant(sign)
        found[meant] = found.get(meant, 0) + count
    for sign, others in _GENERAL.items():
        special = sorted(others & set(found), key=lambda other: (-found[other], other))
        if sign in found and special:
            found[special[0]] += found.pop(sign)
    return found


def is_same_currency(sign: str, other: str, /) -> bool:
    """Whether two signs, codes or names may mean the same currency.

    Examples
    --------
    >>> is_same_currency("¥", "CNY"), is_same_currency("RMB", "cny"), is_same_currency("usd", "EUR")
    (True, True, False)
    """
    one, two = _meant(sign), _meant(other)
    return one == two or two in _GENERAL.get(one, ()) or one in _GENERAL.get(two, ())


def currency_named(text: str, /) -> str | None:
    """Return the currency that a text names, in small letters; None: it names none."""
    meant = _meant(text)
    return meant if meant in CURRENCIES or meant in _GENERAL else None


def _meant(sign: str, /) -> str:
    small = sign.strip().casefold()
    small = _NAMES.get(small, small)
    return _SAME_CURRENCY.get(small, small)
