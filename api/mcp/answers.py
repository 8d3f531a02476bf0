"""What the tools return: typed, small, and saying where something was left out.

The schema of each class is the tool's output schema; a field's description is what the model reads.
"""

from typing import TypeAlias

from pydantic import BaseModel, Field

MOST_ROWS = 50
Plain: TypeAlias = str | int | float | bool | None


class Named(BaseModel):
    """A term or node with its names."""

    iri: str
    curie: str = ""
    en: str = ""
    zh: str = ""


class Capped(BaseModel):
    """What every list says of itself."""

    truncated: bool = Field(default=False, description="Whether rows were left out.")
    total: int | None = Field(None, description="Number of rows there are, where it is known.")
    next_step: str = Field("", description="How to get the rest.")


class CountedClass(Named):
    """A class with the number of its instances."""

    count: int


class Example(BaseModel):
    """A question with the SPARQL that answers it."""

    en: str
    zh: str
    query: str


class TermUse(Named):
    """How the data use a term: see ``way``."""

    way: str = Field(
        description="has: instances carry this predicate; of: this predicate points to instances; on: instances of "
        "this class carry the term as predicate; names: the term itself is this predicate's value."
    )
    count: int
    example: str


class TermDetail(Named):
    """One term in full."""

    kind: str
    definition_en: str
    definition_zh: str
    also: list[str] = Field(description="Every name that it is found by.")
    unit: str = Field(description="UCUM code of the unit in which values stand in the graph.")
    typical_minimum: float | None
    typical_maximum: float | None
    broader: list[Named]
    narrower: list[Named]
    uses: list[TermUse]


class SchemaAnswer(Capped):
    """The vocabulary in use, or one term of it."""

    prefixes: dict[str, str] = Field(description="Known without a PREFIX line.")
    patterns: list[str] = Field(description="How records are joined in the graph.")
    classes: list[CountedClass]
    examples: list[Example]
    term: TermDetail | None = None


class FoundTerm(Named):
    """A term that a search found."""

    kind: str
    definition_en: str
    definition_zh: str
    unit: str
    score: float
    matched: str


class TermsAnswer(Capped):
    """Terms by words, the best first."""

    terms: list[FoundTerm]


class CodeMeaning(BaseModel):
    """What a code means in one scope."""

    machine: str
    machine_name: str
    programme: str
    valid_from: str
    valid_to: str = Field(description="Empty where it holds until a newer entry.")
    label: str = Field(description="What the vendor's list says.")
    meaning: Named | None = Field(description="None while nobody has decided.")


class CodeAnswer(Capped):
    """The meanings of a code."""

    code: str
    ambiguous: bool = Field(description="Whether it means different things in different scopes.")
    meanings: list[CodeMeaning]


class SparqlAnswer(Capped):
    """Rows of a query."""

    columns: list[str]
    rows: list[dict[str, Plain]]


class QuestionAnswer(SparqlAnswer):
    """A competency question as it was understood, and its rows."""

    question: str = Field(description="Id of the question in the catalogue.")
    question_en: str
    question_zh: str
    parameters: dict[str, str] = Field(
        description="Value of each parameter, and whether it was given, taken from the words, or is the example's."
    )
    unused: list[str] = Field(description="Words of the sentence that had no part in the answer.")
    sparql: str = Field(description="What was run; edit it and use the tool sparql.")


class TracedItem(BaseModel):
    """An item of a trace."""

    item: str
    name: str
    depth: int
    classes: list[str]
    organization: str
    gap: str = Field(description="Why its own trace breaks off, where it does.")


class TracedEdge(BaseModel):
    """One recorded step: the item at place ``child`` of the list was made from that at place ``parent``."""

    child: int
    parent: int


class TraceAnswer(Capped):
    """What an item was made from, or what was made from it."""

    item: str
    direction: str
    items: list[TracedItem] = Field(description="The item itself first, then by distance.")
    edges: list[TracedEdge] = Field(description="Steps among the items shown, at most fifty.")
    by_class: dict[str, int] = Field(description="Number of all reached items per class (forward).")
    customers: list[str] = Field(description="Organisations that have them (forward).")
    open_deliveries: list[str] = Field(
        description="Deliveries that can still be stopped (forward)."
    )
    open_ends: int = Field(
        0,
        description="Items that end without a delivery (forward): in stock, or their record is missing.",
    )
    gaps: list[str] = Field(description="Where and why the records break off.")


class Cause(BaseModel):
    """A possible common cause of an item's trouble."""

    kind: str
    iri: str
    name: str
    detail: str
    score: float
    bad_exposed: int
    bad: int
    good_exposed: int
    good: int
    path: list[str] = Field(description="From the bad item to the cause.")
    why_en: list[str]
    why_zh: list[str]


class CausalLink(BaseModel):
    """What is said to bring a defect about, and by whom."""

    cause: Named
    members: list[Named] = Field(description="Parameters of a combination.")
    effect: Named
    mechanism: Named | None
    direction: str
    status: dict[str, int] = Field(
        description="Number of statements that are confirmed, labelled by an engineer, predicted by a model, "
        "hypothesised by general knowledge, or refuted."
    )
    strength: float | None
    lines: list[str]
    people: list[str]


class Origin(BaseModel):
    """File, row and columns that a statement came from."""

    file_name: str
    row: int | None
    columns: list[str]
    when: str


class OwnValue(Named):
    """A value at which an item was made, beside what is usual on its line."""

    value: float
    unit: str
    usual: float | None
    score: float | None = Field(
        description="Distance from the usual value in robust standard units; beyond 2 is unusual."
    )


class ExplainAnswer(Capped):
    """Why: what was unusual, common causes, what is said of the defect, and where the records come from."""

    about: Named
    trouble: list[Named] = Field(description="What is wrong with the item, by the records.")
    own_values: list[OwnValue] = Field(
        description="Of the item's own operation, the most unusual first."
    )
    causes: list[Cause] = Field(description="Common causes upstream, held against good items.")
    links: list[CausalLink]
    origins: list[Origin]
    notes: list[str]


class Case(BaseModel):
    """A quality case that is like the situation."""

    case: str
    code: str
    line: str
    process: str
    defect: str
    recorded: str
    settings: dict[str, float]
    score: float = Field(description="0 to 1: mean over the aspects that were compared.")
    why_en: list[str]
    why_zh: list[str]


class CasesAnswer(Capped):
    """Similar cases, the most alike first."""

    compared: dict[str, str] = Field(description="What the cases were held against.")
    cases: list[Case]


class Problem(BaseModel):
    """Why a call was refused, and what to do: the structured content of an error."""

    code: str
    message: str
    message_zh: str
    next_step: str
    next_step_zh: str
    nearest: list[Named] = Field(description="Terms, items or codes that may have been meant.")
    data: dict[str, object]
