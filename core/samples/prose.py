"""Sentences that read like a company's, cut from a bank so that gigabytes of them cost little."""

import math
from functools import cache
from random import Random
from typing import Final

_WHO: Final = ("The platform team", "Our support desk", "Finance", "The release manager", "Every new colleague",
               "The on-call engineer", "Legal", "The design group", "Customer success", "The data team")  # fmt: skip
_DOES: Final = ("reviews", "publishes", "keeps", "updates", "signs off", "measures", "documents", "prepares")
_WHAT: Final = ("the quarterly roadmap", "the incident checklist", "our naming rules", "the on-boarding plan",
                "the price list", "the backup schedule", "the release notes", "the travel policy",
                "the capacity forecast", "the list of suppliers", "the accessibility report")  # fmt: skip
_WHEN: Final = ("before each release", "on the first Monday of a month", "together with the people concerned",
                "once the numbers are in", "within two working days", "after the weekly meeting",
                "so that nobody has to ask twice", "and shares the result in the channel")  # fmt: skip
_TOPIC: Final = ("Release plan", "Meeting notes", "How we decide", "Incident review", "Architecture overview",
                 "Welcome guide", "Backup and restore", "Pricing", "Team agreements", "Capacity forecast",
                 "Customer interviews", "Data retention", "Office handbook", "Security checklist")  # fmt: skip
_ASPECT: Final = ("for newcomers", "2024", "in short", "Europe", "for partners", "step by step", "second half",
                  "lessons learnt", "for mobile", "questions and answers", "draft for discussion")  # fmt: skip
_TASK: Final = ("Cannot sign in after", "Slow search since", "Add an export for", "Wrong total in", "Document",
                "Translate", "Typo in", "Crash while opening", "Ask before deleting", "Prepare")  # fmt: skip

_BANK: Final = 512


def topic(number: int) -> str:
    """A page's title, different for different numbers."""
    return f"{_TOPIC[number % len(_TOPIC)]} {_ASPECT[number // len(_TOPIC) % len(_ASPECT)]} {number}"


def task(number: int) -> str:
    """An issue's summary."""
    return f"{_TASK[number % len(_TASK)]} {_WHAT[number // len(_TASK) % len(_WHAT)]}"


def prose(seed: int, *, varied: bool) -> "Prose":
    return VariedProse(seed) if varied else Prose(seed)


class Prose:
    """A seeded source of text; two of the same seed that are asked the same give the same."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._sentences = [self._sentence() for _ in range(_BANK)]
        self._paragraphs = [" ".join(self._random.choices(self._sentences, k=4)) for _ in range(_BANK)]

    def _sentence(self) -> str:
        pick = self._random.choice
        number = self._random.randrange(10, 100_000)
        return f"{pick(_WHO)} {pick(_DOES)} {pick(_WHAT)} {pick(_WHEN)} (no. {number})."

    def below(self, limit: int) -> int:
        return int(self._random.random() * limit)

    def sentence(self) -> str:
        return self._sentences[self.below(_BANK)]

    def paragraphs(self, size: int) -> list[str]:
        """Paragraphs of about `size` characters together, at least one."""
        bank, found = self._paragraphs, []
        while True:
            found.append(bank[self.below(_BANK)])
            size -= len(found[-1])
            if size <= 0:
                return found

    def storage(self, size: int) -> str:
        """A body in Confluence's storage format."""
        return "<p>" + "</p>\n<p>".join(self.paragraphs(size)) + "</p>"

    def wiki(self, size: int) -> str:
        """A body in wiki markup, with line breaks."""
        return "h2. Summary\n\n" + "\n\n".join(self.paragraphs(size))

    def bytes(self, size: int) -> bytes:
        """A file's content, half of it text so that some files are worth compressing."""
        if self.below(2):
            return self._random.randbytes(size)
        text = "\n".join(self.paragraphs(size)).encode()
        return text[:size].ljust(size, b".")


class VariedProse(Prose):
    """Nonsense of which no two texts are alike, as long and as hard to compress as what people write: zstd makes it
    three times smaller, where it makes sentences from a bank sixteen times smaller."""

    def sentence(self) -> str:
        return self._cut(80)

    def paragraphs(self, size: int) -> list[str]:
        lengths = [_PARAGRAPH] * (size // _PARAGRAPH) + [size % _PARAGRAPH or 1]
        return [self._cut(length) for length in lengths]

    def storage(self, size: int) -> str:
        return super().storage(self._about(size))

    def wiki(self, size: int) -> str:
        return super().wiki(self._about(size))

    def _about(self, size: int) -> int:
        """Most texts are shorter, a few many times as long; on average as long as that."""
        return max(1, int(self._random.lognormvariate(math.log(size) - _SPREAD**2 / 2, _SPREAD)))

    def _cut(self, length: int) -> str:
        words = _words()
        start = self.below(len(words) - length)
        return words[start : start + length]


#: Logarithmic, of the length of a text.
_SPREAD: Final = 0.9
_PARAGRAPH: Final = 500
#: So long a text that what was cut from it before lies far outside of what a compressor remembers.
_WORDS_CHARACTERS: Final = 32_000_000
_VOCABULARY: Final = 4_000


@cache
def _words() -> str:
    """Words of many lengths, a few of them often and most of them seldom, as in any language."""
    random = Random(0)
    letters = "eeettaaoinshrdlucmfwypvbgkqjxz"
    words = ["".join(random.choices(letters, k=random.randint(2, 11))) for _ in range(_VOCABULARY)]
    weights = [1 / (place + 2) for place in range(_VOCABULARY)]
    return " ".join(random.choices(words, weights, k=_WORDS_CHARACTERS // 7))
