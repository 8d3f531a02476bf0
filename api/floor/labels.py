"""QR labels as SVG: the square, and beneath it what a person can type when the camera fails."""

from html import escape
from urllib.parse import quote

import segno

from qualweave.iri import GS1_ID, local_name

_SIDE, _TEXT, _LINES = 240, 13, 2  # SVG units; longest text lines
_LONGEST = 30  # characters of a line


def address_of(item: str, root: str) -> str:
    """Return what a label of an item says: the Digital Link of a GS1 identity, else its scan page.

    >>> address_of("https://id.gs1.org/01/04012345111118/21/98", "https://q.example/")
    'https://q.example/01/04012345111118/21/98'
    >>> address_of("https://id.gs1.org/00/140123451111111117", "https://q.example/")
    'https://q.example/scan/https%3A%2F%2Fid.gs1.org%2F00%2F140123451111111117'
    """
    base = root.rstrip("/") + "/"
    if item.startswith(f"{GS1_ID}01/"):
        return base + item.removeprefix(GS1_ID)
    # Other keys (a logistic unit's SSCC, an asset) have no page at their own path: their scan page is asked by IRI.
    name = item if item.startswith(GS1_ID) else local_name(item)
    return f"{base}scan/{quote(name, safe='')}"


def label_svg(address: str, text: str) -> str:
    """Return a label: error correction M, quiet zone of 4 modules as ISO/IEC 18004 asks.

    Args:
        address: What the symbol holds.
        text: What stands beneath it, broken into lines where it is long.
    """
    code = segno.make(address, error="m", micro=False)
    modules = code.symbol_size(border=4)[0]
    path = code.svg_inline(scale=_SIDE / modules, border=4, omitsize=True, title=address)
    lines = [text[at : at + _LONGEST] for at in range(0, len(text), _LONGEST)][:_LINES]
    height = _SIDE + len(lines) * (_TEXT + 5) + 6
    rows = "".join(
        f'<text x="{_SIDE / 2}" y="{_SIDE + (n + 1) * (_TEXT + 4) - 4}" font-size="{_TEXT}" '
        f'font-family="ui-monospace,monospace" text-anchor="middle">{escape(line)}</text>'
        for n, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_SIDE}" height="{height}" '
        f'viewBox="0 0 {_SIDE} {height}"><rect width="100%" height="100%" fill="#fff"/>'
        f'<svg width="{_SIDE}" height="{_SIDE}" viewBox="0 0 {_SIDE} {_SIDE}">{_inner(path)}</svg>{rows}</svg>'
    )


def _inner(svg: str) -> str:
    """Return what stands inside an svg element."""
    return svg[svg.index(">") + 1 : svg.rindex("</svg>")]
