import io
import json
from typing import Any

from core.content.jira import ACTIVE_OBJECT
from core.formats.active_objects import ActiveObjects
from core.formats.batches import Batches
from core.formats.export import Dropped

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><backup xmlns="http://www.atlassian.com/ao"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><database><meta key="database.name" value="H2"/></database>'
)


def table(name: str, *columns: str, primary: tuple[str, ...] = ("ID",)) -> str:
    inner = "".join(f'<column name="{one}" primaryKey="{str(one in primary).lower()}"/>' for one in columns)
    return f'<table name="{name}">{inner}<foreignKey fromTable="a" fromColumn="b" toTable="c" toColumn="d"/></table>'


def data(name: str, columns: tuple[str, ...], *rows: str) -> str:
    inner = "".join(f'<column name="{one}"/>' for one in columns)
    return f'<data tableName="{name}">{inner}{"".join(f"<row>{row}</row>" for row in rows)}</data>'


def read(xml: str) -> tuple[list[dict[str, Any]], ActiveObjects]:
    batches = Batches()
    objects = ActiveObjects(ACTIVE_OBJECT, batches)
    for _ in objects.read(io.BytesIO(f"{HEAD}{xml}</backup>".encode()), name="activeobjects.xml"):
        pass
    records = []
    for record_type, batch in batches.take(everything=True):
        assert record_type is ACTIVE_OBJECT
        assert batch.schema.equals(ACTIVE_OBJECT.export_schema)
        records += batch.to_pylist()
    return records, objects


def test_cells_are_typed_and_keyed_by_the_primary_key() -> None:
    columns = ("NAME", "ID", "RATIO", "OPEN", "AT", "USER_KEY", "NOTE")
    records, objects = read(
        table("AO_1_T", *columns)
        + data(
            "AO_1_T",
            columns,
            "<string>a &amp; b</string><integer>7</integer><double>1.5</double><boolean>true</boolean>"
            '<timestamp>2023-08-29T05:35:29.211Z</timestamp><string>ann</string><string xsi:nil="true"/>',
            "<string></string><integer>8</integer><double>much</double><boolean>false</boolean>"
            '<timestamp xsi:nil="true"/><string xsi:nil="true"/><string>x</string>',
        )
        + data("AO_1_EMPTY", ("ID",))
    )
    assert [(row["key"], row["native"], row["table_name"]) for row in records] == [
        ("AO_1_T:7", "AO_1_T", "AO_1_T"),
        ("AO_1_T:8", "AO_1_T", "AO_1_T"),
    ]
    assert json.loads(records[0]["extra"]) == {
        "NAME": "a & b", "ID": 7, "RATIO": 1.5, "OPEN": True, "AT": "2023-08-29T05:35:29.211Z", "NOTE": None
    }  # fmt: skip
    assert json.loads(records[0]["people"]) == {"USER_KEY": "ann"}
    second = json.loads(records[1]["extra"])
    assert (second["NAME"], second["RATIO"], second["USER_KEY"]) == ("", "much", None)
    assert records[1]["people"] is None
    assert objects.counts == {"AO_1_T": 2, "AO_1_EMPTY": 0}
    assert objects.dropped == {}


def test_keys_of_several_columns_and_of_none() -> None:
    records, _ = read(
        table("AO_P", "A", "B", primary=("A", "B"))
        + data("AO_P", ("A", "B"), "<integer>1</integer><integer>2</integer>")
        + data("AO_Q", ("A",), "<integer>1</integer>", "<integer>1</integer><string>spare</string>")
    )
    assert [row["key"] for row in records] == ["AO_P:1:2", "AO_Q:#1", "AO_Q:#2"]
    assert json.loads(records[2]["extra"]) == {"A": 1, "#1": "spare"}


def test_secrets_go_by_column_by_the_name_beside_them_and_by_their_look() -> None:
    pem = "-----BEGIN PRIVATE KEY-----" + "GEHEIM" * 20
    columns = ("ID", "ACCESS_TOKEN", "TOKEN_EXPIRY", "ADMIN_PASSWORD", "NAME")
    records, objects = read(
        table("AO_S", *columns)
        + data(
            "AO_S",
            columns,
            "<integer>1</integer><string>GEHEIM</string><integer>5</integer><string>GEHEIM</string><string>a</string>",
            f'<integer>2</integer><string xsi:nil="true"/><integer>5</integer><string></string><string>{pem}</string>',
        )
        + table("AO_V", "ID", "PROPERTY_KEY", "PROPERTY_VALUE")
        + data(
            "AO_V",
            ("ID", "PROPERTY_KEY", "PROPERTY_VALUE"),
            "<integer>1</integer><string>smtp.password</string><string>GEHEIM</string>",
            "<integer>2</integer><string>smtp.host</string><string>mail</string>",
        )
        + table("AO_ONLY", "ID", "SECRET")
        + data("AO_ONLY", ("ID", "SECRET"), "<integer>1</integer><string>GEHEIM</string>")
    )
    assert "GEHEIM" not in str(records)
    assert objects.dropped == {"AO_S": Dropped(values=3), "AO_V": Dropped(values=1), "AO_ONLY": Dropped(rows=1)}
    assert objects.counts == {"AO_S": 2, "AO_V": 2, "AO_ONLY": 1}
    assert json.loads(records[0]["extra"]) == {"ID": 1, "TOKEN_EXPIRY": 5, "NAME": "a"}
    assert json.loads(records[3]["extra"])["PROPERTY_VALUE"] == "mail"
