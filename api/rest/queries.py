"""The analyst's queries: four templates for every class, listed, read and run."""

from fastapi import APIRouter, Request, Response

from qualweave.api.enquiry import Found, run_template
from qualweave.api.replies import json_reply
from qualweave.api.security.asking import ServiceOf, Who
from qualweave.api.tables import MEDIA, Format, media_of
from qualweave.errors import InputError, JsonValue
from qualweave.ontology.queries.lookup import find_term
from qualweave.ontology.queries.values import KINDS, Template, TemplateKind
from qualweave.ontology.terms import Term, TermIndex, normalise


def add_routes(router: APIRouter) -> None:
    """Add the routes of the query templates."""

    @router.get("/queries")
    def classes(service: ServiceOf, who: Who, q: str = "", module: str = "") -> Response:  # noqa: ARG001 - asked for whom
        """List the classes that have templates, all or those whose names hold some words."""
        found = [
            one
            for one in service.templates.classes()
            if (not module or one.module == module) and _holds(one, q)
        ]
        return json_reply(
            {
                "count": len(found),
                "kinds": list(KINDS),
                "classes": [_summary(one, service.terms) for one in found],
            }
        )

    @router.get("/queries/{name}")
    def templates(name: str, service: ServiceOf, who: Who) -> Response:  # noqa: ARG001
        """Return the four templates of a class, found by any of its names."""
        term = find_term(service.terms, name)
        book = service.templates
        return json_reply(
            {
                **_summary(term, service.terms),
                "templates": [
                    {**one.to_json(), "href": f"/queries/{one.name}"} for one in book.of(term)
                ],
            }
        )

    @router.get("/queries/{name}/{kind}")
    def run(
        name: str,
        kind: TemplateKind,
        request: Request,
        service: ServiceOf,
        who: Who,
        format: Format | None = None,  # noqa: A002 - the name of the parameter
    ) -> Response:
        """Run a template with the parameters of the request and return its rows."""
        template = service.templates.template(find_term(service.terms, name), kind)
        found = run_template(service, template, given_values(request), principal=who)
        wanted = format or media_of(request.headers.get("accept", ""))
        return table_reply(found, wanted, about=_about(template), name=template.name)


def table_reply(found: Found, form: Format, *, about: dict[str, JsonValue], name: str) -> Response:
    """Return an answer in the format that was asked for; JSON tells also what was asked."""
    headers = {"Qualweave-Commit": found.commit}
    if form == "json":
        reply = json_reply({**about, **found.to_json()})
        reply.headers.update(headers)
        return reply
    if form == "parquet":
        file = name.replace("/", "-")
        headers["Content-Disposition"] = f'attachment; filename="{file}.parquet"'
    return Response(found.table.write(form), media_type=MEDIA[form], headers=headers)


def given_values(request: Request, *, besides: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the parameters of a query in a request.

    Raises:
        InputError: If one is given twice.
    """
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found:
            raise InputError(
                f"The parameter {name!r} is given twice.",
                message_zh=f"参数“{name}”重复。",
                next_step="Give it once.",
                next_step_zh="请只给出一次。",
                data={"parameter": name},
            )
        if name not in {"format", *besides}:
            found[name] = value
    return found


def _about(template: Template) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {
        "template": template.name,
        "class": template.class_iri,
        "label": dict(template.label),
    }
    if template.call:
        told |= {"call": template.call, "note": dict(template.note)}
    return told


def _summary(term: Term, terms: TermIndex) -> dict[str, JsonValue]:
    return {
        "class": term.iri,
        "name": term.local_name,
        "label": {lang: terms.name_of(term.iri, lang) for lang in ("en", "zh")},
        "definition": dict(term.definitions),
        "module": term.module,
        "href": f"/queries/{term.local_name}",
    }


def _holds(term: Term, words: str) -> bool:
    names = " ".join(normalise(one) for one in (term.local_name, *term.words()))
    return all(word in names for word in normalise(words).split())
