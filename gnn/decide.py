"""Whether a model may be published: a pure function of the table."""

from collections.abc import Sequence
from dataclasses import dataclass

from qualweave.gnn.evaluate import Tally

_ROUNDED = 1e-6


@dataclass(frozen=True)
class Accept:
    """The model may be published.

    Attributes:
        figure: Its mean filtered MRR on unseen lines.
        rival: Name of the best flat baseline.
        rival_figure: The same figure of that baseline.
    """

    figure: float
    rival: str
    rival_figure: float


@dataclass(frozen=True)
class Refusal:
    """The model may not be published, and by how much it falls short.

    Attributes:
        figure: Its mean filtered MRR on unseen lines.
        rival: What it loses to: a flat baseline, or ``"former model"``.
        rival_figure: The same figure of that rival.
    """

    figure: float
    rival: str
    rival_figure: float

    @property
    def shortfall(self) -> float:
        """How much the model falls short of its rival."""
        return self.rival_figure - self.figure

    def in_language(self, language: str = "en") -> str:
        """Return the refusal in ``"zh"`` or, for any other value, English."""
        if language == "zh":
            return (
                f"未发布：在未见产线上平均倒数排名（MRR）为 {self.figure:.3f}，"
                f"低于 {self.rival} 的 {self.rival_figure:.3f}（差 {self.shortfall:.3f}）。"
            )
        return (
            f"Not published: MRR {self.figure:.3f} on unseen lines is below that of {self.rival}, "
            f"{self.rival_figure:.3f} (by {self.shortfall:.3f})."
        )


def decide(
    ours: Tally, baselines: Sequence[Tally], former: float | None = None
) -> Accept | Refusal:
    """Return whether a model is as good as every flat baseline and as its predecessor.

    Args:
        ours: The model over seeds.
        baselines: The flat baselines and the null controls, over seeds.
        former: Figure of the model that was published last, None where there was none.
    """
    figure = ours.summary()["mrr"][0]
    rated = [(one.summary()["mrr"][0], one.name) for one in baselines]
    best, name = max(rated, default=(0.0, "nothing"))
    if former is not None and former > best:
        best, name = former, "former model"
    # A figure is kept with six digits: the same model again is no worse than itself.
    return Accept(figure, name, best) if figure >= best - _ROUNDED else Refusal(figure, name, best)
