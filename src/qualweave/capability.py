"""Optional packages, imported where they are used; one that is missing is an error that names its extra."""

from importlib import import_module
from typing import Any

from qualweave.errors import MissingCapability


def require(module: str, *, extra: str) -> Any:  # noqa: ANN401 - a module
    """Return an optional module.

    Args:
        module: Its import name.
        extra: The extra of the package that brings it.

    Raises:
        MissingCapability: If it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.split(".", maxsplit=1)[0]
        raise MissingCapability(
            f"{package} is not installed.",
            message_zh=f"未安装 {package}。",
            next_step=f"Install it with: pip install 'qualweave[{extra}]'.",
            next_step_zh=f"请安装：pip install 'qualweave[{extra}]'。",
            data={"missing": package, "extra": extra},
        ) from error
