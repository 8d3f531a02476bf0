"""UN/ECE Recommendation 20 codes, as OPC UA, AAS and trade documents write units.

The table (``unece.tsv``) holds every code of OPC UA's list: its unit as the grammar reads it, or, for packages and
counted goods, its name. OPC UA's ``EUInformation.unitId`` is the code's letters as a number.
"""

from dataclasses import dataclass
from functools import lru_cache

from qualweave.errors import UnknownUnit
from qualweave.unit_grammar import Reading, readings, rows

_LONGEST = 4


@dataclass(frozen=True)
class CommonCode:
    """One code.

    Attributes:
        code: For example ``"KGM"``.
        text: The unit as `unit_grammar.readings` reads it, ``""`` for a package or a counted good.
        name: English name where there is no text.
        qudt: QUDT local name where QUDT names the unit, else ``""``.
    """

    code: str
    text: str
    name: str
    qudt: str

    @property
    def reading(self) -> Reading | None:
        """What it means; None for a package or a counted good."""
        return readings(self.text)[0] if self.text else None

    @property
    def unit_id(self) -> int:
        """The number by which OPC UA knows the unit.

        >>> common_code("CEL").unit_id
        4408652
        """
        return int.from_bytes(self.code.encode("ascii"), "big")


@lru_cache(maxsize=1)
def common_codes() -> dict[str, CommonCode]:
    """Return every code of the table."""
    return {
        one["code"]: CommonCode(one["code"], one["unit"], one["name"], one["qudt"])
        for one in rows("unece.tsv", package="qualweave")
    }


@lru_cache(maxsize=1)
def codes_by_structure() -> dict[object, CommonCode]:
    """Return the first code of each unit, by its structure and notes."""
    found: dict[object, CommonCode] = {}
    for one in common_codes().values():
        reading = one.reading
        if reading is not None:
            found.setdefault((reading.structure, reading.notes), one)
    return found


def common_code(code: str | int) -> CommonCode:
    """Return the unit of a code, or of the ``unitId`` of OPC UA.

    Raises:
        UnknownUnit: If the table does not have it.

    >>> common_code("H81").text, common_code(4731961).text
    ('mm/min', 'cm/h')
    """
    letters = code if isinstance(code, str) else _letters(code)
    found = common_codes().get(letters.strip().upper())
    if found is None:
        raise UnknownUnit(
            f"{code!r} is no code of UN/ECE Recommendation 20.",
            message_zh=f"{code!r} 不是 UN/ECE 第 20 号建议书中的代码。",
            next_step="Give a code such as 'CEL' or 'KGM', or the unit as text.",
            next_step_zh="请给出代码，例如 'CEL' 或 'KGM'，或直接写出单位。",
            data={"unit": str(code)},
        )
    return found


def _letters(unit_id: int) -> str:
    size = max(1, (unit_id.bit_length() + 7) // 8)
    if unit_id <= 0 or size > _LONGEST:
        return ""
    return unit_id.to_bytes(size, "big").decode("ascii", "replace")
