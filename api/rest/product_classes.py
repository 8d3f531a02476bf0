"""Which classes of products are traced item by item: the table, a look-up, free places, and putting one into force."""

from fastapi import APIRouter, Response
from pydantic import Field

from qualweave.api.product_classes import ProductClasses
from qualweave.api.replies import json_reply
from qualweave.api.rest.sent import SentBody
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.ontology.product_classes import TraceLevel


class Filling(SentBody):
    """A class of products for a free place."""

    name: str = Field(description="In English.", min_length=1, max_length=200)
    name_zh: str = Field(description="In Chinese.", min_length=1, max_length=200)
    level: TraceLevel = Field(description="Whether every item or every lot is traced.")
    classes: list[str] = Field(default_factory=list, description="Classes of items that it covers.")


class Adoption(SentBody):
    """Further classes of items to which the policy applies here."""

    classes: list[str] = Field(default_factory=list, description="IRIs, local names or labels.")


def add_routes(router: APIRouter) -> None:
    """Add the routes of product classes."""

    @router.get("/product-classes")
    def table(service: ServiceOf, who: Who) -> Response:
        """Return the twelve places of the table, those that are free last."""
        found = ProductClasses(service, who).table()
        return json_reply({"classes": [one.to_json() for one in found]})

    @router.get("/product-classes/{name}")
    def named(name: str, service: ServiceOf, who: Who) -> Response:
        """Return whether a class of products is traced by item; an unknown one is refused with the nearest."""
        return json_reply(ProductClasses(service, who).named(name).to_json())

    @router.post("/product-classes/{slot}/fill")
    def fill(slot: str, given: Filling, service: ServiceOf, who: Who) -> Response:
        """Put a class of products into a free place of the table."""
        names = given.name, given.name_zh
        made = ProductClasses(service, who).fill(
            slot, names=names, level=given.level, classes=given.classes
        )
        return json_reply(made.to_json())

    @router.post("/product-classes/{name}/adopt")
    def adopt(name: str, given: Adoption, service: ServiceOf, who: Who) -> Response:
        """Put the policy of a class into force: its items are traced heavily (item) or lightly (lot)."""
        found, policies = ProductClasses(service, who).adopt(name, given.classes)
        return json_reply({**found.to_json(), "policies": [one.to_json() for one in policies]})
