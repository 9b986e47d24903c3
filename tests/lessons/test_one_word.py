"""In Traditional Chinese one thing has one word: the course's terms, and none of the words that others use for them."""

from __future__ import annotations

import re

import pytest

from tests.lessons.test_languages import catalogue, texts

#: What English calls it → the word that a translation has then. Columns, settings and files are called by their names.
WORDS = {
    "run": (r"(?<!is )(?<!to )(?<!line )\b[Rr]uns?\b", "執行"),
    "learner": (r"\b[Ll]earners?\b", "學習器"),
    "pass": (r"\b[Pp]ass(es)?\b(?!@)", "輪"),
    "verifier": (r"\b[Vv]erifiers?\b", "驗證器"),
    "rollout": (r"\b[Rr]ollouts?\b", "取樣軌跡"),
    "token": (r"\b[Tt]okens?\b", "詞元"),
    "response": (r"\b[Rr]esponses?\b", "回應"),
    "policy": (r"\b[Pp]olic(y|ies)\b", "策略"),
    "critic": (r"\b[Cc]ritics?\b", "評論家"),
    "advantage": (r"\b[Aa]dvantages?\b", "優勢"),
    "group": (r"\b[Gg]roups?\b", "群組"),
    "trace": (r"\b[Tt]races?\b", "紀錄"),
    "clip": (r"\b[Cc]lip(s|ped|ping)?\b(?!\()", "裁剪"),
    "entropy": (r"\b[Ee]ntropy\b", "熵"),
    "KL divergence": ("KL divergence", "KL 散度"),
    "reference model": ("reference model", "參考模型"),
    "advantage estimation": ("advantage estimation", "廣義優勢估計"),
}
#: Beginnings of messages in which the English word is a name: a table's, a column's, a key's.
NAMES = (
    "{where}: tokens must be",
    "This Parquet file ({columns}) is not a run",
    "tokens speaks of",
    "tokens leaves out",
    "tokens has a further",
    "in tokens, clipped must be",
    "The column advantage of",
)
#: Other words for the course's terms, words of mainland usage, and other quotes. A pattern → what it should be.
OTHERS = {
    "(?<!取樣)軌跡": "取樣軌跡 (rollout) or 紀錄 (trace)",
    "(?<!這)(?<!一)批取樣(?!軌跡)": "取樣軌跡",
    "批評家|評論者|評論家模型": "評論家",
    "檢查器|判定器|檢驗器|驗證程式": "驗證器",
    "學習者(?!的)|訓練者": "學習器",
    "令牌|代幣|符記|標記符": "詞元",
    "信用分配|歸功|功勞歸因": "功勞分配",
    "剪裁|截掉": "裁剪；梯度被切斷；回應被截斷",
    "一遍又一遍|回合數": "輪",
    "基線": "基準",
    "採樣": "取樣",
    "優化": "最佳化",
    "獎賞": "獎勵",
    "歸一化": "白化 or 正規化",
    "提示詞": "提示",
    "默認|信息|數據|網絡|質量|軟件|硬件|內存|視頻|用戶|字節|服務器|緩存": "the words of Taiwan",
    "程序(?!員)": "行程 (process) or 程式 (program)",
    "[『』“”]": "「」",
    "愈": "越",
    "⋯|(?<=[一-鿿])…(?!…)|^…(?=[（還])": "……",
    "按播放": "按「播放」, as the button is called",
    "隨機種子": "種子",
    "[三六]項加法": "三個數的加法, 六個數的加法",
    "(?<!無窮)迴圈": "循環 (the course's loop)",
    "無：(用|和|依|問)": "none: what is typed into a setting",
    "(?<=[一-鿿」]) (?=[一-鿿「])": "no space between Chinese characters",
    "可以看的訓練|這個訓練|自己跑|跑完|還沒跑": "執行",
}
#: A response 回應 is what the model writes; an answer 答案 is the result in it, which is compared with the right one.
#: One can answer 回答 a question; what comes of it is a response. What learners choose in a quiz is their own answer.
NOUN_FOR_RESPONSE = {
    "en": r"(?i)\b(their|sampled|greedy|whole|wrong|all|each|every|long|short|fresh|same|eight) "
    r"answers?\b(?! for itself)|\banswers (are|were|get|got|that were)\b|\} answers (to|\{)",
    "zh-TW": r"(個|的|些|正確|錯誤|貪婪|毀掉|其他)回答|回答(的|都|中|裡|本身|開頭|變)(?!是同樣)",
}
OWN_ANSWERS = ("Check yourself", "Your answers", "Predictions, quiz answers", "quiz answers")
PLACES = re.compile(r"\{[^}]*\}|`[^`]*`|[\w./-]+\.json|\w+=\S+|\b\w+_\w+\b|token-(mean|sum)")


@pytest.mark.parametrize("word", WORDS)
def test_a_term_is_translated_by_the_courses_word(word: str) -> None:
    english, chinese = re.compile(WORDS[word][0]), WORDS[word][1]
    wrong, right = {}, 0
    for entry in catalogue("zh-TW"):
        if not entry.id:
            continue
        original = entry.id if isinstance(entry.id, str) else entry.id[-1]
        form = entry.string if isinstance(entry.string, str) else entry.string[0]
        if original.startswith(NAMES) or not english.search(PLACES.sub(" ", original)):
            continue
        right += chinese in form
        if chinese not in form:
            wrong[original] = form
    assert wrong == {}
    assert right, "the word stands nowhere: the pattern is wrong"


@pytest.mark.parametrize("pattern", OTHERS)
def test_no_other_word_stands_for_it(pattern: str) -> None:
    other = re.compile(pattern)
    assert {where: text for where, text in texts("zh-TW") if other.search(text)} == {}, OTHERS[pattern]


def test_what_stays_english_says_so() -> None:
    """The real instruct model is asked in English, on pages in every language."""
    assert any("都是英文，這裡照原樣顯示" in text for _where, text in texts("zh-TW"))


@pytest.mark.parametrize("tag", NOUN_FOR_RESPONSE)
def test_what_a_model_writes_is_a_response_and_what_is_read_from_it_an_answer(tag: str) -> None:
    wrong = re.compile(NOUN_FOR_RESPONSE[tag])
    shown = list(texts(tag))
    assert len(shown) > 1000
    assert {where: text for where, text in shown if wrong.search(text) and not text.startswith(OWN_ANSWERS)} == {}
