"""Names made comparable: letter case, accents, blanks, and the forms of Chinese characters."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["comparable", "normalised", "spoken"]

# traditional and Japanese forms of the characters that headings are written with, and below them the simplified ones
_OTHER_FORMS = (
    "編號碼戶單開時間關閉結創處問題類別級優緊嚴總數據員職離務組織門團隊負責經辦終應響覆復複評價滿訪調話電"
    "轉錄長費額買賣購訂貨產項標準權週區啟報備註詳細內訊資來進線檢質績當實際達歷紀記續約簽網銷冊會業營變審"
    "發請傳還歸檔屬為與於歲訓練學習導輔動專顧觀測預計劃規險證護帳賬聯繫聽讀選擇確認識誤議訴談語說課貢獻貴"
    "賓輸運過遲適遞郵鍵鐘階隨雙雲順須頁頻領頭顯駐驗體點齡層幣庫廠廣彙後徑從態擔擊換掛採損撥機櫃決淨減潛熱"
    "狀獎現環異療監盤禮種稱積節範簡紅統綜維縣罰義舊藥蓋補裝製見視親觸託設許該財貸賠賞贈趨跡轄違遠銀錢難靜"
    "願書條構賃稅餘滯張並則廳勞擴寶貝飛麼齊聲對応対経価売単発変総処転検満実従労済権図団続観関値帰拠挙営効"
    "伝読県駅険弁戸銭継"
)
_SIMPLIFIED = str.maketrans(
    _OTHER_FORMS,
    "编号码户单开时间关闭结创处问题类别级优紧严总数据员职离务组织门团队负责经办终应响复复复评价满访调话电"
    "转录长费额买卖购订货产项标准权周区启报备注详细内讯资来进线检质绩当实际达历纪记续约签网销册会业营变审"
    "发请传还归档属为与于岁训练学习导辅动专顾观测预计划规险证护账账联系听读选择确认识误议诉谈语说课贡献贵"
    "宾输运过迟适递邮键钟阶随双云顺须页频领头显驻验体点龄层币库厂广汇后径从态担击换挂采损拨机柜决净减潜热"
    "状奖现环异疗监盘礼种称积节范简红统综维县罚义旧药盖补装制见视亲触托设许该财贷赔赏赠趋迹辖违远银钱难静"
    "愿书条构赁税余滞张并则厅劳扩宝贝飞么齐声对应对经价卖单发变总处转检满实从劳济权图团续观关值归据举营效"
    "传读县驿险辩户钱继",
)
# letters that are another letter with a stroke or without its dot, and keyboards that lack them write so
_STROKES = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"})
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_VOICING = "\u3099\u309a"  # marks that make another sound of a Japanese letter, and no accents


def normalised(name: str, /) -> str:
    """Return a name in small letters without accents, words set apart by one blank.

    Examples
    --------
    >>> normalised("CreatedAt"), normalised("Ticket_ID"), normalised("Créé le"), normalised("工单 编号")
    ('created at', 'ticket id', 'cree le', '工单编号')
    """
    name = re.sub("[\u00ba\u00aa\u00b0]", "", name)  # the raised o of N.º
    text = _HUMPS.sub(" ", name.replace("\u00df", "ss"))
    text = unicodedata.normalize("NFKC", text).casefold()
    kept = (one for one in unicodedata.normalize("NFD", text) if one in _VOICING or not unicodedata.combining(one))
    text = unicodedata.normalize("NFC", "".join(kept)).translate(_STROKES)
    text = re.sub(r"[^\w%]+|_", " ", text).strip()
    return re.sub(r"(?<=[\u4e00-\u9fff]) +| +(?=[\u4e00-\u9fff])", "", re.sub(r" +", " ", text))


def spoken(name: str, /) -> str:
    """Return a name as somebody would write it in a text: in small letters and words, its accents kept.

    Examples
    --------
    >>> spoken("firstResponse_at"), spoken("Clôturé  le")
    ('first response at', 'clôturé le')
    """
    text = _HUMPS.sub(" ", unicodedata.normalize("NFKC", name)).replace("_", " ")
    return " ".join(text.lower().split())


def comparable(name: str, /) -> str:
    """Return a normalised name with simplified characters for traditional and Japanese ones.

    Examples
    --------
    >>> comparable("客戶編號"), comparable("問い合わせ番号"), comparable("優先度")
    ('客户编号', '问い合わせ番号', '优先度')
    """
    return normalised(name).translate(_SIMPLIFIED)
