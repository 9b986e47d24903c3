"""The lesson on a proxy that breaks: its numbers are the recorded study's, and each sentence follows from them."""

from __future__ import annotations

import itertools
import json
import statistics

import pytest

from core.algorithms.over_optimisation import Fit
from core.given_config import change
from core.insight import proxy_push
from core.insight import proxy_results as recorded
from core.insight.proxy_results import BestOf, PairAccuracy, PolicyPoint, Pushed, Study, SumsRun
from core.insight.seed_results import paired
from core.models import reward
from core.presets import preset
from lessons.i18n import LANGUAGES, use_language
from lessons.kit.lesson.worked import work_out
from lessons.kit.numbers import signed
from lessons.when_the_proxy_breaks import distance, example, labels, own, results
from lessons.when_the_proxy_breaks.results import Condition
from tests.lessons.real import commit, strips

KEY = "when-the-proxy-breaks"
CONDITIONS = list(itertools.product(recorded.PUSHED, recorded.NOISE, recorded.KL_COEFS))
#: Those of them that the file has: (labels, noise, KL coefficient), of the first learner and taste, and all.
ALL = sorted({(x.labels, x.noise, x.kl_coef, x.learner, x.taste) for x in recorded.read().pushed})
RECORDED = [x[:3] for x in ALL if x[3:] == (recorded.LEARNERS[0], recorded.TASTE)]
#: The worst labels that push a policy, and the best.
WORST, BEST = (recorded.PUSHED[0], recorded.NOISE[-1]), (recorded.PUSHED[-1], recorded.NOISE[0])


def made(gold=(0.3, 0.7, 0.4), *, agreement=0.9, sums=(0.6, 0.7), others=()) -> Study:
    """A study in which every condition went alike; seeds differ a little. `others`: more ((learner, taste), gold)."""
    study, ways = Study(), {("grpo", "warm"): gold, **dict(others)}
    for seed, off in ((0, 0.0), (1, 0.02), (2, -0.02)):
        for (count, noise, kl_coef), (way, curve) in itertools.product(CONDITIONS, ways.items()):
            points = [
                PolicyPoint(4 * i, (1.5 * i) ** 2, x + i * off, i * 0.5, f"Reply {i}.", x, 1.0)
                for i, x in enumerate(curve)
            ]
            study.pushed.append(Pushed(count, noise, kl_coef, seed, 0.25, 0.5, tuple(points), *way))
        for count, noise in itertools.product(recorded.PUSHED, recorded.NOISE):
            for taste in {taste for _learner, taste in ways}:
                golds = (0.3, 0.5 + off, 0.6)
                study.best_of.append(BestOf(count, noise, seed, (1, 4, 256), golds, (0.0, 0.8, 1.6), taste))
        for count, noise in itertools.product(recorded.LABELS, recorded.NOISE):
            study.agreement.append(PairAccuracy("reply", count, noise, seed, agreement + off))
        study.agreement.append(PairAccuracy(recorded.SUMS, recorded.SUM_LABELS, 0.0, seed, 0.9 + off))
        ends = zip(recorded.SUM_REWARDS, sums, strict=True)
        study.sums += [SumsRun(name, seed, 0.45, x + off * (1 + x)) for name, x in ends]
    return study


@pytest.fixture
def given(monkeypatch):
    """Puts a study in the place of the recorded one."""

    def put(study: Study) -> Study:
        monkeypatch.setattr(results, "study", lambda: study)
        return study

    return put


def texts(at) -> str:
    return "\n".join(str(x.value) for kind in ("markdown", "caption", "info", "success") for x in at.get(kind))


# -- the recorded study ------------------------------------------------------------------------------------------------


