"""The front door: which pages there are, in which language, and the chrome around them. Nothing else.

Streamlit executes this file twice: once imported, for the ASGI app with the lab's own routes, and once per page view as
`__main__`, for the page.
"""

from __future__ import annotations

import streamlit as st


def page() -> None:
    from lessons.i18n import language, use_language
    from lessons.kit import chrome, present

    chrome.remember_language()
    present.remember_present()
    # A view asks for its language some hundred times, and nothing in it changes it: it is looked up once.
    with use_language(language()):
        view()


def view() -> None:
    from lessons.catalog import LESSONS
    from lessons.i18n import _
    from lessons.kit import chrome, glossary, present, remembered, to_lab

    # The icon comes first and from here: a page's Material symbol as favicon would be fetched from a font service.
    st.set_page_config(page_icon=chrome.ICON, layout="wide", initial_sidebar_state=300)
    pages = [
        st.Page(lesson.path, title=_(lesson.title), icon=lesson.icon, url_path=lesson.key, default=lesson.default)
        for lesson in LESSONS
    ]
    # A flat list: navigation with sections has accessibility violations of Streamlit's own.
    # All at once: what a folded list says ("View 3 more") is Streamlit's own and English in every language.
    chosen = st.navigation(pages, expanded=True)
    st.set_page_config(page_title=f"{chosen.title} · Credit Lab", page_icon=chrome.ICON)
    to_lab.remember_page(LESSONS[pages.index(chosen)].key)
    chrome.wordmark()
    with st.sidebar:
        chrome.language_switch()
        present.present_switch()
        remembered.forget_me()
        remembered.browser_memory()
    chrome.document_language()
    chrome.style()
    present.present_bar()
    chrome.server_notices()
    glossary.begin()
    glossary.explanations()
    chosen.run()


if __name__ == "__main__":
    page()
else:
    from lessons.server import lifespan, middleware, routes

    app = st.App(__file__, routes=routes(), lifespan=lifespan, middleware=middleware())
