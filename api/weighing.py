"""`Weighing` at the service: weights change by a request that the committee passes, and scores name their version.

A change of weights decides which lots are good, so it goes the way of a change of the ontology: proposed with a
reason, voted on by seat, released by an architect, and kept for good. It is the tenant's own: its weights say
nothing about another's products, so its own committee decides.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar

from qualweave.api.balloting import Balloting, Wording
from qualweave.api.deciding import one_at_a_time
from qualweave.change_request import ChangeRequest
from qualweave.errors import Conflict, InputError, JsonValue
from qualweave.iri import encode_segment
from qualweave.ontology.dictionary.numbers import read_number, tidy
from qualweave.ontology.dictionary.store_form import read_back
from qualweave.ontology.weights import (
    RULE,
    RULE_ZH,
    Scale,
    Weight,
    WeightVersion,
    each_once,
    read_version,
    renormalised,
    scale_of,
    table_iri,
    version_entries,
    weights_change,
    weights_from_json,
)
from qualweave.store.port import Snapshot


@dataclass(frozen=True)
class Weighing(Balloting):
    """The weights of a tenant, for one principal."""

    wording: ClassVar[Wording] = Wording(
        topic="weights",
        topic_zh="权重",
        command="qualweave weights",
        path="/weight-requests",
        anew="Propose another share, or say in the reason what is new.",
        anew_zh="请提出不同的占比，或在理由中说明新情况。",
    )

    # --- versions --------------------------------------------------------------------------------

    def tables(self) -> list[JsonValue]:
        """Return the tables with the numbers of their versions."""
        with self.service.reading(self.principal.tenant) as snapshot:
            found = version_entries(snapshot, self.principal.tenant)
        return [{"table": name, "versions": list[JsonValue](found[name])} for name in found]

    def version(self, table: str, number: int | None = None) -> WeightVersion:
        """Return a version of a table, the newest where no number is given.

        Raises:
            NotFound: If there is none.
        """
        with self.service.reading(self.principal.tenant) as snapshot:
            return read_version(snapshot, _table(table), number, self.principal.tenant)

    def history(self, table: str) -> list[WeightVersion]:
        """Return every version of a table, the newest first.

        Raises:
            NotFound: If there is no such table.
        """
        newest = self.version(table).number
        return [self.version(table, number) for number in range(newest, 0, -1)]

    # --- requests --------------------------------------------------------------------------------

    @one_at_a_time
    def propose(
        self, table: str, changes: Mapping[str, str], *, reason: str, dictionary: str = ""
    ) -> ChangeRequest:
        """Open a request for other shares; asked twice, it is one request.

        Args:
            table: Name of the table; one that is not there yet is made by its first request.
            changes: Name of a parameter to its new share in percent.
            reason: Why.
            dictionary: Partner whose dictionary gives the scales anew, and the shares of a table that is new.

        Raises:
            Forbidden: If the principal is neither engineer nor architect.
            InputError: If there is no reason, nothing changes, a parameter is named twice, or the shares cannot add up
                to 100.
            NotFound: If there is no such dictionary, or it lacks a parameter.
        """
        self.principal.require("engineer", "architect")
        table = _table(table)
        if not reason.strip():
            raise InputError(
                "A change of weights takes a reason.",
                message_zh="变更权重必须说明理由。",
                next_step="Say why the shares should be others: --reason, or 'reason' in the body.",
                next_step_zh="请说明理由：--reason，或请求体中的 reason。",
            )
        with self.service.reading(self.principal.tenant) as snapshot:
            former = self._newest(snapshot, table)
            after = self._changed(snapshot, former, changes, dictionary)
        if former and after == former.weights:
            raise InputError(
                f"The weights {former.name} say that already.",
                message_zh=f"权重 {former.name} 已是如此。",
                next_step="Set another share: PARAMETER=PERCENT.",
                next_step_zh="请设不同的占比：参数=百分数。",
            )
        return self._opened(self._request(table, former, after, reason))

    def _request(
        self, table: str, former: WeightVersion | None, after: tuple[Weight, ...], reason: str
    ) -> ChangeRequest:
        before = former.shares if former else {}
        return ChangeRequest(
            kind="parameter_weight",
            subject=table_iri(table, self.principal.tenant, self.service.settings.base_iri),
            proposal={
                "table": table,
                "base": former.number if former else 0,
                "reason": reason,
                "weights": [one.to_json() for one in after],
                "before": {name: f"{tidy(one):f}" for name, one in before.items()},
                "rule": RULE,
                "rule_zh": RULE_ZH,
            },
            statement={
                tag: self._statement(table, before, after, reason, tag) for tag in ("en", "zh")
            },
            submitted_by=self.principal.id,
            created=datetime.now(UTC),
            tenant=self.principal.tenant,
        )

    def _newest(self, snapshot: Snapshot, table: str) -> WeightVersion | None:
        known = version_entries(snapshot, self.principal.tenant)
        return (
            read_version(snapshot, table, tenant=self.principal.tenant) if table in known else None
        )

    def _changed(
        self,
        snapshot: Snapshot,
        former: WeightVersion | None,
        changes: Mapping[str, str],
        partner: str,
    ) -> tuple[Weight, ...]:
        """Return the weights with some shares set, on the scales of a dictionary or of the former version."""
        terms = self.service.terms
        wanted = {iri: _percent(changes[name]) for iri, name in each_once(changes, terms).items()}
        given = read_back(snapshot, partner, self.principal.tenant) if partner else None
        shares = dict(former.shares) if former else {}
        if former is None and given is not None:
            for one in given.entries:
                if one.weight is not None:
                    shares[one.parameter] = shares.get(one.parameter, Decimal(0)) + one.weight
        after = renormalised(shares, wanted)
        scales: dict[str, Scale] = (
            {one.parameter: one.scale for one in former.weights} if former else {}
        )
        for parameter in after:
            if given is not None and (parameter not in scales or given.of(parameter)):
                scales[parameter] = scale_of(given, parameter, terms)
            elif parameter not in scales:
                raise InputError(
                    f"Nothing says on which limits {terms.name_of(parameter)} is judged.",
                    message_zh=f"没有评判{terms.name_of(parameter, 'zh')}所用的限值。",
                    next_step="Name the dictionary that has them: --dictionary PARTNER.",
                    next_step_zh="请指定含有限值的字典：--dictionary 合作方。",
                    data={"parameter": parameter},
                )
        return tuple(Weight(one, after[one], scales[one]) for one in sorted(after))

    def _statement(
        self,
        table: str,
        before: Mapping[str, Decimal],
        after: Sequence[Weight],
        reason: str,
        language: str,
    ) -> str:
        terms = self.service.terms
        moved = [one for one in after if before.get(one.parameter) != one.percent]
        parts = [
            f"{terms.name_of(one.parameter, language)} "
            f"{tidy(before.get(one.parameter, Decimal(0))):f} % → {tidy(one.percent):f} %"
            for one in moved
        ]
        if language == "zh":
            told = "，".join(parts) or "占比不变，限值更新"
            return f"权重表“{table}”：{told}。理由：{reason}"
        told = ", ".join(parts) or "the shares stay, the limits are others"
        return f"Weights {table!r}: {told}. Reason: {reason}"

    def concerns(self, request: ChangeRequest) -> bool:
        """Return whether a request is about weights."""
        return request.kind == "parameter_weight"

    @one_at_a_time
    def accept(self, request_id: str, reason: str = "") -> tuple[ChangeRequest, WeightVersion]:
        """Release the weights of a request that the committee passed, as the next version.

        Raises:
            Forbidden: If the principal is no architect.
            Conflict: If it was decided before, has not passed, or another version came in between.
        """
        self.principal.require("architect")
        request = self.request(request_id)
        decided = request.decide("accepted", by=self.principal.id, reason=reason)
        self._require_passed(request)
        version = self._next(request)
        tenant, base = self.principal.tenant, self.service.settings.base_iri
        changes = [
            weights_change(version, tenant=tenant, base=base),
            self._change(decided, request),
        ]
        self.service.store.commit(changes, principal=self.principal, gate=self.service.gate)
        self.service.store.publish()
        return decided, version

    def _next(self, request: ChangeRequest) -> WeightVersion:
        """Return the version that a request makes.

        Raises:
            Conflict: If its table has another newest version than when it was proposed.
        """
        proposal = request.proposal
        table, base = str(proposal["table"]), int(str(proposal["base"]))
        with self.service.reading(self.principal.tenant) as snapshot:
            newest = max(version_entries(snapshot, self.principal.tenant).get(table, {}), default=0)
        if newest != base:
            raise Conflict(
                f"The weights {table!r} are at version {newest} now; the request was made over {base}.",
                message_zh=f"权重表“{table}”现为第 {newest} 版，而申请基于第 {base} 版。",
                next_step="Propose the change anew, over the newest version.",
                next_step_zh="请基于最新版本重新提出。",
                data={"request": request.id, "newest": newest, "base": base},
            )
        rows = proposal["weights"]
        listed = [one for one in rows if isinstance(one, dict)] if isinstance(rows, list) else []
        return WeightVersion(
            table, newest + 1, weights_from_json(listed), reason=str(proposal["reason"]),
            author=request.submitted_by, request=request.id, created=datetime.now(UTC),
        )  # fmt: skip


def _table(name: str) -> str:
    """Return the name of a table as its graphs are named: ``" cell"`` is no other table than ``"cell"``.

    Raises:
        InputError: If it is empty.
    """
    encode_segment(name)
    return unicodedata.normalize("NFC", name).strip()


def _percent(text: str) -> Decimal:
    value, written = read_number(text)
    if written not in ("", "%"):
        raise InputError(
            f"{text!r} is no share in percent.",
            message_zh=f"“{text}”不是百分数。",
            next_step="Write 22 or 22 %.",
            next_step_zh="请写作 22 或 22%。",
        )
    return tidy(value)
