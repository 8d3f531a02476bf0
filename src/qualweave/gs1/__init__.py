"""GS1 identities in one canonical form: EPC URN, Digital Link and element string name one thing.

The same serial is printed as ``(01)04012345111118(21)98``, sent as ``urn:epc:id:sgtin:4012345.011111.98`` and
linked as ``https://example.com/01/04012345111118/21/98?17=251231``. In the graph it is one IRI,
``https://id.gs1.org/01/04012345111118/21/98``. Sources: GS1 General Specifications (application identifiers,
section 7.9 check digit), GS1 Digital Link URI syntax 1.4, Tag Data Standard 2.1 (EPC URNs). The table of
application identifiers (``application_identifiers.tsv``) is the project's own.
"""

from qualweave.gs1.application_identifiers import (
    Ai,
    BadIdentity,
    Element,
    ai_of,
    check_digit,
    validate,
    verify_check_digit,
)
from qualweave.gs1.digital_link import DigitalLink, parse_digital_link
from qualweave.gs1.element_string import parse_element_string
from qualweave.gs1.epc_urn import company_prefix, from_urn
from qualweave.gs1.identity import canonical, looks_like

__all__ = [
    "Ai",
    "BadIdentity",
    "DigitalLink",
    "Element",
    "ai_of",
    "canonical",
    "check_digit",
    "company_prefix",
    "from_urn",
    "looks_like",
    "parse_digital_link",
    "parse_element_string",
    "validate",
    "verify_check_digit",
]
