"""The one record of a device description: its devices, its declared fields, and what is wrong with it.

A reader yields these as it meets them, so that a large file needs no large memory. What a file states of a field's
meaning (an IRDI, a SAMM URN, an MTConnect type) is kept apart as `StatedMeaning`: it is evidence for alignment,
never taken for the meaning itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

from qualweave.mappers.units import unit_like
from qualweave.values import Unit

Kind: TypeAlias = Literal["nodeset", "mtconnect", "aas", "samm", "owl"]
ValueKind: TypeAlias = Literal["decimal", "integer", "boolean", "time", "code", "text", ""]
Scheme: TypeAlias = Literal["irdi", "iri", "samm", "mtconnect", "opcua"]
Texts: TypeAlias = Mapping[str, str]
"""Text by language tag, ``""`` where the source names no language."""


_PREFERRED = ("en", "", "de", "zh")


def no_texts() -> Texts:
    """Return no text in any language."""
    return MappingProxyType({})


def text_of(texts: Texts, *languages: str) -> str:
    """Return the text in the first of the languages that there is, else in English, else in any.

    >>> text_of({"de": "Druck", "en-US": "pressure"})
    'pressure'
    """
    short: dict[str, str] = {}
    for tag, text in texts.items():
        short.setdefault(tag.split("-")[0].casefold(), text)
    for one in (*languages, *_PREFERRED):
        if one in short:
            return short[one]
    return next(iter(texts.values()), "")


@dataclass(frozen=True)
class StatedMeaning:
    """What a file says that a field means, in the words of a dictionary.

    Attributes:
        scheme: Whose identifier it is.
        id: The identifier as written: ``"0173-1#02-AAO677#002"``, ``"POSITION/ACTUAL"``, a URN or IRI.
        names: Name that the dictionary entry gives it, where the file carries the entry.
        definitions: Likewise its definition.
    """

    scheme: Scheme
    id: str
    names: Texts = field(default_factory=no_texts)
    definitions: Texts = field(default_factory=no_texts)


@dataclass(frozen=True)
class DeclaredValue:
    """One value of an enumeration.

    Attributes:
        code: What the device sends.
        names: What it stands for.
        id: Its own semantic identifier, ``""`` where it has none.
    """

    code: str
    names: Texts = field(default_factory=no_texts)
    id: str = ""


@dataclass(frozen=True)
class Device:
    """A device, or an asset that a shell stands for.

    Attributes:
        id: Identifier inside the file.
        name: As written.
        manufacturer: Of the device.
        model: Type designation or product name.
        serial: Serial number.
        firmware: Version of its software or firmware.
        kind: Its class in the words of the source: an object type, a component, an asset kind.
    """

    id: str
    name: str = ""
    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    kind: str = ""

    def __str__(self) -> str:
        told = (self.manufacturer, self.model, self.name)
        return " ".join(dict.fromkeys(one for one in told if one)) or self.id


@dataclass(frozen=True)
class DeclaredField:
    """A field that a description declares.

    Attributes:
        name: Byte for byte as the file writes it.
        id: Identifier inside the file: a NodeId, a data item's id, a path of idShorts, an IRI.
        line: Line of the file, from 1; 0 where it is not known.
        file: Name of the file that declares it.
        path: Names of the components above it, from the device down.
        components: Their kinds in the words of the source, one for each of ``path``.
        device: `Device.id` of its device.
        labels: Display name.
        descriptions: What the file says of it.
        unit: Unit as written.
        unit_codes: The same unit told otherwise (a UN/ECE code, a symbol), the surest first.
        unit_is_sent: Whether the device says only while it runs which unit it is.
        native_unit: Unit that the device itself measures in, where another is delivered.
        data_type: As written.
        values_are: What kind of value that is; ``""`` where the file does not tell.
        minimum: Least value, in ``unit``.
        maximum: Greatest value, in ``unit``.
        values: Of an enumeration.
        kind: What kind of field it is, in the words of the source (``"SAMPLE"``, ``"AnalogUnitType"``).
        meanings: What the file says it means.
        rate_hz: Samples per second, None where it is not told.
        delta: Least change that is sent, in ``unit``.
        value: A value that the description itself states, ``""`` where it states none.
        examples: Values that it gives as examples.
    """

    name: str
    id: str
    line: int = 0
    file: str = ""
    path: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    device: str = ""
    labels: Texts = field(default_factory=no_texts)
    descriptions: Texts = field(default_factory=no_texts)
    unit: str = ""
    unit_codes: tuple[str, ...] = ()
    unit_is_sent: bool = False
    native_unit: str = ""
    data_type: str = ""
    values_are: ValueKind = ""
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[DeclaredValue, ...] = ()
    kind: str = ""
    meanings: tuple[StatedMeaning, ...] = ()
    rate_hz: float | None = None
    delta: float | None = None
    value: str = ""
    examples: tuple[str, ...] = ()

    @property
    def known_unit(self) -> Unit | None:
        """The unit in our table; None where it has none, or none that is known."""
        found = (unit_like(one) for one in (*self.unit_codes, self.unit) if one)
        return next((one for one in found if one is not None), None)

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers that could have a unit."""
        return self.values_are in {"decimal", "integer"}


@dataclass(frozen=True)
class Flaw:
    """Something wrong with a description, at its place.

    Attributes:
        check: Which check found it; `admission.tsv` has what a supplier does about it.
        name: Field, node or model that it is about.
        message: What is wrong, in English, without its name.
        message_zh: The same in Chinese.
        line: Line of the file; 0 where it is not known.
        file: Name of the file.
    """

    check: str
    name: str
    message: str
    message_zh: str
    line: int = 0
    file: str = ""


@dataclass(frozen=True)
class Header:
    """What a description says of itself.

    Attributes:
        iri: Identifier of the model.
        version: Its version.
        title: Its name.
    """

    iri: str = ""
    version: str = ""
    title: str = ""


Item: TypeAlias = Header | Device | DeclaredField | Flaw


@dataclass(frozen=True)
class Description:
    """A description as a whole.

    Attributes:
        file: Name of its file.
        kind: In which language it is written.
        header: What it says of itself.
        devices: In the order of the file.
        fields: Likewise.
        flaws: What is wrong with it.
    """

    file: str
    kind: Kind
    header: Header = field(default_factory=Header)
    devices: tuple[Device, ...] = ()
    fields: tuple[DeclaredField, ...] = ()
    flaws: tuple[Flaw, ...] = ()

    def device_of(self, one: DeclaredField) -> Device | None:
        """Return the device of a field, None where the description names none."""
        return next((device for device in self.devices if device.id == one.device), None)


def collect(file: str, kind: Kind, items: Sequence[Item]) -> Description:
    """Return the description that a reader's items make up; the first header counts."""
    headers = [one for one in items if isinstance(one, Header)]
    return Description(
        file,
        kind,
        headers[0] if headers else Header(),
        tuple(one for one in items if isinstance(one, Device)),
        tuple(one for one in items if isinstance(one, DeclaredField)),
        tuple(one for one in items if isinstance(one, Flaw)),
    )
