"""GS1 identifiers as the simulated systems print them.

Written here on its own and not taken from the kernel: the oracle must not share code with what it
judges. Source: GS1 General Specifications, section 7.9 (check digit), TDS 2.0 (EPC URN).
"""

from __future__ import annotations

from dataclasses import dataclass


def check_digit(digits: str) -> str:
    """The modulo-10 check digit of a GTIN without it.

    >>> check_digit("690100500001")
    '6'
    """
    total = sum(
        int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits[::-1])
    )
    return str(-total % 10)


@dataclass(frozen=True)
class TradeItem:
    """A GTIN-14 with indicator 0, from a 7-digit company prefix and a 5-digit item reference."""

    prefix: str
    reference: str

    @property
    def gtin(self) -> str:
        """The 14 digits."""
        body = "0" + self.prefix + self.reference
        return body + check_digit(body)

    def serial_link(self, serial: str) -> str:
        """The canonical Digital Link of one serialised item."""
        return f"https://id.gs1.org/01/{self.gtin}/21/{serial}"

    def lot_link(self, lot: str) -> str:
        """The canonical Digital Link of one lot."""
        return f"https://id.gs1.org/01/{self.gtin}/10/{lot}"

    def serial_urn(self, serial: str) -> str:
        """The EPC URN (SGTIN) of one serialised item."""
        return f"urn:epc:id:sgtin:{self.prefix}.0{self.reference}.{serial}"

    def lot_urn(self, lot: str) -> str:
        """The EPC class URN (LGTIN) of one lot."""
        return f"urn:epc:class:lgtin:{self.prefix}.0{self.reference}.{lot}"

    def serial_string(self, serial: str) -> str:
        """The bracketed element string of one serialised item."""
        return f"(01){self.gtin}(21){serial}"

    def lot_string(self, lot: str) -> str:
        """The bracketed element string of one lot."""
        return f"(01){self.gtin}(10){lot}"


def location_urn(prefix: str, reference: str) -> str:
    """The EPC URN (SGLN) of a location; prefix 7 digits, reference 5 digits."""
    return f"urn:epc:id:sgln:{prefix}.{reference}.0"
