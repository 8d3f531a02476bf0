"""Root-cause labels: which count, how many alarms lack one, and what they say of a line.

The gate of training stands here: an alarm episode counts as labelled only by a label that a process
engineer signed (requirement R24).
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from qualweave.errors import NotEnoughEvidence
from qualweave.gnn.reading import Statement

EPISODE_GAP_SECONDS = 900
"""An alarm that is raised again on the same item within this time belongs to the same episode."""

BLOCK = 1000
"""Coverage is counted per this many episodes, in order of time."""

_GRADES = ("", "chief ", "senior ", "lead ", "principal ", "首席", "高级", "主任", "主管", "资深")
_TITLES = ("process engineer", "工艺工程师", "prozessingenieur")
PROCESS_ENGINEER_ROLES = frozenset(grade + title for grade in _GRADES for title in _TITLES)
"""Roles whose signature counts, case-folded, with blanks for underscores and hyphens."""

_MINOR_SHARE = 0.15
_NAMED = 50


@dataclass(frozen=True)
class Link:
    """A confirmed link of a line: what its engineers' labels agree on.

    Attributes:
        line: IRI of the line.
        cause: IRI of the parameter.
        effect: IRI of the defect class.
        mechanism: IRI of the mechanism.
        count: Labels that say so.
    """

    line: str
    cause: str
    effect: str
    mechanism: str
    count: int = 1


@dataclass(frozen=True)
class Coverage:
    """How many alarm episodes carry a label of a process engineer.

    Attributes:
        episodes: Episodes in all.
        labelled: Those with a signed label.
        lowest_block: Lowest share over blocks of `BLOCK` episodes; 1 where there is no episode.
        missing: IRIs of the first alarm of each episode without a signed label, in order of time.
        unsigned: How many of them carry a label without that signature.
    """

    episodes: int
    labelled: int
    lowest_block: float
    missing: tuple[str, ...] = ()
    unsigned: int = 0

    @property
    def share(self) -> float:
        """Share of labelled episodes, 1 where there is none."""
        return self.labelled / self.episodes if self.episodes else 1.0


def signs(role: str | None) -> bool:
    """Return whether a role's signature makes a label count.

    >>> signs("Senior Process-Engineer"), signs("quality engineer"), signs("工艺工程师")
    (True, False, True)
    """
    folded = unicodedata.normalize("NFKC", role or "").casefold().replace("_", " ")
    return " ".join(folded.replace("-", " ").split()) in PROCESS_ENGINEER_ROLES


def coverage(alarms: pl.DataFrame) -> Coverage:
    """Count the alarm episodes and their signed labels.

    Args:
        alarms: The table of `Reading.alarms`.
    """
    if alarms.is_empty():
        return Coverage(0, 0, 1.0)
    frame = _with_signature(alarms).with_columns(pl.col("label").is_not_null().alias("any_label"))
    each = frame.group_by("alarm", maintain_order=True).agg(
        pl.col("equipment", "code", "item", "time").first(),
        pl.col("signed", "any_label").any(),
    )
    episodes = _episodes(each)
    blocks = episodes.with_columns((pl.int_range(pl.len()) // BLOCK).alias("block"))
    lowest = blocks.group_by("block").agg(pl.col("signed").mean())["signed"].min()
    missing = episodes.filter(~pl.col("signed"))
    return Coverage(
        episodes=len(episodes),
        labelled=int(episodes["signed"].sum()),
        lowest_block=float(lowest if isinstance(lowest, float) else 0.0),
        missing=tuple(missing["alarm"].to_list()),
        unsigned=int(missing["any_label"].sum()),
    )


def _with_signature(alarms: pl.DataFrame) -> pl.DataFrame:
    roles = [role for role in alarms["role"].unique().to_list() if signs(role)]
    complete = pl.all_horizontal(pl.col("cause", "effect", "mechanism").is_not_null())
    return alarms.with_columns(
        (complete & pl.col("role").is_in(roles).fill_null(value=False)).alias("signed")
    )


def _episodes(alarms: pl.DataFrame) -> pl.DataFrame:
    """Merge alarms of one item, machine and code that follow each other closely."""
    key = ["equipment", "code", "item"]
    when = pl.col("time").str.to_datetime(time_zone="UTC", strict=False).alias("when")
    ordered = alarms.with_columns(when).sort([*key, "when", "alarm"])
    gap = pl.col("when").diff().over(key).dt.total_seconds()
    alone = pl.any_horizontal(pl.col(*key, "when").is_null())
    starts = alone | gap.is_null() | (gap > EPISODE_GAP_SECONDS)
    numbered = ordered.with_columns(starts.cum_sum().alias("episode"))
    merged = numbered.group_by("episode").agg(
        pl.col("alarm", "when").first(), pl.col("signed", "any_label").any()
    )
    return merged.sort("when", "alarm", nulls_last=True)


def require_coverage(found: Coverage, policy: float) -> None:
    """Let training go on if the labels suffice.

    Args:
        found: The coverage of the snapshot.
        policy: Share of alarm episodes that must carry a signed label, in every block; from 0 to 1.

    Raises:
        NotEnoughEvidence: If a block falls short; ``data["missing"]`` names the alarms.
    """
    if found.lowest_block >= policy:
        return
    short = found.episodes - found.labelled
    named = list(found.missing[:_NAMED])
    raise NotEnoughEvidence(
        f"Training needs a process engineer's root-cause label on {policy:.1%} of the alarm episodes in every "
        f"{BLOCK}; {found.labelled} of {found.episodes} have one (lowest block {found.lowest_block:.1%}). "
        f"Missing: {', '.join(named[:5])}{' …' if short > 5 else ''}.",  # noqa: PLR2004 - a readable sentence
        message_zh=f"训练要求每 {BLOCK} 次报警中有 {policy:.1%} 附带工艺工程师签字的根因标签；"
        f"共 {found.episodes} 次，已标注 {found.labelled} 次（最低一组 {found.lowest_block:.1%}）。"
        f"缺少：{'、'.join(named[:5])}{' …' if short > 5 else ''}。",  # noqa: PLR2004 - a readable sentence
        next_step="Have the process engineer label the missing alarms, or state a lower policy "
        "(QUALWEAVE_LABEL_COVERAGE); it is printed on the model card.",
        next_step_zh="请工艺工程师补全缺失标签，或明确设置更低的覆盖率（QUALWEAVE_LABEL_COVERAGE），该值会写入模型卡。",
        data={
            "policy": policy,
            "episodes": found.episodes,
            "labelled": found.labelled,
            "unsigned": found.unsigned,
            "missing_count": short,
            "missing": [*named],
        },
    )


def links_of(alarms: pl.DataFrame, decided: Sequence[Statement]) -> tuple[Link, ...]:
    """Return the confirmed links of every line.

    Only signed labels count. Of the labels of one defect on one line, a reading that fewer than 15 % of
    them share, and only one label where there are several, is taken for a slip. A link that persons
    confirmed stands as it is; a refuted one is left out.

    Args:
        alarms: The table of `Reading.alarms`.
        decided: Links that persons confirmed or refuted.
    """
    key = ["line", "cause", "effect", "mechanism"]
    said = _with_signature(alarms).filter(pl.col("signed") & pl.col("line").is_not_null())
    counted = said.group_by(key).agg(pl.len().alias("count"))
    total = pl.col("count").sum().over("line", "effect")
    slips = (total >= 3) & (pl.col("count") < pl.max_horizontal(total * _MINOR_SHARE, pl.lit(2)))  # noqa: PLR2004
    top = pl.col("count").max().over("line", "effect") >= 2  # noqa: PLR2004 - else there is no majority
    counted = counted.filter(~(slips & top))
    found: dict[tuple[str, str, str, str], int] = {
        (row[0], row[1], row[2], row[3]): int(row[4])
        for row in counted.select(*key, "count").iter_rows()
    }
    for one in decided:
        place = (one.line, one.cause, one.effect, one.mechanism)
        if one.kind == "confirmed" and one.line:
            found[place] = max(found.get(place, 0), 1)
        elif one.kind == "refuted":
            for known in [
                key for key in found if key[1:] == place[1:] and one.line in ("", key[0])
            ]:
                del found[known]
    return tuple(Link(*place, number) for place, number in sorted(found.items()))
