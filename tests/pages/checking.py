"""What holds for every page, whoever fetches it: `check_page(html)` raises AssertionError with the reason.

One h1 that begins the title, a language, no inline script or style, every field with a label, every form
with an action and every changing form with its token, ids once, no untranslated remains.
"""

from lxml import html as lxml_html

LABELLED = "input[not(@type='hidden' or @type='submit' or @type='button')] | //select | //textarea"


def check_page(html: str) -> lxml_html.HtmlElement:
    """Check one whole page; returns its tree for further questions."""
    page = lxml_html.document_fromstring(html)
    assert page.get("lang") in ("zh-CN", "en"), "the page says no language"
    headings = [" ".join(h.text_content().split()) for h in page.iter("h1")]
    assert len(headings) == 1, f"one h1, not {headings}"
    title = " ".join((page.findtext("head/title") or "").split())
    for mark in ("Error: ", "有误："):
        title = title.removeprefix(mark)
    assert title.strip().startswith(headings[0]), f"the title “{title}” does not begin with “{headings[0]}”"
    _nothing_inline(page)
    _forms_complete(page)
    ids = [each.get("id") for each in page.xpath("//*[@id]")]
    assert len(ids) == len(set(ids)), f"an id twice: {sorted({i for i in ids if ids.count(i) > 1})}"
    for target in page.xpath("//label/@for | //@aria-labelledby | //@aria-describedby"):
        for each in str(target).split():
            assert each in ids, f"“{each}” is referred to and not there"
    for link in page.xpath("//a"):
        assert link.get("href"), f"a link without address: {link.text_content()!r}"
    for anchor in page.xpath("//a[starts-with(@href, '#')]/@href"):
        assert str(anchor)[1:] in ids, f"a link to {anchor}, which is not on the page"
    for image in page.xpath("//img | //svg[@role='img']"):
        named = image.get("alt") is not None or image.get("aria-label") or image.get("aria-labelledby")
        assert named, "a picture without words"
    return page


def _nothing_inline(page: lxml_html.HtmlElement) -> None:
    for each in page.iter():
        if not isinstance(each.tag, str):
            continue
        inline = [a for a in each.attrib if a == "style" or a.startswith("on")]
        assert not inline, f"<{each.tag}> carries {inline}: our policy refuses it"
        assert each.tag != "style", "an inline style sheet"
        assert each.tag != "script" or (each.get("src") and not (each.text or "").strip()), "an inline script"
        for name in ("href", "src", "action"):
            address = (each.get(name) or "").strip().lower()
            assert not address.startswith(("javascript:", "data:text")), f"{name}={address!r}"


def _forms_complete(page: lxml_html.HtmlElement) -> None:
    for form in page.iter("form"):
        assert form.get("action") != "", "an empty action"  # none at all: to its own address
        if (form.get("method") or "get").lower() == "post":
            assert form.xpath(".//input[@name='csrf_token']"), f"no token in the form to {form.get('action')}"
    for field in page.xpath(f"//{LABELLED}"):
        name = field.get("id")
        labelled = (
            (name and page.xpath("//label[@for=$name]", name=name))
            or field.get("aria-label")
            or field.get("aria-labelledby")
            or field.xpath("ancestor::label")
        )
        assert labelled, f"the field {field.get('name')!r} has no label"