def test_every_condition_was_measured_with_five_seeds_as_the_study_is_set_up_now():
    study = recorded.read()
    stored = json.loads(recorded.RECORDED.read_text(encoding="utf-8"))["about"]
    assert {x: stored[x] for x in recorded.setup()} == recorded.setup()
    steps = list(range(0, recorded.STEPS + 1, recorded.EVERY))
    for known in ALL:
        runs = recorded.of_condition(study, *known)
        assert [x.seed for x in runs] == list(range(5)), known
        assert all([x.step for x in run.points] == steps for run in runs)
        choices = recorded.best_of_condition(study, *known[:2], known[4])
        assert [x.seed for x in choices] == list(range(5))
        assert all(x.n == recorded.BEST_OF for x in choices)
        config = change(proxy_push.config_of(recorded.PRESET, known[4]), {"kl_coef": known[2]})
        assert config.learner(known[3]).kl_coef == known[2]
        assert config.learner(known[3]).learning_rate == recorded.LEARNING_RATE
    for labels_of, kl_coef in itertools.product((WORST, BEST), recorded.KL_COEFS):
        assert (*labels_of, kl_coef, "ppo", recorded.TASTE) in ALL
    # Each control of the page has something to choose.
    assert all(len(set(x)) > 1 for x in zip(*RECORDED, strict=True))
    for noise in recorded.NOISE:
        counts = results.label_counts(noise)
        assert counts[0] < 20 < counts[-1]
        assert all(len(results.agreement(x, noise)) == 5 for x in counts)
    assert all(len(results.sums(x)) == 5 for x in recorded.SUM_REWARDS)


def test_every_learner_was_pushed_on_the_same_reward_models_from_the_same_start():
    """A seed's reward model is learnt again for each call of the study: what it says of the start's replies tells."""
    starts: dict[tuple, set] = {}
    for x in recorded.read().pushed:
        key = (x.labels, x.noise, x.seed, x.taste)
        starts.setdefault(key, set()).add((x.points[0], x.gold_spread, x.proxy_spread))
    assert {len(x) for x in starts.values()} == {1}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_picture_is_handed_the_recorded_means_and_replies(open_page, lang):
    at = open_page(KEY, lang=lang)
    assert not at.exception
    assert not at.error
    first = results.conditions()[0]
    runs = recorded.of_condition(recorded.read(), first.labels, first.noise, first.kl_coef)
    sent = strips(at, "proxy_race")
    proxy, gold = sent["racers"]
    ends = [(x.points[-1].gold - x.points[0].gold) / x.gold_spread for x in runs]
    assert gold["mean"][-1] == pytest.approx(statistics.fmean(ends), abs=1e-3)
    assert gold["spread"][-1] == pytest.approx(statistics.stdev(ends), abs=1e-3)
    ends = [(x.points[-1].proxy - x.points[0].proxy) / x.proxy_spread for x in runs]
    assert proxy["mean"][-1] == pytest.approx(statistics.fmean(ends), abs=1e-3)
    assert len(sent["says"]) == len(proxy["mean"]) + 1
    assert all(point.reply in words for point, words in zip(runs[0].points, sent["says"][1:], strict=True))


