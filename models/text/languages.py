"""The phrases that windows are told with. Each but an event's type begins with what sets it off from the one before."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Language:
    """A language's phrases; `{}` stands for what is told."""

    event_types: tuple[str, ...]
    """In the order of EVENT_TYPES."""
    amount: str
    fact: str
    """A category, outcome, or whatever else is said of the same event."""
    country: str
    moment: str
    """Of the scored event: weekday and hour."""
    weekdays: tuple[str, ...]
    """From Monday."""
    quotes: tuple[str, str]
    """Before and after the scored event's own text."""
    feature: str
    """Its name and its level."""
    levels: tuple[str, ...]
    """In the order of `Levels`."""
    earlier: str
    """Begins an earlier event, by the time between it and the scored one."""
    units: tuple[str, str, str, str]
    """Seconds, minutes, hours, days."""
    then: str
    """Between `earlier` and the event's type."""
    country_changed: str
    new: str
    """The scored event's entity, seen for the first time in the window."""
    other: str
    """An earlier event's entity, which isn't the scored one's."""
    entities: tuple[str, ...]
    """In the order of ENTITIES: merchant, device, card, ip."""


ENGLISH: Final = Language(
    event_types=("payment", "refund", "login", "account change", "review", "ad click"),
    amount=" of {}",
    fact=", {}",
    country=", in {}",
    moment=", {} {} h",
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    quotes=(': "', '"'),
    feature="; {} {}",
    levels=("very low", "low", "", "high", "very high", "extreme"),
    earlier="; {} earlier",
    units=("{} s", "{} min", "{} h", "{} d"),
    then=" ",
    country_changed="country changed",
    new="new {}",
    other="other {}",
    entities=("merchant", "device", "card", "address"),
)

CHINESE: Final = Language(
    event_types=("支付", "退款", "登录", "账户变更", "评论", "点击广告"),
    amount="金额{}",
    fact="，{}",
    country="，国家{}",
    moment="，{}{}时",
    weekdays=("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    quotes=("，“", "”"),
    feature="；{}，{}",
    levels=("很低", "低", "", "高", "很高", "极高"),
    earlier="；{}前",
    units=("{}秒", "{}分钟", "{}小时", "{}天"),
    then="，",
    country_changed="国家变更",
    new="新{}",
    other="其他{}",
    entities=("商户", "设备", "银行卡", "地址"),
)

LANGUAGES: Final = {"en": ENGLISH, "zh": CHINESE}
