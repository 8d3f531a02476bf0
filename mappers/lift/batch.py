"""`Batch`: one ingested file, and the IRIs that follow from it."""

from dataclasses import dataclass

from qualweave.iri import DEFAULT_BASE, encode_segment, graph_iri

_SHOWN = 16  # hex digits of the hash in IRIs: 64 bits tell the files of one plant apart


def segment(text: str) -> str:
    """Return an identifier as one segment of an IRI; brackets too, which RFC 3987 keeps for hosts.

    >>> segment("Torque [Nm]")
    'Torque%20%5BNm%5D'
    """
    return encode_segment(text).replace("[", "%5B").replace("]", "%5D")


def minted(kind: str, *parts: str, tenant: str, base: str) -> str:
    """Return the IRI of a thing of a kind, as the kernel's ``mint`` does, with brackets encoded."""
    return f"{base}{tenant}/{kind}/" + "/".join(segment(part) for part in parts)


@dataclass(frozen=True)
class Batch:
    """One file on its way into the graph.

    Attributes:
        source: Source id.
        sha256: Hash of the file's bytes, hex.
        file_name: Its name.
        tenant: Whose it is.
        base: Namespace of data IRIs.
        part: Name of the table within the file, where it has several.
    """

    source: str
    sha256: str
    file_name: str
    tenant: str = "plant"
    base: str = DEFAULT_BASE
    part: str = ""

    @property
    def key(self) -> str:
        """Short form of the hash."""
        return self.sha256[:_SHOWN]

    @property
    def node(self) -> str:
        """IRI of the batch."""
        return minted("batch", self.key, tenant=self.tenant, base=self.base)

    @property
    def graph(self) -> str:
        """IRI of the data graph that this file writes."""
        return graph_iri("data", self.tenant, self.source, self.key, base=self.base)

    @property
    def row_prefix(self) -> str:
        """What stands before a row number where the row itself is the identity."""
        part = f"{segment(self.part)}-" if self.part else ""
        return f"{self.key[:12]}-{part}"

    def prefix(self, kind: str) -> str:
        """Return the IRI prefix of a kind of thing, up to the identifier."""
        return f"{self.base}{self.tenant}/{kind}/"
