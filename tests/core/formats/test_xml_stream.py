import io

import pytest

from core.errors import ForbiddenXml
from core.formats.xml_stream import XmlFeed


class Recorder:
    """A target that keeps what it is told."""

    def __init__(self) -> None:
        self.attributes: list[dict[str, str]] = []
        self.text = ""

    def start(self, _tag: str, attributes: dict[str, str]) -> None:
        self.attributes.append(dict(attributes))

    def end(self, _tag: str) -> None: ...

    def data(self, text: str) -> None:
        self.text += text


def read(document: bytes) -> Recorder:
    target = Recorder()
    for _ in XmlFeed(io.BytesIO(document), target, name="test.xml"):
        pass
    return target


def test_escaped_characters_in_attributes_and_text_are_what_they_stand_for() -> None:
    told = read(b'<a title="R&amp;D &lt;3&gt; &quot;x&quot; &apos;y&apos; &#38;amp;">R&amp;D &lt;3&gt; &#228;</a>')
    assert told.attributes == [{"title": "R&D <3> \"x\" 'y' &amp;"}]
    assert told.text == "R&D <3> ä"


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE a [<!ENTITY e "x"><!ENTITY f "&e;&e;&e;">]><a t="&f;">&f;</a>',
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><a>&e;</a>',
        b'<!DOCTYPE a SYSTEM "other.dtd"><a/>',
    ],
)
def test_a_document_type_is_refused_before_anything_of_it_expands(document: bytes) -> None:
    target = Recorder()
    with pytest.raises(ForbiddenXml):
        for _ in XmlFeed(io.BytesIO(document), target, name="test.xml"):
            pass
    assert target.text == ""
    assert target.attributes == []


def test_a_document_type_within_cdata_is_text() -> None:
    assert read(b"<a><![CDATA[<!DOCTYPE html><p>x</p>]]></a>").text == "<!DOCTYPE html><p>x</p>"
