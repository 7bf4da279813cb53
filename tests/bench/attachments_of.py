"""Compares an app's attachments with the files they were made of, byte by byte.

`python -m tests.bench.attachments_of DATA_DIR APP FOLDER` answers with the number of files and the paths of a few that
differ, or are there on one side only. A file's name is the id of its attachment.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from core.apps.driver import entries_of
from core.archive.blobs import open_blob
from core.archive.layout import generation_pack_key
from core.catalog import apps, names
from core.engine import build_engine
from core.settings import load_settings

_EXAMPLES: Final = 3


def compare(data_dir: Path, app_name: str, folder: Path) -> dict[str, Any]:
    engine = build_engine(load_settings(data_dir=data_dir))
    try:
        with engine.database.transaction() as session:
            app = names.find_app(session, app_name)
            place = apps.place(session, app)
        store = engine.open_store(place.shard.attachments_url)
        files = {path.name: path for path in folder.rglob("*") if path.is_file()}
        count, differing = len(files), []
        for entry in entries_of(engine.drivers[app.driver].read_attachments(place)):
            path = files.pop(entry.record_key, None)
            with open_blob(store, generation_pack_key(place.generation, entry.pack), entry) as stream:
                if path is None or stream.read() != path.read_bytes():
                    differing.append(entry.record_key)
        return {"files": count, "differing": [*differing, *files][:_EXAMPLES]}
    finally:
        engine.close()


if __name__ == "__main__":
    print(json.dumps(compare(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))))
