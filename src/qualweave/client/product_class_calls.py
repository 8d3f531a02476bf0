"""The calls of product classes: one request each, and how its reply is read."""

from collections.abc import Sequence
from typing import Literal

from qualweave.client.calls import Call, JsonObject, listed, read_json, segment


def product_classes() -> Call[list[JsonObject]]:
    """The table of product classes."""
    return Call("GET", "/product-classes", listed("classes"))


def product_class(name: str) -> Call[JsonObject]:
    """Whether a class of products is traced by item."""
    return Call("GET", f"/product-classes/{segment(name)}", read_json)


def fill_product_class(
    slot: str, *, names: tuple[str, str], level: Literal["item", "lot"], classes: Sequence[str]
) -> Call[JsonObject]:
    """A class of products in a free place."""
    body = {"name": names[0], "name_zh": names[1], "level": level, "classes": list(classes)}
    return Call("POST", f"/product-classes/{segment(slot)}/fill", read_json, json=body)


def adopt_product_class(name: str, classes: Sequence[str]) -> Call[JsonObject]:
    """The policy of a class of products, put into force."""
    path = f"/product-classes/{segment(name)}/adopt"
    return Call("POST", path, read_json, json={"classes": list(classes)})