def test_the_page_opens_with_a_proxy_that_rises_while_gold_falls():
    """What the lesson is about is to be seen in the condition that it opens with, in most of its seeds."""
    first = results.conditions()[0]
    known = results.fall(first)
    assert known.best - known.final > 0.1
    assert known.broke > known.seeds / 2
    pushed = results.proxy(first)[0]
    assert pushed[-1] > pushed[known.best_step // recorded.EVERY]


@pytest.mark.parametrize("known", ALL)
def test_each_conditions_sentence_and_table_follow_from_its_runs(open_page, known):
    count, noise, kl_coef, learner, taste = known
    chosen = {"labels": f"{count:g}", "noise": f"{noise:g}", "kl": f"{kl_coef:g}", "learner": learner, "taste": taste}
    at = open_page(KEY, lang="en", **chosen)
    assert not at.exception
    shown, condition = texts(at), Condition(*known)
    fall = results.fall(condition)
    assert f"{fall.final:.2f}" in shown
    assert f"In {fall.broke} of {fall.seeds} runs" in shown
    assert ("It **fell** by" in shown) == (fall.fallen.low > 0 and fall.best_step < recorded.STEPS)
    for fit in (results.rl_fit(condition), results.best_of_fit(condition)):
        assert isinstance(fit, Fit)
        name = learner.upper() if fit.form == "rl" else "best of n"
        row = next(x for x in shown.splitlines() if x.startswith(f"| {name} | ") and f"{fit.residual:.2f}" in x)
        assert f"{fit.alpha:+.3f}".replace("-", "−") in row
        assert f"{fit.residual:.2f}" in row


@pytest.mark.parametrize("known", ALL)
def test_how_far_a_way_came_is_how_far_its_points_are_drawn(known):
    for way in distance.ways(Condition(*known)):
        furthest, end, sentence = max(way.far), way.far[-1], distance._end(way)
        assert f"{furthest:.1f}" in sentence
        assert f"{end:.1f}: proxy {signed(way.proxy[0][-1])}, gold {signed(way.gold[0][-1])}" in sentence


@pytest.mark.parametrize("lang", LANGUAGES)
def test_ppo_is_beside_grpo_in_the_chart_and_the_table(open_page, lang):
    own = {"labels": f"{WORST[0]}", "noise": f"{WORST[1]:g}", "kl": "0"}
    at = open_page(KEY, lang=lang, **own)
    shown = texts(at)
    ppo, grpo = (Condition(*WORST, 0.0, x) for x in ("ppo", "grpo"))
    assert [x.name for x in distance.ways(grpo)][:2] == ["GRPO", "PPO"]
    assert [x.name for x in distance.ways(ppo)][:2] == ["PPO", "GRPO"]
    for x in (ppo, grpo):
        fit, known = results.rl_fit(x), results.fall(x)
        title = x.learner.upper()
        line = next(y for y in shown.splitlines() if y.startswith(f"| {title} | "))
        assert signed(fit.alpha, 3) in line
        assert signed(fit.beta, 3) in line
        line = next(y for y in shown.splitlines() if f" | {title} | " in y)
        fallen = f"{known.fallen.mean:.2f}" if known.best_step < recorded.STEPS else ""
        assert f" {known.best:.2f} | {known.final:.2f} | {fallen}" in line
    ends = [[run.points[-1].gold for run in results.runs(x)] for x in (ppo, grpo)]
    gap = paired(*ends)
    assert signed(gap.mean, 3) in shown
    if lang == "en":
        apart = gap.low > 0 or gap.high < 0
        line = next(x for x in shown.splitlines() if "gold in the end:" in x and "“Warm”" in x)
        assert ("do not tell them apart" in line) == (not apart)


# -- sentences on other studies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gold", "words"),
    [
        ((0.3, 0.7, 0.4), "It **fell** by 0.30"),
        ((0.3, 0.705, 0.7), "3 seeds do not tell the two apart"),
        ((0.3, 0.5, 0.7), "is highest in the end: 0.70"),
    ],
)
def test_a_fall_is_said_where_the_seeds_tell_it(open_page, given, monkeypatch, gold, words):
    given(made(gold))
    monkeypatch.setattr("core.insight.proxy_results.STEPS", 8)
    assert words in texts(open_page(KEY, lang="en"))


def test_each_taste_and_learner_is_told_by_its_own_numbers(open_page, given):
    """Where the first taste's gold falls and the second's does not; where PPO ends above GRPO, and where not."""
    rises = (0.3, 0.5, 0.7)
    given(made(others=[(("ppo", "warm"), rises), (("grpo", "short"), rises), (("ppo", "short"), rises)]))
    shown = texts(open_page(KEY, lang="en"))
    assert "Taste “Warm”: in 8 of 16 recorded conditions the seeds tell that gold fell; 24 of 48 runs broke." in shown
    assert "Taste “Short”: in 0 of 16 recorded conditions the seeds tell that gold fell; 0 of 48 runs broke." in shown
    assert "Taste “Warm”, gold in the end: **PPO** − GRPO: +0.300" in shown
    assert f"Taste “Short”, gold in the end: **PPO** − GRPO: {signed(0.0, 3)}" in shown
    assert "3 seeds do not tell them apart" in shown
    assert "Press play: GRPO trains" in strips(open_page(KEY, lang="en"), "proxy_race")["says"][0]
    at = open_page(KEY, lang="en", taste="short", learner="ppo")
    assert "Press play: PPO trains" in strips(at, "proxy_race")["says"][0]
    assert "was highest after 8 steps, 0.70" in texts(at)


def test_a_taste_or_learner_that_is_not_recorded_is_not_offered(open_page, given):
    given(made())
    at = open_page(KEY, lang="en", taste="short", learner="ppo")
    assert not at.exception
    assert "It **fell** by 0.30" in texts(at)
    assert "Taste “Short”" not in texts(at)


def test_near_chance_is_said_with_the_numbers_of_labels(given):
    with use_language("en"):
        given(made(agreement=0.9))
        assert labels.chance_words().startswith("Near chance it was nowhere: with 5 labels")
        study = given(made(agreement=0.9))
        study.agreement = [
            PairAccuracy(
                x.task, x.labels, x.noise, x.seed, 0.48 + 0.02 * x.seed if x.labels < 20 and x.noise else x.accuracy
            )
            for x in study.agreement
        ]
        assert labels.chance_words() == "Not told from a coin, with labels: 25 % flipped: 5, 10."


