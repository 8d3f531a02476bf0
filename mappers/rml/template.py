"""String templates of RML: texts and references in braces, with backslash escapes."""

from qualweave.mappers.rml.model import Reference, Template


class BadTemplate(ValueError):
    """What breaks the rules of string templates, in English and Chinese."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english)
        self.english = english
        self.chinese = chinese


def parse_template(text: str) -> Template:
    """Return the parts of a string template.

    Args:
        text: The template as the document has it, after Turtle's own escapes.

    Raises:
        BadTemplate: If a brace is not closed, not opened, inside another, or a backslash escapes nothing.

    >>> parse_template("http://example.com/{$.ID}").parts
    ('http://example.com/', Reference(path='$.ID'))
    """
    parts: list[str | Reference] = []
    run: list[str] = []
    inside = False
    at = 0
    while at < len(text):
        one = text[at]
        if one == "\\":
            run.append(_escaped(text, at))
            at += 2
            continue
        if one in "{}":
            if inside == (one == "{"):
                raise _unpaired(one)
            _close(parts, run, is_reference=inside)
            inside = not inside
        else:
            run.append(one)
        at += 1
    if inside:
        raise _unpaired("{")
    _close(parts, run, is_reference=False)
    return Template(text, tuple(parts))


def written(parts: tuple[str | Reference, ...]) -> str:
    r"""Return the template text of parts, with braces and backslashes escaped.

    >>> written(("a{b}", Reference("$.c")))
    'a\\{b\\}{$.c}'
    """
    return "".join(
        f"{{{_protected(one.path)}}}" if isinstance(one, Reference) else _protected(one)
        for one in parts
    )


def _protected(text: str) -> str:
    return text.replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}")


def _escaped(text: str, at: int) -> str:
    following = text[at + 1 : at + 2]
    if following not in ("{", "}", "\\"):
        raise BadTemplate(
            "a backslash in a template may only escape '{', '}' or '\\'",
            "模板中的反斜杠只能转义 '{'、'}' 或 '\\'",
        )
    return following


def _close(parts: list[str | Reference], run: list[str], *, is_reference: bool) -> None:
    text = "".join(run)
    run.clear()
    if is_reference:
        if not text:
            raise BadTemplate("a pair of braces holds no reference", "模板中的一对花括号内没有引用")
        parts.append(Reference(text))
    elif text:
        parts.append(text)


def _unpaired(brace: str) -> BadTemplate:
    return BadTemplate(
        f"a {brace!r} of the template has no partner",
        f"模板中的 {brace!r} 没有配对",
    )
