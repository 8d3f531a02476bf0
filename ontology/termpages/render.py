"""Pages as HTML, readable without JavaScript; the index has a filter where there is some."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files

import yaml
from jinja2 import DictLoader, Environment

from qualweave.impact import Use
from qualweave.iri import Q
from qualweave.negotiation import Language
from qualweave.ontology.termpages.build import Book

_TEMPLATES = ("base.html", "index.html", "term.html")
_LANGUAGES: tuple[Language, ...] = ("en", "zh")


def render_term(
    book: Book,
    name: str,
    language: Language,
    *,
    uses: Iterable[Use] = (),
    static: bool = False,
) -> str:
    """Return the page of a term.

    Args:
        book: The pages of a release.
        name: Local name of the term.
        language: Of the page.
        uses: What uses the term.
        static: Links end in ``.html`` and name the language's folder, as files need it.

    Raises:
        NotFound: If the release has no such term.
    """
    return _render("term.html", language, static=static, book=book, page=book.page(name, uses))


def render_index(book: Book, language: Language, *, static: bool = False) -> str:
    """Return the page that lists every term by module."""
    return _render("index.html", language, static=static, book=book, page=None)


def site(book: Book, uses: Iterable[Use] = ()) -> Iterator[tuple[str, str]]:
    """Iterate over the files of a static site: path below its folder, and content.

    Args:
        book: The pages of a release.
        uses: Every use of any term.
    """
    of_term: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        of_term[use.term.removeprefix(Q)].append(use)
    yield (
        "index.html",
        '<!doctype html><meta http-equiv="refresh" content="0; url=en/index.html">\n',
    )
    for language in _LANGUAGES:
        yield f"{language}/index.html", render_index(book, language, static=True)
        for name in book.names:
            page = render_term(book, name, language, uses=of_term[name], static=True)
            yield f"{language}/{file_of(book, name)}.html", page


def file_of(book: Book, name: str) -> str:
    """Return the name of a term's file; ``alarmCode`` and ``AlarmCode`` are one to Windows and macOS."""
    same = [one for one in ("index", *book.names) if one.casefold() == name.casefold()]
    place = same.index(name) if name in same else 0
    return f"{name}-{place + 1}" if place else name


@lru_cache(maxsize=1)
def words() -> Mapping[str, Mapping[str, str]]:
    """Return every heading of the pages, per name and language."""
    text = files("qualweave.ontology.termpages").joinpath("words.yaml").read_text("utf-8")
    found: dict[str, dict[str, str]] = yaml.safe_load(text)
    return found


def _render(template: str, language: Language, *, static: bool, book: Book, **facts: object) -> str:
    other: Language = "en" if language == "zh" else "zh"

    def address(name: str, tongue: Language = language) -> str:
        if static:
            return f"../{tongue}/{file_of(book, name) if name else 'index'}.html"
        return f"/ontology/pages{'/' if name else ''}{name}?lang={tongue}"

    return (
        _environment()
        .get_template(template)
        .render(
            language=language,
            other=other,
            say=lambda name: words()[name][language] if name in words() else name,
            address=address,
            book=book,
            **facts,
        )
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    folder = files("qualweave.ontology.termpages").joinpath("templates")
    texts = {name: folder.joinpath(name).read_text("utf-8") for name in _TEMPLATES}
    return Environment(
        loader=DictLoader(texts), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
