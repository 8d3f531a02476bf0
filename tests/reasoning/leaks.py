"""What of a restricted passport shows up in a public one: by field, and by value wherever it stands."""

from collections.abc import Iterator

from qualweave.errors import JsonValue
from qualweave.reasoning.passport import fields
from qualweave.reasoning.passport.document import unlisted


def leaves(value: JsonValue, field: str = "") -> Iterator[tuple[str, str]]:
    """Yield field and text of every leaf; the context and labels of terms are no data of the product."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("@context", "label"):
                yield from leaves(
                    inner, name if name in fields() and name != "id" else field or name
                )
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, field)
    else:
        yield field, str(value)


def leaks(public: JsonValue, restricted: JsonValue) -> list[str]:
    """Return every restricted field, and every restricted value, that a public document holds."""
    found = [field for field, _ in leaves(public) if fields()[field].tier != "public"]
    found += sorted(unlisted(public))
    open_texts = {text for field, text in leaves(restricted) if fields()[field].tier == "public"}
    secret = {text for field, text in leaves(restricted) if fields()[field].tier == "restricted"}
    secret |= {text.rsplit("/", 1)[-1] for text in secret}
    open_texts |= {text.rsplit("/", 1)[-1] for text in open_texts}
    texts = [_without(text, *_printed(public)) for _, text in leaves(public)]
    found += [
        one for one in secret - open_texts if len(one) > 3 and any(one in text for text in texts)
    ]
    return found


def _printed(public: JsonValue) -> list[str]:
    """Return the product's own identity, the longest first: it is printed on it, whatever it is made up of."""
    named = [
        text
        for field, text in leaves(public)
        if field in ("passportOf", "serialNumber", "batchNumber")
    ]
    return sorted(named, key=len, reverse=True)


def _without(text: str, *parts: str) -> str:
    for part in parts:
        text = text.replace(part, "")
    return text
