import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.look.storage_format import storage_blocks
from core.look.text import as_text
from core.look.values import Block, BlockKind, ItemView
from core.look.wiki_markup import wiki_blocks


def name_of(person: str) -> str:
    return {"u1": "Ada Lovelace"}.get(person, person)


def told(blocks: tuple[Block, ...]) -> list[str]:
    view = ItemView(record_key="", label="", title="", fields=(), body=blocks, comments=(), attachments=(), history=0)
    return [line for line in as_text(view).split("\n") if line]


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("<h2>Plan&nbsp;B</h2><p>One <strong>two</strong>\n three.</p><hr/>", ["## Plan B", "One two three.", "----"]),
        ("<ul><li>a<ul><li>b</li></ul></li><li><p>c</p><p>more</p></li></ul>", ["- a", "  - b", "- c", "  more"]),
        ("<ol><li>a</li><li>b</li></ol>", ["1. a", "2. b"]),
        ("<table><tbody><tr><th>A</th><th>B</th></tr><tr><td><p>1</p></td><td/></tr></tbody></table>",
         ["| A | B |", "| 1 |  |"]),
        ('<p><a href="https://x.org/a">here</a> <a href="javascript:alert(1)">there</a></p>',
         ["here (https://x.org/a) there"]),
        ('<p>Hi <ac:link><ri:user ri:account-id="u1"/></ac:link>!</p>', ["Hi @Ada Lovelace!"]),
        ('<ac:link><ri:page ri:content-title="Home"/></ac:link>', ["Home"]),
        ('<ac:link><ri:page ri:content-title="Home"/><ac:plain-text-link-body><![CDATA[go]]></ac:plain-text-link-body>'
         "</ac:link>", ["go"]),
        ('<ac:image><ri:attachment ri:filename="cat.png"/></ac:image>', ["[image: cat.png]"]),
        ('<ac:structured-macro ac:name="code"><ac:parameter ac:name="language">py</ac:parameter>'
         "<ac:plain-text-body><![CDATA[if a < b:\n  f(\"&nbsp;\")]]></ac:plain-text-body></ac:structured-macro>",
         ["    if a < b:", '      f("&nbsp;")']),
        ('<ac:structured-macro ac:name="info"><ac:parameter ac:name="title">Note</ac:parameter>'
         "<ac:rich-text-body><p>Mind it</p></ac:rich-text-body></ac:structured-macro>", ["Note", "Mind it"]),
        ('<p><ac:structured-macro ac:name="status"><ac:parameter ac:name="title">DONE</ac:parameter>'
         "</ac:structured-macro></p>", ["[DONE]"]),
        ('<ac:structured-macro ac:name="roadmap"/>', ["[macro roadmap]"]),
        ("<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>complete</ac:task-status>"
         "<ac:task-body>Ship</ac:task-body></ac:task></ac:task-list>", ["[x] Ship"]),
        ("<p>a<br/>b</p>", ["a", "b"]),
        ("<p>x</p><script>alert(1)</script>", ["x"]),
        ("<p>open <b>bold", ["open bold"]),
        ("a < b & c &bogus; &LT;i&GT;", ["a < b & c &bogus; <i>"]),
        ("<p>1 &lt; 2</i> &amp; 3 &lt; 4</p>", ["1 < 2", "& 3 < 4"]),
        ("", []),
    ],
)  # fmt: skip
def test_storage_format_reads_as_text(body: str, lines: list[str]) -> None:
    assert told(storage_blocks(body, name_of)) == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("h1. Title\nSome *bold* and _thin_ {{code}}.", ["# Title", "Some bold and thin code."]),
        ("* a\n** b\n# one", ["- a", "  - b", "1. one"]),
        ("{code:java}\nint *x* = 1;\n{code}\nafter", ["    int *x* = 1;", "after"]),
        ("{noformat}never closed", ["    never closed"]),
        ("[~u1] see [the page|https://x.org] or [https://y.org]",
         ["@Ada Lovelace see the page (https://x.org) or https://y.org"]),
        ("[~accountid:u1]", ["@Ada Lovelace"]),
        ("!shot.png|thumbnail! wow!", ["[image: shot.png] wow!"]),
        ("||A||B||\n|1|2|\ntext", ["| A | B |", "| 1 | 2 |", "text"]),
        ("{quote}\nsaid\n{quote}\nbq. again\n----", ["> said", "> again", "----"]),
        ("{color:red}red{color} {toc} \\{not a macro}", ["red [macro toc] {not a macro}"]),
        ("snake_case_name and 2*3*4", ["snake_case_name and 2*3*4"]),
        ("\x1b]0;owned\x07hi", ["]0;ownedhi"]),
    ],
)  # fmt: skip
def test_wiki_markup_reads_as_text(text: str, lines: list[str]) -> None:
    assert told(wiki_blocks(text, name_of)) == lines


def test_an_external_entity_is_not_resolved() -> None:
    body = '<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><p>a&x;b</p>'
    assert "root:" not in "".join(told(storage_blocks(body, name_of)))


@pytest.mark.parametrize("tag", ["div", "ul", "table", "b", "ac:structured-macro"])
def test_deep_nesting_ends(tag: str) -> None:
    storage_blocks(f"<{tag}>" * 5000 + "x" + f"</{tag}>" * 5000, name_of)
    storage_blocks("<table><tr><td>" * 200 + "x", name_of)
    storage_blocks("<ul><li>" * 120 + "x", name_of)


@pytest.mark.parametrize("piece", ["*a ", "[a|", "{code}", "!a", "|", "[~", "{{", "_ _", "\\\\"])
def test_wiki_markup_takes_time_in_proportion(piece: str) -> None:
    started = time.perf_counter()
    wiki_blocks(piece * 5000, name_of)
    assert time.perf_counter() - started < 5


PIECES = st.sampled_from(
    ["<p>", "</p>", "<ul>", "<li>", "</li>", "<table>", "<tr>", "<td>", "<ac:link>", "<ri:user/>", "]]>", "<![CDATA[",
     "&nbsp;", "&#0;", "</restorebot-body>", "<?x?>", "<!--", "\x00", "{code}", "[~", "h1. ", "||", "!a.png!", "text"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES | st.text(max_size=5), max_size=30).map("".join))
def test_no_text_breaks_a_look(text: str) -> None:
    told(storage_blocks(text, name_of))
    told(wiki_blocks(text, name_of))


def test_blocks_keep_their_kind_and_level() -> None:
    heading, item = storage_blocks("<h3>T</h3><ol><li>x</li></ol>", name_of)
    assert (heading.kind, heading.level) == (BlockKind.HEADING, 3)
    assert (item.kind, item.level, item.marker) == (BlockKind.LIST_ITEM, 1, "1.")
