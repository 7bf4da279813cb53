"""Every module that declares tables of the catalog, so that one import knows them all."""

from typing import Final

from sqlalchemy import MetaData

import core.access.tables as access
import core.catalog.tables as catalog
import core.moves.tables as moves
import core.restore.tables as restore
import core.workflow.tables as workflow
from core import audit
from core.database import Base
from core.events import deliveries
from core.events import log as events

#: A test fails for a module with tables that is not among these.
MODULES: Final = (access, audit, catalog, deliveries, events, moves, restore, workflow)
METADATA: Final[MetaData] = Base.metadata
