"""Whether the extra ``live`` is installed, and the error that says how to get it."""

from importlib.util import find_spec

from qualweave.errors import MissingCapability


def require(package: str, purpose: str, purpose_zh: str) -> None:
    """Make sure that a package of the extra is there.

    Raises:
        MissingCapability: If it is not.
    """
    if find_spec(package) is not None:
        return
    raise MissingCapability(
        f"{purpose} needs the package {package}, which is not installed.",
        message_zh=f"{purpose_zh}需要未安装的软件包 {package}。",
        next_step="Install the extra: pip install 'qualweave[live]'.",
        next_step_zh="请安装附加组件：pip install 'qualweave[live]'。",
        data={"package": package},
    )
