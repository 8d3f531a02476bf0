"""Content negotiation by RFC 9110, section 12.5."""

import pytest

from qualweave.negotiation import best_media_type, language_of

OFFERED = ("application/sparql-results+json", "application/sparql-results+xml", "text/csv")
JSON, XML, CSV = OFFERED


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("text/csv", CSV),
        ("TEXT/CSV ; Q=0.3", CSV),
        ("text/html", None),
        ("text/html, */*;q=0.1", JSON),
        ("application/*", JSON),
        ("application/*;q=0.5, text/csv;q=0.6", CSV),
        (f"{JSON};q=0, */*", XML),
        (f"{XML}, {JSON};q=0.9", XML),
        ("text/csv;q=high", None),
        ("application/json", JSON),
        (f"application/json;q=0.2, {XML};q=0.1", JSON),
        (",;,", None),
        (f"text/csv, {JSON}", CSV),
    ],
)
def test_the_best_offer_is_chosen(accept: str, expected: str | None) -> None:
    assert best_media_type(accept, OFFERED, aliases={"application/json": JSON}) == expected


@pytest.mark.parametrize(
    ("header", "chosen", "language"),
    [
        ("", "", "en"),
        ("de", "", "en"),
        ("fr, zh-TW;q=0.3", "", "zh"),
        ("zh", "en", "en"),
        ("en", "zh-CN", "zh"),
        ("en;q=0.2, zh;q=0.9", "xx", "zh"),
    ],
)
def test_the_most_wanted_known_language_is_spoken(header: str, chosen: str, language: str) -> None:
    assert language_of(header, chosen) == language
