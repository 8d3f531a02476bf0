"""Which form and language a reader wants, from Accept, Accept-Language and what the address says (RFC 9110)."""

from typing import Literal, TypeAlias

Form: TypeAlias = Literal["html", "json", "jsonld"]
Language: TypeAlias = Literal["en", "zh"]
MEDIA: dict[str, Form] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/ld+json": "jsonld",
    "application/json": "json",
}


def form_of(accept: str, chosen: str = "") -> Form:
    """Return the form of an answer; a page where nothing decides, since a scanner opens a browser.

    Args:
        accept: The Accept header.
        chosen: ``html``, ``json`` or ``jsonld`` from the address, which wins.

    >>> (
    ...     form_of("application/ld+json;q=0.9, text/html;q=0.1"),
    ...     form_of("*/*"),
    ...     form_of("*/*", "json"),
    ... )
    ('jsonld', 'html', 'json')
    """
    if chosen in MEDIA.values():
        return chosen  # type: ignore[return-value]  # checked the line above
    for name in _preferred(accept):
        if name in MEDIA:
            return MEDIA[name]
    return "html"


def language_of(accept_language: str, chosen: str = "") -> Language:
    """Return the language of an answer.

    >>> language_of("de, zh-CN;q=0.8, en;q=0.5"), language_of("zh", "en"), language_of("")
    ('zh', 'en', 'en')
    """
    for name in [chosen.lower(), *_preferred(accept_language)]:
        head = name.split("-")[0]
        if head == "zh":
            return "zh"
        if head == "en":
            return "en"
    return "en"


def _preferred(header: str) -> list[str]:
    """Return what a header names, the most wanted first; what has quality 0 is left out."""
    found: list[tuple[float, int, str]] = []
    for place, part in enumerate(header.split(",")):
        name, *options = (one.strip() for one in part.split(";"))
        quality = 1.0
        for option in options:
            key, _, value = option.partition("=")
            if key.strip().lower() == "q":
                quality = _number(value)
        if name and quality > 0:
            found.append((-quality, place, name.lower()))
    return [name for _, _, name in sorted(found)]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
