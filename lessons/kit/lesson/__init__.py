"""What every lesson is made of. A lesson page is one script `lessons/<key>.py` that composes these.

    from lessons.i18n import _, prose
    from lessons.kit.lesson import …

    with lesson_page("how_ppo_works", question=_("…?"), summary=_("…"),
                     code=[Code("core/algorithms/advantages.py", "gae", _("Advantages from values"))]):
        …sections that begin with st.header…
        quiz("how_ppo_quiz", [QuizQuestion(_("…?"), (Choice(_("…"), True, _("because …")), Choice(…)))])

Everything is passed translated (`_("…")`); prose files are `lessons/<key>/<lang>.md` (`prose(key)`), shown with
`say(prose(key))` of `lessons/kit/glossary.py`, which explains each term where it first stands on the page.

page.py       `lesson_page(key, question=, summary=, code=)` – context manager: title, minutes, before/after, the
              opening question; at the end the one-line summary, the code in folds, links onward. Holds storage errors.
source.py     `Code(path, name, what)`, `show_code(*codes)`, `source(path, name)`: read from the file, no import.
predict.py    `predict(key, question, [Choice(text, right, reason)…], about=) -> bool`, `predict_number(key, question,
              low=, high=, step=, outcome=, tolerance=, reason=, about=) -> bool`: True once committed; show the outcome
              only then. `right` and `outcome` should come from the numbers on the page; `about` says which run and step
              those are of, since the learner's browser remembers the answer. `revealed(key, about)` asks elsewhere.
more.py       `with more(_("…"), key=):` a closed fold for what not everybody needs; a lesson has three screens of text.
no_screen.py  `with no_screen(key):` what a part says that has nothing to look at yet; present mode turns past it.
quiz.py       `quiz(key, [QuizQuestion(text, (Choice(text, right, reason), …))…])`: its own header and fragment;
              exactly one choice is right. The key stands in the catalogue, too (`check`), for the course map.
(lessons.kit.played: sub-steps of a stored step that play in the browser, with settings as sliders.)
stepper.py    `stepper([Sub(key, title, parts=1)…], key=, param="sub") -> Place(key, number, part)`: Back/Next (B/N),
              jump, "3 of 9", `?sub=gae.4`. Call it inside one st.fragment with what it shows. `where(subs)` only asks.
formula.py    `equation(latex)` instead of st.latex (which can scroll by 2 px, an axe violation);
              Roles: truth positive negative accent plain. `role_colour(role)` is the
              theme's #rrggbb.
strips.py     `token_strips([Row(name, label, tokens, values, note=, learner=, group=, marks=, spot=, hidden=, holes=,
              more=)…], key=, quantity=, kind="signed"|"ratio"|"plain"|"falling", domain=, link="token", marks=) ->
              Pick(row, at) | None`. learner: a colour ("blue", "orange", "green": also the truth, "pink"). marks:
              "high"/"low"/"frame"; what they mean, unless it is the clip's cuts, says `marks=`. Tokens may be any text.
frozen.py     `frozen("ppo") -> Frozen | None` (None: it said so on the page; leave the section out): `.run .learner
              .step .settings .samples .tokens` (trace tables, for core.insight.whatif) and `.groups` / `.telling`,
              each Group
              with `.replies`, `.mixed`, `.telling`; a Reply has `.tokens .reward .success .column(name, pass)`.
              `.passes` (μ) and `.gradients`, the passes at which gradients were taken: nothing is cut at others.
              `at_step(batch, step)` is another step of the same run, `beside(batch, "ppo")` another learner's;
              `stored_step(run, learner, step, made)` one of a run that goes on.
              `pick_group(batch, key=) -> Group` (`?group=`), `say_where(batch)`: the caption with run, step and seed.
              The link may name `?run=` and `?step=`.
figure.py     `figure(fig, key=, alt=, table=rows, height=)`: Plotly in the theme with description and table (scatter,
              bar and pie traces: what Plotly's basic build has);
              `line_colour("blue"|"orange"|"green"|"pink")`, `line_dash(…)` and `mark(…)` of the same colour.
worked.py     `Example`, `FOUR`, `work_out(example, settings) -> Numbers`, `Line`, `num`, `ppo_lines(settings)`,
              `worked(example, settings, lines, key=)`: the four-token example, walked line by line.
component.py  `mount("name", data, key=, on_picked=)`: your own ES module `lessons/board/frontend/lesson_<name>.js`.
engine.py     `engine()`: call before using torch; import torch and core.algorithms inside functions only.
"""

from lessons.board.component import mount, sent
from lessons.board.strips import Pick, Row, token_strips
from lessons.kit.lesson.engine import engine
from lessons.kit.lesson.figure import figure, line_colour, line_dash, mark
from lessons.kit.lesson.formula import equation, role_colour
from lessons.kit.lesson.frozen import Frozen, at_step, beside, frozen, of_run, pick_group, say_where, stored_step
from lessons.kit.lesson.more import more
from lessons.kit.lesson.no_screen import no_screen
from lessons.kit.lesson.page import lesson_page
from lessons.kit.lesson.predict import predict, predict_number, revealed
from lessons.kit.lesson.quiz import Choice, QuizQuestion, quiz
from lessons.kit.lesson.replies import Group, Reply
from lessons.kit.lesson.source import Code, show_code
from lessons.kit.lesson.stepper import Place, Sub, stepper, where
from lessons.kit.lesson.worked import FOUR, Example, Line, num, ppo_lines, result, work_out, worked

__all__ = [
    "FOUR",
    "Choice",
    "Code",
    "Example",
    "Frozen",
    "Group",
    "Line",
    "Pick",
    "Place",
    "QuizQuestion",
    "Reply",
    "Row",
    "Sub",
    "at_step",
    "beside",
    "engine",
    "equation",
    "figure",
    "frozen",
    "lesson_page",
    "line_colour",
    "line_dash",
    "mark",
    "more",
    "mount",
    "no_screen",
    "num",
    "of_run",
    "pick_group",
    "ppo_lines",
    "predict",
    "predict_number",
    "quiz",
    "result",
    "revealed",
    "role_colour",
    "say_where",
    "sent",
    "show_code",
    "stepper",
    "stored_step",
    "token_strips",
    "where",
    "work_out",
    "worked",
]
