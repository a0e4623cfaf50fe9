"""The public text sets that the models of causes are measured on, as Baton's models take them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from features.text.preparing import prepare
from features.text.repeats import groups_of
from features.text.text_set import TextSet

__all__ = ["OTHER_SETS", "SETS", "TextTask", "load_task"]


@dataclass(frozen=True)
class TextTask:
    """Texts, their labels, and what is to be reached.

    Parameters
    ----------
    name, title : str
    goals : dict of str to float
        ``macro_f1`` and ``accuracy_at_70`` at least, ``ece`` at most.
    words : dict of str to list of str
        What each label means, for models that learn from descriptions: from its name and what such a department or
        complaint is commonly about, written once and not tuned on the texts.
    """

    name: str
    title: str
    texts: TextSet
    goals: dict[str, float]
    words: dict[str, list[str]] = field(default_factory=dict)


_REASONS = {
    "Bad Flight": ["The flight itself was bad: seats, food, entertainment, wifi or comfort on board"],
    "Can't Tell": ["Unhappy with the airline without saying why"],
    "Cancelled Flight": ["My flight was cancelled and I need to be rebooked"],
    "Customer Service Issue": [
        "Customer service does not help: on hold for hours, nobody answers the phone or replies"
    ],
    "Damaged Luggage": ["My suitcase arrived broken or damaged"],
    "Flight Attendant Complaints": ["A flight attendant, gate agent or other staff was rude and unfriendly"],
    "Flight Booking Problems": ["I cannot book or change a flight: website, app, reservation, points, check-in online"],
    "Late Flight": ["My flight is late: delayed, waiting for hours, missed my connection, sitting on the tarmac"],
    "Lost Luggage": ["My bag is lost or has not arrived, where is my luggage"],
    "longlines": ["Long lines at check-in, the counter or security"],
}
_DEPARTMENTS = {
    "交通运输": ["交通运输：公交车、出租车、网约车、客运、快递、车站、道路运输"],
    "劳动和社会保障": ["劳动和社会保障：工资拖欠、社保、养老保险、医保、退休金、劳动合同、职称、就业"],
    "卫生计生": ["卫生计生：医院、医生、看病、药品、疫苗、计划生育、生育证、独生子女、社会抚养费"],
    "商贸旅游": ["商贸旅游：消费者权益、市场、价格、食品、传销、景区、旅游、电梯、物价"],
    "城乡建设": ["城乡建设：房屋、小区、物业、拆迁、违章建筑、规划、市政道路、供水、公积金、施工"],
    "教育文体": ["教育文体：学校、老师、学生、补课、收费、招生、入学、幼儿园、考试、体育文化"],
    "环境保护": ["环境保护：污染、噪音、废气、废水、垃圾、臭味、油烟、排污"],
}
SETS = ("tweets", "tweets_known", "hotline")
# no causes, but other languages, lengths and numbers of labels
OTHER_SETS = ("remarks", "subjects", "reviews")
_MIN_OF_A_SUBJECT = 20


def load_task(name: str, folder: Path, /) -> TextTask:
    """Read one set from the folder of public data.

    Parameters
    ----------
    name : {"tweets", "tweets_known", "hotline", "remarks", "subjects", "reviews"}
    """
    if name in OTHER_SETS:
        return _reviews(folder) if name == "reviews" else _remarks(folder, name)
    if name == "hotline":
        rows = pd.read_csv(folder / "zh_hotline" / "messages.csv", dtype=str)
        # the title is the message's first line, as in a mail
        texts = _texts(
            rows["留言编号"],
            rows["留言主题"].fillna("") + "。" + rows["留言详情"].fillna(""),
            rows["一级标签"],
            np.ones(len(rows)),
            pd.to_datetime(rows["留言时间"], format="mixed"),
        )
        goals = {"macro_f1": 0.88, "ece": 0.05, "accuracy_at_70": 0.90}
        return TextTask(name, "Chinese hotline, 7 departments", texts, goals, _DEPARTMENTS)
    rows = pd.read_csv(folder / "airline_tweets" / "tweets.csv", dtype={"tweet_id": "str"})
    known = rows["negativereason"].notna()
    if name == "tweets_known":
        known &= rows["negativereason"] != "Can't Tell"
    rows = rows[known].reset_index(drop=True)
    texts = _texts(
        rows["tweet_id"],
        rows["text"],
        rows["negativereason"],
        rows["negativereason_confidence"].fillna(1.0).to_numpy(dtype=np.float64),
        pd.to_datetime(rows["tweet_created"], format="mixed"),
    )
    if name == "tweets":
        goals = {"macro_f1": 0.61, "ece": 0.03, "accuracy_at_70": 0.80}
        return TextTask(name, "Airline tweets, 10 reasons", texts, goals, _REASONS)
    words = {label: words_of for label, words_of in _REASONS.items() if label != "Can't Tell"}
    goals = {"macro_f1": 0.65, "ece": 0.03, "accuracy_at_70": 0.80}
    return TextTask(name, 'Airline tweets without "Can\'t Tell"', texts, goals, words)


def _remarks(folder: Path, name: str, /) -> TextTask:
    rows = pd.read_csv(folder / "csat" / "customer_support.csv", dtype=str, low_memory=False)
    columns = {name.casefold().strip(): name for name in rows.columns}
    remark, score = rows[columns["customer remarks"]], pd.to_numeric(rows[columns["csat score"]])
    there = remark.notna() & score.notna()
    if name == "remarks":
        label = pd.Series(np.where(score[there] <= 2, "low", "high"))
        return TextTask(
            name, "CSAT remarks: low or not (sentiment)", _undated(remark[there], label), {"macro_f1": 0.79}
        )
    subject = rows[columns["sub-category"]]
    there &= subject.map(subject[there].value_counts()) >= _MIN_OF_A_SUBJECT
    return TextTask(name, "CSAT remarks: what the case was about", _undated(remark[there], subject[there]), {})


def _reviews(folder: Path, /) -> TextTask:
    rows = pd.read_csv(folder / "olist" / "olist_order_reviews_dataset.csv", dtype=str)
    rows = rows[rows["review_comment_message"].notna()]
    texts = _undated(rows["review_comment_message"], rows["review_score"])
    return TextTask("reviews", "Order reviews in Portuguese: stars", texts, {})


def _undated(raw: pd.Series, labels: pd.Series, /) -> TextSet:
    number = pd.Series(np.arange(len(raw)).astype(str))
    return _texts(number, raw, labels, np.ones(len(raw)), pd.Series(pd.NaT, range(len(raw))))


def _texts(ids: pd.Series, raw: pd.Series, labels: pd.Series, weights: np.ndarray, at: pd.Series, /) -> TextSet:
    ready = prepare(raw.tolist())
    frame = pd.DataFrame(
        {
            "text_id": ids.astype("str").to_numpy(),
            "text": ready["text"],
            "language": ready["language"],
            "mixed": ready["mixed"],
            "label": labels.to_numpy(dtype=object),
            "weight": weights,
            "at": pd.to_datetime(at).to_numpy(),
            "group": groups_of(ready["text"].tolist()),
        }
    )
    frame["label"] = frame["label"].astype(object)
    return TextSet(frame[~ready["empty"]].reset_index(drop=True))
