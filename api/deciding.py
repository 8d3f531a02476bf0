"""`Deciding`: the decisions of the service: propose an intervention, coach a card, freeze by contract.

Reading and deciding are `reasoning`'s; here the answer is committed, shown in words, and signed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar, cast

from qualweave.api.service import Service
from qualweave.errors import JsonValue, NotFound
from qualweave.iri import mint
from qualweave.ontology.terms import TermIndex
from qualweave.principal import Principal
from qualweave.reasoning.decisions import coach, freeze, intervention_graph
from qualweave.reasoning.decisions.contract import (
    Contract,
    contract_change_set,
    parse_contract,
    read_contracts,
)
from qualweave.reasoning.decisions.intervention import Intervention, check
from qualweave.reasoning.decisions.recommend import Situation, recommend
from qualweave.reasoning.decisions.sentence import render
from qualweave.reasoning.graph_extract import node_of
from qualweave.store.port import ChangeSet

_Act = TypeVar("_Act", bound=Callable[..., Any])


def one_at_a_time(act: _Act) -> _Act:
    """Return a method that holds its service's `deciding` from reading to committing: no signature is lost."""

    @wraps(act)
    def held(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the method takes
        with self.service.deciding:
            return act(self, *args, **kwargs)

    return cast("_Act", held)


def one_release_at_a_time(act: _Act) -> _Act:
    """Return a method that holds its service's `releasing`: releases follow each other, decisions go on meanwhile."""

    @wraps(act)
    def held(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the method takes
        with self.service.releasing:
            return act(self, *args, **kwargs)

    return cast("_Act", held)


@dataclass(frozen=True)
class Deciding:
    """Decisions over a service, for one principal."""

    service: Service
    principal: Principal

    def iri(self, kind: str, name: str) -> str:
        """Return an IRI, or that of a thing of a kind by its plain name."""
        if "://" in name:
            return node_of(name).value
        return mint(kind, name, tenant=self.principal.tenant, base=self.service.settings.base_iri)

    @one_at_a_time
    def interventions(self, situation: Situation) -> list[JsonValue]:
        """Return what to do about a situation, the clearest gain first; each is kept as a proposal."""
        now, base = datetime.now(UTC), self.service.settings.base_iri
        with self.service.reading(self.principal.tenant) as snapshot:
            index = self.service.index(snapshot, self.principal.tenant)
            found = recommend(
                snapshot,
                self.service.terms,
                situation,
                now=now,
                index=index,
                tenant=self.principal.tenant,
            )
            proposed = [intervention_graph.propose(snapshot, one, base) for one in found]
        for one, _ in proposed:
            check(one, now)
        self._commit([change for _, change in proposed if change is not None])
        terms = self.service.terms
        return [
            {
                **one.to_json(),
                "sentence": _said(one, terms),
            }
            for one, _ in proposed
        ]

    def hint(self, card: coach.Card | str) -> dict[str, JsonValue]:
        """Return what history says against a draft card; ``hint`` is null where it says nothing."""
        with self.service.reading(self.principal.tenant) as snapshot:
            draft = coach.read_card(snapshot, card) if isinstance(card, str) else card
            found = coach.advise(snapshot, self.service.terms, draft)
        if found is None:
            return {"hint": None}
        terms = self.service.terms
        said: dict[str, JsonValue] = {
            "en": coach.sentence(found, terms, "en"),
            "zh": coach.sentence(found, terms, "zh"),
        }
        return {"hint": {**found.to_json(), "sentence": said}}

    def add_contract(self, text: str) -> Contract:
        """Keep a contract that is given as YAML."""
        contract = parse_contract(text, self.service.terms, tenant=self.principal.tenant)
        self._commit([contract_change_set(contract, self.service.settings.base_iri)])
        return contract

    @one_at_a_time
    def freezes(self, observation: str) -> list[JsonValue]:
        """Evaluate every contract on an observation; return the freezes that now stand for it.

        Raises:
            NotFound: If there is no contract to evaluate.
        """
        now, base = datetime.now(UTC), self.service.settings.base_iri
        standing: list[freeze.Freeze] = []
        with self.service.reading(self.principal.tenant) as snapshot:
            index = self.service.index(snapshot, self.principal.tenant)
            contracts = read_contracts(snapshot, self.principal.tenant)
            if not contracts:
                raise NotFound(
                    "There is no contract to evaluate.",
                    message_zh="没有可供评估的合约。",
                    next_step="Send one as YAML to /contracts.",
                    next_step_zh="请以 YAML 形式提交到 /contracts。",
                )
            changes: list[ChangeSet] = []
            for contract in contracts:
                for asked in freeze.evaluate(
                    snapshot, contract, observation, now=now, index=index, base=base
                ):
                    stands, change = freeze.propose(snapshot, asked, base)
                    standing.append(stands)
                    changes += [change] if change is not None else []
        self._commit(changes)
        return [one.to_json(base) for one in standing]

    def standing_freezes(self) -> list[JsonValue]:
        """Return every freeze of the tenant, newest first."""
        with self.service.reading(self.principal.tenant) as snapshot:
            found = freeze.read_freezes(snapshot, self.principal.tenant)
        return [one.to_json(self.service.settings.base_iri) for one in found]

    @one_at_a_time
    def release(self, name: str) -> dict[str, JsonValue]:
        """Sign the release of a freeze; the second signature of another person releases it.

        Raises:
            NotFound: If there is no such freeze.
        """
        base = self.service.settings.base_iri
        with self.service.reading(self.principal.tenant) as snapshot:
            known = {
                one.iri(base): one for one in freeze.read_freezes(snapshot, self.principal.tenant)
            }
        wanted = self.iri("freeze", name)
        if wanted not in known:
            raise NotFound(
                f"There is no freeze {name}.",
                message_zh=f"没有冻结 {name}。",
                next_step="List them at /freezes.",
                next_step_zh="请在 /freezes 查看列表。",
                data={"freeze": name},
            )
        signed = known[wanted].sign_release(self.principal, datetime.now(UTC))
        self._commit([freeze.freeze_change_set(signed, known[wanted], base)])
        return signed.to_json(base)

    def _commit(self, changes: Sequence[ChangeSet]) -> None:
        if changes:
            self.service.store.commit(changes, principal=self.principal, gate=self.service.gate)
            self.service.store.publish()


def _said(intervention: Intervention, terms: TermIndex) -> dict[str, JsonValue]:
    return {"en": render(intervention, terms, "en"), "zh": render(intervention, terms, "zh")}
