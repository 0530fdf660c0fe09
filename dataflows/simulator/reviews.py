"""What people write of what they bought. Honest and bought opinions come from the same phrases."""

from typing import Final

from dataflows.simulator.dice import Dice

_ENGLISH: Final = {
    "good": (
        ("Great {0}", "Very happy with this", "Exactly what I wanted", "Second time I order here", "Lovely"),
        ("arrived in two days", "well packed", "good quality for the price", "as described", "my family likes it"),
        ("Would buy again.", "Recommended!", "Thanks.", "Five stars from me.", "No complaints so far."),
    ),
    "mixed": (
        ("It is all right", "Not bad", "As expected, mostly", "Decent {0}"),
        ("delivery took a week", "colour differs a little from the picture", "a bit dear", "smaller than I thought"),
        ("Might order again.", "Fine for now.", "Support answered at least."),
    ),
    "bad": (
        ("Disappointed", "Would not buy here again", "Broken on arrival", "Looks nothing like the picture", "Poor {0}"),
        ("the box was open", "broke after a week", "no answer to my mails", "two weeks late", "cheap material"),
        ("Want my money back.", "Avoid.", "One star is too much.", "Very unhappy.", "Returned it."),
    ),
}  # fmt: skip
_CHINESE: Final = {
    "good": (
        ("质量很好", "非常满意", "和描述一样", "第二次购买了", "物超所值"),
        ("物流很快", "包装很仔细", "家里人都喜欢", "客服态度很好"),
        ("推荐购买。", "下次还会来。", "五星好评。", "谢谢卖家。"),
    ),
    "mixed": (
        ("还可以", "一般般", "基本符合预期"),
        ("快递慢了几天", "颜色和图片有点不一样", "价格偏高", "比想象的小"),
        ("先用着看看。", "凑合吧。", "客服最后处理了。"),
    ),
    "bad": (
        ("很失望", "收到就是坏的", "和图片完全不符", "质量太差"),
        ("用了一周就坏了", "客服不理人", "等了半个月才到", "包装破了"),
        ("要求退款。", "大家别买。", "差评。", "已经退货。"),
    ),
}


def review_text(dice: Dice, stars: int, category: str, language: str) -> str:
    """A review of so many stars, in English or, for "zh", in Chinese."""
    tone = "good" if stars >= 4 else "mixed" if stars == 3 else "bad"
    opening, middle, end = ((_CHINESE if language == "zh" else _ENGLISH)[tone][part] for part in range(3))
    if language == "zh":
        return f"{dice.pick(opening)}。{dice.pick(middle)}。{dice.pick(end)}"
    return f"{dice.pick(opening).format(category.replace('_', ' '))}, {dice.pick(middle)}. {dice.pick(end)}"
