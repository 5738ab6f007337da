"""One sentence or two about an event, out of its text."""

import html
import re

LONGEST = 200

_NOT_A_PARAGRAPH = re.compile(
    r"\s*(?:[-*+]\s|\d{1,3}[.)]\s|\||>|```|~~~|:::|(?:[-*_]\s*){3,}$|\[[^\]]{1,200}\]:\s)"
)
_LABEL = re.compile(r"\s*(?:\*\*|__)[^*_\n]{1,60}:?(?:\*\*|__)\s*:?|\s*\w+:\s")


def first_paragraph(body: str) -> str:
    """The first real paragraph of Markdown as plain text, cut at a word near 200 characters; may be empty."""
    spare = ""
    for block in re.split(r"\n[ \t]*\n", body[:8_000]):
        rows = [row for row in block.split("\n") if not re.match(r"\s*(?:#{1,6}\s|={3,}\s*$|-{3,}\s*$)", row)]
        paragraph = "\n".join(rows)
        if _NOT_A_PARAGRAPH.match(paragraph):
            continue
        text = plain(paragraph)
        if len(text) < 3:
            continue
        if not _LABEL.match(paragraph):
            return cut(text)
        spare = spare or text
    return cut(spare)


def plain(markdown: str) -> str:
    """Markdown as one line of text, without its marks."""
    text = re.sub(r"!\[[^\[\]\n]{0,300}\]\([^()\n]{0,2000}\)", " ", markdown)
    text = re.sub(r"\[([^\[\]\n]{1,300})\]\([^()\n]{0,2000}\)", r"\1", text)
    text = re.sub(r"<!--.{0,2000}?-->", " ", text, flags=re.DOTALL)
    text = re.sub(r"<(script|style)\b.{0,5000}?</\1>", " ", text, flags=re.DOTALL | re.IGNORECASE)
    text = re.sub(r"</?[a-zA-Z][^<>]{0,1000}>", " ", text)
    text = re.sub(r"(\*{1,3}|_{2,3}|`)(?=\S)|(?<=\S)(\*{1,3}|_{2,3}|`)", "", text)
    text = re.sub(r"(?<!\w)_(?=\S)|(?<=\S)_(?!\w)", "", text)
    text = re.sub(r"\\([\\`*_{}\[\]()#+.!-])", r"\1", text)
    text = html.unescape(text)
    text = re.sub(r"[\x00-\x1f\x7f]", " ", text)
    return re.sub(r"\s+([.,;:!?])(?=\s|$)", r"\1", " ".join(text.replace("\\\n", " ").split()))


def cut(text: str, longest: int = LONGEST) -> str:
    """The text itself, or as many of its words as fit, with an ellipsis."""
    if len(text) <= longest:
        return text
    words = text[: longest - 1].rsplit(" ", 1)
    return (words[0] if len(words[0]) > longest // 2 else text[: longest - 1]).rstrip(" ,;:–-") + "…"
