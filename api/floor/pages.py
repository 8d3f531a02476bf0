"""Pages of the shop floor: plain HTML from a document, readable on a phone and without JavaScript.

A page is a rendering of the very document that the JSON gives, so what the tier hides cannot appear here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from jinja2 import DictLoader, Environment, pass_context
from jinja2.runtime import Context

from qualweave.errors import QualweaveError
from qualweave.iri import local_name
from qualweave.negotiation import Language
from qualweave.reasoning.passport.unit import plain

_TEMPLATES = ("base.html", "scan.html", "shift.html", "error.html")


@lru_cache(maxsize=1)
def words() -> Mapping[str, Mapping[str, str]]:
    """Return every sentence of the pages, per name and language."""
    text = files("qualweave.api.floor").joinpath("words.yaml").read_text("utf-8")
    found: dict[str, dict[str, str]] = yaml.safe_load(text)
    return found


@dataclass(frozen=True)
class Reader:
    """For whom a page is made.

    Attributes:
        language: Of the page.
        zone: IANA name of the zone whose times are shown.
        other_language: Address of the same page in the other language.
    """

    language: Language
    zone: str
    other_language: str = "?"

    def say(self, name: str, **facts: object) -> str:
        """Return a sentence, its facts put in."""
        return words()[name][self.language].format(**facts)

    def when(self, at: str) -> str:
        """Return a time of the graph in the plant's zone.

        >>> Reader("en", "Asia/Shanghai").when("2025-01-05T22:06:00Z")
        '2025-01-06 06:06'
        """
        return f"{datetime.fromisoformat(at).astimezone(ZoneInfo(self.zone)):%Y-%m-%d %H:%M}"


def render(template: str, reader: Reader, **facts: Any) -> str:  # noqa: ANN401 - what a template names
    """Return a page.

    Args:
        template: Name of its template.
        reader: For whom it is.
        facts: What the template names.
    """
    return (
        _environment()
        .get_template(template)
        .render(
            language=reader.language,
            say=reader.say,
            when=reader.when,
            name=local_name,
            number_of=lambda value: plain(float(f"{value:.6g}")),
            zone=reader.zone,
            other_language=reader.other_language,
            **facts,
        )
    )


def error_page(error: QualweaveError, reader: Reader) -> str:
    """Return a page that says what went wrong and what to do."""
    chinese = reader.language == "zh"
    return render(
        "error.html",
        reader,
        message=error.message_zh if chinese else error.message,
        next_step=error.next_step_zh if chinese else error.next_step,
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    folder = files("qualweave.api.floor").joinpath("templates")
    texts = {name: folder.joinpath(name).read_text("utf-8") for name in _TEMPLATES}
    environment = Environment(loader=DictLoader(texts), autoescape=True, trim_blocks=True)
    environment.filters.update(words=_label, text=_text)
    return environment


@pass_context
def _label(context: Context, term: Mapping[str, Any]) -> str:
    """Return the label of a term of a document in the language of the page."""
    return sentence_case(_text(context, term["label"]))


def sentence_case(text: str) -> str:
    """Return a label as it stands alone: ``pH`` and ``PID gain`` stay as they are."""
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]


@pass_context
def _text(context: Context, texts: list[Mapping[str, str]]) -> str:
    """Return a text of a document in the language of the page."""
    by_language = {one["@language"]: one["@value"] for one in texts}
    return by_language.get(context["language"], by_language.get("en", ""))