@pytest.mark.parametrize(("sums", "right"), [((0.6, 0.7), 0), ((0.7, 0.7), 1), ((0.8, 0.7), 2)])
def test_which_learner_wins_on_sums_is_what_was_measured(given, sums, right):
    from lessons.when_the_proxy_breaks import sums as section

    given(made(sums=sums))
    with use_language("en"):
        assert [x.right for x in section._choices()] == [i == right for i in range(3)]


def test_nothing_recorded_is_said(open_page, given):
    given(Study())
    at = open_page(KEY, lang="en")
    assert not at.exception
    assert "This is not recorded here yet." in texts(at)


# -- the page's parts --------------------------------------------------------------------------------------------------


def test_what_is_predicted_is_shown_only_afterwards(open_page):
    at = open_page(KEY, lang="en")
    hidden = f"{statistics.fmean(results.agreement(results.label_counts(0.0)[-1], 0.0)):.3f} ± "
    assert "Share of unseen pairs" not in texts(at)
    assert "always: it makes the labels" not in texts(at)
    at.button(key="proxy_labels_commit").click().run()
    assert not at.exception
    assert "Share of unseen pairs" in texts(at)
    assert any(hidden in x.proto.body for x in at.get("html"))
    assert "always: it makes the labels" in texts(commit(at))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("paid", ["proxy", "gold"])
@pytest.mark.parametrize("line", ["logprob-old", "advantage", "logprob", "ratio", "objective"])
def test_every_line_of_the_example_comes_up(open_page, given, lang, paid, line):
    given(made())
    at = open_page(KEY, lang=lang, **{f"proxy_ex_{paid}": line})
    assert not at.exception
    assert not at.error


def test_the_proxy_pays_what_the_taste_does_not():
    """The reply that is worked out is the group's best by the proxy and its worst by the taste."""
    gold = example.gold()
    assert example.PROXY[0] == max(example.PROXY)
    assert gold[0] == min(gold) < max(gold)
    assert work_out(example.example(example.PROXY), example.SETTINGS)["advantage"][0] > 0
    assert work_out(example.example(gold), example.SETTINGS)["advantage"][0] < 0
    assert "".join(f" {x}" for x in example.example(gold).tokens[:2]).strip() + "." == example.REPLIES[0]


def test_a_kept_reward_model_goes_to_the_lab(open_page, given, store, tmp_path):
    given(made())
    at = open_page(KEY, lang="en")
    assert f"No reward model of the task `{own.PRESET}` is kept here yet." in texts(at)
    learnt = proxy_push.learn("reply", 20, 0.0, 0)
    card = learnt.trainer.keep("proxy")
    assert own.kept() == reward.names() == [card.name]
    at = open_page(KEY, lang="en")
    at.slider(key="proxy_kl").set_value(0.05)
    at.button(key="proxy_lab").click().run()
    assert at.title[0].value == "Lab"
    typed = at.session_state["lab_typed"]
    assert typed["grpo.reward_model"] == typed["ppo.reward_model"] == card.name
    assert typed["grpo.kl_coef"] == "0.05"
    assert typed["grpo.learning_rate"] == typed["ppo.learning_rate"] == "0.0008"
    config = change(preset("reply"), {x: y for x, y in typed.items() if not x.endswith("kl_coef")})
    assert {x.reward for x in config.learners} == {"reward-model"}


def test_a_reward_model_is_trained_by_a_run_of_its_own(open_page, given, store, launcher):
    given(made())
    at = open_page(KEY, lang="en")
    at.select_slider(key="proxy_pairs").set_value(200)
    at.slider(key="proxy_noise").set_value(10)
    at.button(key="proxy_train").click().run()
    assert not at.exception
    assert at.title[0].value == "Lab"
    [run_id] = launcher.started
    config = store.get(run_id).config
    [learner] = config.learners
    assert (learner.algorithm, learner.judge_pairs, learner.judge_noise) == ("reward-model", 200, 0.1)
    assert config.task == preset(own.PRESET).task


def test_a_server_that_trains_nothing_says_so(open_page, given, monkeypatch):
    from core.errors import Message

    given(made())
    monkeypatch.setattr("lessons.shared.training_off", lambda: Message("Nothing is trained here."))
    at = open_page(KEY, lang="en")
    button = at.button(key="proxy_train")
    assert button.disabled
    assert button.help == r"Nothing is trained here\."
