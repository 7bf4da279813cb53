"""A local stand-in for Slack: the Web API, signed delivery, Block Kit's limits, and one page in the browser."""

from bot.workspace.config import Channel, Kind, Person, WorkspaceConfig
from bot.workspace.faults import Fault
from bot.workspace.server import Workspace, build_workspace

__all__ = ["Channel", "Fault", "Kind", "Person", "Workspace", "WorkspaceConfig", "build_workspace"]
