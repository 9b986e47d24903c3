"""Which labels of a page's controls are cut: what does not fit is hidden, or ends in "…"."""

from __future__ import annotations

from playwright.sync_api import Page

#: A line for each control of which a label, or a part of it, is wider or higher than what is seen of it.
CUT = """() => {
  const CONTROLS = 'button, a, summary, label, select, [role=button], [role=tab], [role=radio], [role=combobox], '
    + '[data-baseweb=select], [data-testid=stWidgetLabel]';
  const pen = document.createElement('canvas').getContext('2d'), cut = [];
  const isSeen = e => e.checkVisibility({visibilityProperty: true, opacityProperty: true}) && e.clientWidth > 3;
  const needs = select => {
    const style = getComputedStyle(select);
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const text = select.selectedOptions[0]?.textContent ?? '';
    return pen.measureText(text).width + parseFloat(style.paddingLeft) + parseFloat(style.paddingRight) + 14;
  };
  const look = (part, control) => {
    if (!part.textContent.trim() || !isSeen(part)) return;
    if (part.closest('[aria-hidden=true]')) return; // drawn in a picture's box, and said whole beside it
    const style = getComputedStyle(part), hides = x => x === 'hidden' || x === 'clip';
    const wide = hides(style.overflowX) && part.scrollWidth > part.clientWidth + 1;
    const own = [...part.childNodes].some(x => x.nodeType === 3 && x.data.trim());
    const high = own && hides(style.overflowY) && part.scrollHeight > part.clientHeight + 8; // letters are high
    if (!(wide || high) || part.clientHeight <= 3) return;
    cut.push(`${control.tagName.toLowerCase()} “${part.textContent.trim().slice(0, 80)}”`);
  };
  const walk = root => {
    for (const e of root.querySelectorAll('*')) {
      if (e.shadowRoot) walk(e.shadowRoot);
      if (!e.matches(CONTROLS) || !isSeen(e)) continue;
      if (e.matches('select')) {
        if (needs(e) > e.clientWidth + 2) cut.push(`select “${e.selectedOptions[0]?.textContent}”`);
      } else for (const part of [e, ...e.querySelectorAll('*')]) look(part, e);
    }
  };
  walk(document);
  return [...new Set(cut)];
}"""


def cut_labels(page: Page) -> list[str]:
    """The labels that are cut on the screen, or on the part of the page that is open."""
    return list(page.evaluate(CUT))
