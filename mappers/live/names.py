"""What a live source may be called: a name is a folder, a part of an address and of the id of a mapping."""

import re

from qualweave.errors import InputError

_NAME = re.compile(r"[^\W_][\w-]{0,39}")


def checked_name(name: str) -> str:
    """Return a name as it is.

    Raises:
        InputError: If it is none.

    Example:
        >>> checked_name("press-7"), checked_name("一号线")
        ('press-7', '一号线')
    """
    if _NAME.fullmatch(name):
        return name
    raise InputError(
        f"{name!r} is no name of a live source.",
        message_zh=f"{name!r} 不能用作实时数据源的名称。",
        next_step="Begin with a letter or digit; use letters, digits, '-' and '_', at most 40.",
        next_step_zh="请以字母、汉字或数字开头，仅使用字母、汉字、数字、“-”和“_”，最多 40 个字符。",
        data={"name": name},
    )
