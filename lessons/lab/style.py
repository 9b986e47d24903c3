"""The lab's own style rules: they count on its page alone, and go with every document (lessons/early_style.py)."""

#: The first screen is for tokens and curves: the page begins beside the app's own header, its margins are narrow, and
#: the settings, folded, are one of the buttons. No theme token sets any of it.
STYLE = """<style>
[data-testid=stMainBlockContainer]:has(.st-key-lab_controls) { padding: 0.65rem 1.5rem 5rem; }
[data-testid=stMainBlockContainer]:has(.st-key-lab_controls) > [data-testid=stVerticalBlock] { gap: 0.4rem; }
/* What the keyboard comes to is not left behind the tour's offer, which stands at the foot of the window. */
[data-testid=stMain]:has(.st-key-lab_controls) { scroll-padding-bottom: 5rem; }
.st-key-lab_title { position: relative; z-index: 999991; width: calc(100% - 3rem); min-height: 2.2rem; row-gap: 0; }
[data-testid=stApp]:has([data-testid=stExpandSidebarButton]) .st-key-lab_title { padding-inline-start: 2.2rem; }
html .st-key-lab_title h1 { font-size: 1.55rem; padding: 0; }
.st-key-lab_controls :is(button, summary) { padding-inline: 0.4rem; min-height: 2.25rem; }
.st-key-lab_controls .st-key-lab_start { max-width: 20rem; }
/* Its label names a preset, which may be long: in two lines it is as high as the other buttons, and not cut. */
html .st-key-lab_controls .st-key-lab_start button :is(div, span, p) { line-height: 1.15; }
html .st-key-lab_controls .st-key-lab_start button p { font-size: 0.8rem; text-wrap: balance; }
html .st-key-lab_controls .st-key-lab_start button { padding-block: 0; }
@media (min-width: 901px) { /* its label gives way, so that the controls keep to one row */
  .st-key-lab_controls .st-key-lab_start { flex: 1 1 9rem; width: auto; max-width: max-content; }
}
@container style(--presenting: 1) { .st-key-lab_controls .st-key-lab_start { max-width: 13rem; } }
.st-key-lab_controls > :has(.st-key-lab_tour) { width: max-content; flex: 0 0 auto; }
.st-key-lab_controls :has(> .st-key-lab_tour) { gap: 0; }
.st-key-lab_controls .st-key-lab_settings:not(:has(> * > details[open])) { width: max-content; flex: 0 0 auto; }
.st-key-lab_controls .st-key-lab_settings:has(> * > details[open]) { order: 1; flex: 1 0 100%; }
.st-key-lab_named { row-gap: 0; }
.st-key-lab_back { margin-inline-start: auto; }
.st-key-lab_named [data-testid=stTextInputRootElement] { height: 1.9rem; min-height: 0; background: transparent; }
.st-key-lab_named input { padding-block: 0.1rem; padding-inline: 0.4rem; font-weight: 600; }
@media (max-width: 768px) {
  [data-testid=stMainBlockContainer]:has(.st-key-lab_controls) { padding: 3.6rem 1rem 2rem; }
  [data-testid=stApp]:has([data-testid]) .st-key-lab_title { width: 100%; padding-inline-start: 0; }
}
</style>"""
