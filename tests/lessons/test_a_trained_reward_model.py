"""The lesson on a trained reward model: a pair's numbers are core's, labels are kept, files are escaped."""

from __future__ import annotations

import json
import math

import pytest

from core.insight import reward_example
from core.rewards.preferences import MOST_PREFERENCES, Preference, read, to_json
from core.tasks.tastes import TASTES
from lessons.a_trained_reward_model import check, example, files, labelling, labels, person, picture
from lessons.i18n import LANGUAGES, use_language
from lessons.kit import remembered
from tests.lessons.real import strips

KEY = "a-trained-reward-model"
RECORDED = reward_example.read()
assert RECORDED is not None
PROMPT, GOOD, BAD = RECORDED.pool[0]


def preference(**changes: object) -> Preference:
    values = {"prompt": PROMPT, "a": GOOD, "b": BAD, "preferred": "a", **changes}
    return Preference.model_validate(values)


# -- what was recorded -------------------------------------------------------------------------------------------------


def test_the_recorded_example_shows_what_the_page_says() -> None:
    """A head of zeros at first; at the end the shown pairs are apart as labelled, and the loss is smaller."""
    assert RECORDED is not None
    assert len(RECORDED.pool) == reward_example.POOL
    assert len(RECORDED.shown) == reward_example.SHOWN
    assert RECORDED.heldout_losses[0] == pytest.approx(math.log(2), abs=1e-4)
    assert RECORDED.heldout_losses[-1] < 0.5 * RECORDED.heldout_losses[0]
    assert len(RECORDED.heldout_losses) == len(RECORDED.losses) + 1
    assert RECORDED.learnt + RECORDED.heldout == RECORDED.labels
    known = {(x.prompt, x.chosen, x.rejected) for x in reward_example.labelled(RECORDED.pool)}
    for pair in RECORDED.shown:
        assert (pair.prompt, pair.chosen, pair.rejected) in known
        assert pair.chosen_scores[0] == pair.rejected_scores[0] == 0
        assert pair.chosen_scores[-1] > pair.rejected_scores[-1]
    score = TASTES[reward_example.TASTE].score
    prompt, chosen, rejected = reward_example.WORKED
    assert score(prompt, chosen) > score(prompt, rejected)
    assert (prompt, {chosen, rejected}) not in [(x, {y, z}) for x, y, z in RECORDED.pool], "nobody learnt from it"
    assert len(RECORDED.worked[0].tokens) == 4


def test_the_recorded_example_can_be_made_again() -> None:
    """The pool is the start policy's, and the first updates give the recorded numbers."""
    from core.presets import preset
    from core.training.pairs import sampled_pairs
    from core.training.reward_model import RewardModelSettings, RewardTrainer

    assert RECORDED is not None
    config = preset(reward_example.PRESET)
    assert tuple(sampled_pairs(config, 12, reward_example.SEED)) == RECORDED.pool[:12]
    settings = RewardModelSettings(model=config.model, seed=reward_example.SEED, eval_every=1, device="cpu")
    trainer = RewardTrainer(settings, reward_example.labelled(RECORDED.pool))
    steps = trainer.steps()
    for made in (next(steps) for _ in range(4)):
        assert made.heldout is not None
        assert made.heldout.loss == pytest.approx(RECORDED.heldout_losses[made.step], abs=2e-3)
        if made.loss is not None:
            assert made.loss == pytest.approx(RECORDED.losses[made.step - 1], abs=2e-3)


def test_another_version_of_the_file_is_refused(tmp_path) -> None:
    file = tmp_path / "other.json"
    file.write_text(json.dumps({"about": {"version": 99}, "example": {}}))
    with pytest.raises(ValueError, match="version 99"):
        reward_example.read(file)
    assert reward_example.read(tmp_path / "none.json") is None


def test_the_pictures_sentences_count_what_is_drawn() -> None:
    assert RECORDED is not None
    sent = picture.data(RECORDED)
    last = len(RECORDED.losses)
    for at in (1, last // 2, last):
        right = sum(x["chosen_rewards"][at] > x["rejected_rewards"][at] for x in sent["pairs"])
        assert f"in {right} of these {len(sent['pairs'])} pairs" in sent["says"][at]
        for pair in sent["pairs"]:
            margin = pair["chosen_rewards"][at] - pair["rejected_rewards"][at]
            assert pair["sure"][at] == pytest.approx(1 / (1 + math.exp(-margin)), abs=1e-4)
        mean = sum(x["chosen_rewards"][at] for x in sent["pairs"]) / len(sent["pairs"])
        assert sent["means"][0][at] == pytest.approx(mean, abs=1e-3)
    assert len(sent["says"]) == last + 1


@pytest.mark.parametrize("rewards", [(0.0, 0.0), (1.25, -0.75), (-2.0, 1.5)])
def test_the_worked_numbers_are_the_losss_and_its_slope(rewards: tuple[float, float]) -> None:
    """Against the closed form, and finite differences of it."""

    def loss(j: float, k: float) -> float:
        return math.log1p(math.exp(-(j - k)))

    j, k = rewards
    of = example.work_out(j, k)
    assert of.loss == pytest.approx(loss(j, k))
    assert of.sure == pytest.approx(math.exp(-loss(j, k)))
    assert of.chosen_gradient == pytest.approx((loss(j + 1e-5, k) - loss(j - 1e-5, k)) / 2e-5, abs=1e-6)
    assert of.rejected_gradient == pytest.approx((loss(j, k + 1e-5) - loss(j, k - 1e-5)) / 2e-5, abs=1e-6)
    assert len(example.lines(of)) == len(example.subs()) - 2


def test_what_the_quiz_says_of_a_constant_and_of_two_people_is_so() -> None:
    moved, still = example.work_out(6.0, 5.5), example.work_out(1.0, 0.5)
    assert moved.loss == pytest.approx(still.loss)
    both = [example.work_out(m / 10, 0).loss + example.work_out(0, m / 10).loss for m in range(-20, 21)]
    assert min(range(41), key=both.__getitem__) == 20, "least where both rewards are the same"
    assert [sum(x.right for x in q.choices) for q in check.questions()] == [1, 1, 1]


# -- labels ------------------------------------------------------------------------------------------------------------


def test_the_judge_likes_what_its_taste_likes_and_errs_as_told() -> None:
    score = TASTES["short"].score
    sure = labels.judged("short", 200, 0)
    assert all(score(x.prompt, x.chosen) > score(x.prompt, x.rejected) for x in sure)
    assert labels.agreement(sure)["short"] == (len(sure), len(sure))
    wrong = [score(x.prompt, x.chosen) < score(x.prompt, x.rejected) for x in labels.judged("short", 200, 30)]
    assert 0.2 < sum(wrong) / len(wrong) < 0.4
    assert len(labels.judged("short", 20, 0)) <= 20


def test_letters_that_no_browser_may_send_are_not_kept() -> None:
    count = len(labels.pool())
    assert labels.is_letters("ab=-" + "-" * (count - 4))
    for bad in ("", "a" * (count - 1), "x" + "a" * (count - 1), 7, None, ["a"] * count, "a" * (count - 1) + "\n"):
        assert not labels.is_letters(bad)


def test_a_word_that_the_model_does_not_know_is_refused_with_its_place() -> None:
    assert files.readable((preference(),)) == (preference(),)
    with pytest.raises(ValueError, match=r"preference 2: .*'dragon'"):
        files.readable((preference(), preference(b="Your dragon will come.")))
    with pytest.raises(ValueError, match=r"does not know '<'"):
        files.readable((preference(a="<script>alert(1)</script>"),))


# -- the page ----------------------------------------------------------------------------------------------------------


def with_letters(at, text: str, name: str = "me"):
    """The page as it is once the browser's memory has come."""
    at.session_state["memory_entries"] = {labels.entry(): (text, 1), "labels/name": (name, 1)}
    return at.run()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_comes_up_with_its_picture_and_first_batch(open_page, lang: str) -> None:
    at = open_page(KEY, lang=lang)
    assert not at.exception
    assert not at.error
    assert RECORDED is not None
    assert len(strips(at, "rm_picture")["pairs"]) == len(RECORDED.shown)
    sent = strips(at, labelling.KEY)
    assert [tuple(x) for x in sent["pairs"]] == list(RECORDED.pool[: labels.BATCH])
    assert set(sent["labels"]) == {"-"}
    with use_language(lang):
        assert sent["words"]["undo"] == labelling.data(1, 10)["words"]["undo"]


def test_labels_count_as_weighed_and_resemble_a_taste(open_page) -> None:
    at = open_page(KEY, lang="en")
    score = TASTES["short"].score
    mine = "".join("a" if score(x, a) > score(x, b) else "b" for x, a, b in labels.pool()[:20])
    at = with_letters(at, mine + "-" * 180)
    assert any("most with: **Short" in x.value for x in at.markdown), [x.value for x in at.markdown][-10:]
    at.query_params["weight"] = "7"
    at.run()
    assert any("| me | 20 | 140 |" in x.value for x in at.markdown)
    at.query_params["judge"], at.query_params["count"] = "warm", "50"
    at.run()
    count = len(labels.judged("warm", 50, 0))
    assert any(f"judge\\-warm | {count} | {count} |" in x.value for x in at.markdown)
    at.button(key="rm_reset").click()
    at.run()
    assert set(strips(at, labelling.KEY)["labels"]) == {"-"}
    assert strips(at, labelling.KEY)["epoch"] == 1
    assert not any("| me |" in x.value for x in at.markdown)


def test_what_is_forgotten_is_not_told_again_by_the_box_that_had_it(open_page) -> None:
    """It shows what was labelled in it, over what the server has, until the letters are of another epoch."""
    at = with_letters(open_page(KEY, lang="en"), "ab_" + "-" * 197)
    before = strips(at, labelling.KEY)
    assert (before["labels"][:4], before["taken_back"]) == ("ab--", [2])
    at.button(key="memory_forget").click().run()
    after = strips(at, labelling.KEY)
    assert set(after["labels"]) == {"-"}
    assert after["epoch"] != before["epoch"]
    assert after["taken_back"] == []


def test_a_link_names_the_batch_and_no_other_than_there_is(open_page) -> None:
    at = open_page(KEY, lang="en", batch="3")
    assert strips(at, labelling.KEY)["first"] == 40
    at.query_params["batch"] = "99"
    at.run()
    assert strips(at, labelling.KEY)["first"] == 0


def test_files_come_in_with_their_senders_and_hostile_ones_say_why(open_page) -> None:
    at = open_page(KEY, lang="en")
    other = to_json([preference(preferred="b", weight=5, source="Mo `<b>`")])
    hostile = json.dumps(
        {"version": 1, "preferences": [{"prompt": "<img src=x onerror=alert(1)>", "a": "x", "b": "y"}]}
    )
    sent = [("mo.json", other.encode()), ("[x](javascript:alert(1)).json", hostile.encode())]
    at.file_uploader(key=files.UPLOAD).set_value([(*x, "application/json") for x in sent]).run()
    assert not at.exception
    assert any(r"Mo \`\<b\>\` | 1 | 5 |" in x.value for x in at.markdown)
    [problem] = [x.value for x in at.error]
    assert r"\[x\]\(javascript\:alert\(1\)\)\.json" in problem
    at.button(key="rm_clear").click()
    at.run()
    assert not at.error
    assert any("No labels yet" in x.value for x in at.caption)


def test_two_peoples_files_of_one_name_are_two(open_page) -> None:
    """Downloads of people whose names have no ASCII letter are all called labels.json."""
    at = open_page(KEY, lang="en")
    sent = [to_json([preference(preferred=x, source=y)]).encode() for x, y in (("a", "王"), ("b", "李"))]
    at.file_uploader(key=files.UPLOAD).set_value([("labels.json", x, "application/json") for x in sent]).run()
    assert not at.exception
    for who in "王李":
        assert any(f"{who} | 1 | 1 |" in x.value for x in at.markdown), who
    at.file_uploader(key=files.UPLOAD).set_value([("labels.json", sent[1], "application/json")]).run()
    assert not any("王 | 1 | 1 |" in x.value for x in at.markdown), "what was taken out counts no more"
    assert any("李 | 1 | 1 |" in x.value for x in at.markdown)


def test_files_stay_while_other_pages_are_read(open_page) -> None:
    """The uploader is empty then: a further file came in, and the first one's labels were gone without a word."""
    at = open_page(KEY, lang="en")
    one, two = (to_json([preference(source=x)]).encode() for x in ("Ada", "Bo"))
    at.file_uploader(key=files.UPLOAD).set_value([("ada.json", one, "application/json")]).run()
    again = open_page(KEY, lang="en")
    for key in (labels.FILES, files.BEFORE):
        again.session_state[key] = at.session_state[key]
    again.run()
    again.file_uploader(key=files.UPLOAD).set_value([("bo.json", two, "application/json")]).run()
    for who in ("Ada", "Bo"):
        assert any(f"{who} | 1 | 1 |" in x.value for x in again.markdown), who


def test_too_many_labels_together_are_refused_in_a_sentence(open_page) -> None:
    at = open_page(KEY, lang="en")
    many = tuple(preference(source=f"p{n}") for n in range(MOST_PREFERENCES + 1))
    at.session_state[labels.FILES] = {"many": many}
    at.run()
    assert not at.exception
    assert any(str(MOST_PREFERENCES) in x.value for x in at.error)


def test_a_file_that_names_thousands_lists_some_of_them_and_how_many_there_are(open_page) -> None:
    at = open_page(KEY, lang="en")
    at.session_state[labels.FILES] = {"many": tuple(preference(source=f"p{n}") for n in range(3000))}
    at.run()
    [listed] = [x.value for x in at.markdown if "whose labels" in x.value]
    assert listed.count(" | 1 | 1 |") == files.MOST_SOURCES
    assert any("… and 2,980 more" in x.value for x in at.caption)


def test_what_is_downloaded_is_read_again(open_page) -> None:
    at = with_letters(open_page(KEY, lang="en"), "ab=" + "-" * 197)
    assert not at.exception
    with use_language("en"):
        mine = [preference(preferred="a", source="me")]
        again = read(to_json(mine))
    assert again[0].source == "me"
    rows = [x.value for x in at.markdown if "whose label" in x.value]
    assert any("| me | 2 | 2 |" in x for x in rows), rows


def test_the_worked_example_goes_to_its_end(open_page) -> None:
    at = open_page(KEY, lang="en", rm_ex="gradient", update="0")
    assert not at.exception
    assert any(r"\approx -0.5" in x.value for x in at.latex)


# -- two tabs ----------------------------------------------------------------------------------------------------------


def test_what_another_tab_labelled_comes_in_beside_ones_own(open_page) -> None:
    """Two tabs of one person: the letters of the later one took the place of the other's."""
    count = len(labels.pool())
    mine, others = "a_b" + "-" * (count - 3), "-abb" + "-" * (count - 4)
    at = with_letters(open_page(KEY, lang="en"), mine)
    entry = labels.entry()
    for when in (20, 5):  # the other tab's are newer, or older
        at.session_state["memory_entries"] = {entry: (mine, 10), "labels/name": ("me", 1)}
        at.session_state["memory"] = {"kept": {"entries": {entry: [others, when]}}}
        known = received(at)
        expected = "aabb" if when == 20 else "a_bb"
        assert known[entry][0] == expected + "-" * (count - 4)


def test_labels_that_the_browser_kept_by_itself_get_a_name_that_stays(open_page) -> None:
    """Their page was left before the server heard of them: each reload drew another name for whose they are."""
    at = open_page(KEY, lang="en")
    letters = "ab" + "-" * (len(labels.pool()) - 2)
    at.session_state["memory_entries"] = {labels.entry(): (letters, 1)}
    at.run()
    name = at.session_state["memory_entries"]["labels/name"][0]
    assert name in at.session_state["rm_name"]


def test_a_name_that_the_browser_remembers_is_no_page_view_s_to_replace(open_page) -> None:
    """A name was drawn, newer than it, before the browser had said it: each reload took somebody's name."""
    at = open_page(KEY, lang="en")
    drawn = at.text_input(key="rm_name").value
    at.session_state["memory"] = {"kept": {"entries": {"labels/name": ["Ada", 5]}}}
    at.session_state["memory_entries"] = dict(at.session_state["memory_entries"])
    known = received(at)
    assert known["labels/name"] == ("Ada", 5)
    at.run()
    [field] = [x for x in at.text_input if x.label.startswith("Whose labels")]
    assert field.value == "Ada"
    field.set_value("Bo").run()
    assert at.session_state["memory_entries"]["labels/name"][0] == "Bo"
    [field] = [x for x in at.text_input if x.label.startswith("Whose labels")]
    assert field.value == "Bo"
    field.set_value("  ").run()
    [field] = [x for x in at.text_input if x.label.startswith("Whose labels")]
    assert field.value == "Bo"
    at.button(key="memory_forget").click().run()
    [field] = [x for x in at.text_input if x.label.startswith("Whose labels")]
    assert person.is_drawn(field.value)
    assert field.value != drawn
    assert "labels/name" not in at.session_state["memory_entries"]


def received(at):
    """What the session knows once the browser has said what only it knows."""
    with pytest.MonkeyPatch.context() as patch:
        state = {x: at.session_state[x] for x in ("memory_entries", "memory")}
        patch.setattr(remembered.st, "session_state", state)
        remembered._receive()
    return state["memory_entries"]


def test_what_a_tab_says_takes_no_letter_of_another_away(open_page, monkeypatch) -> None:
    kept = {labels.entry(): "ab" + "-" * (len(labels.pool()) - 2)}
    monkeypatch.setattr(labels, "recall", kept.get)
    monkeypatch.setattr(labels, "remember", kept.__setitem__)
    labels.keep("--a" + "-" * (len(labels.pool()) - 3))
    assert labels.letters()[:4] == "aba-"
    labels.keep("_-" + "-" * (len(labels.pool()) - 2))
    assert labels.letters()[:4] == "-ba-"
    assert [x.preferred for x in labels.own()] == ["b", "a"]
    labels.reset()
    assert set(labels.letters()) == {"-"}
    older = "ab" + "-" * (len(labels.pool()) - 2)
    value = kept[labels.entry()]
    assert remembered.together(value, older) == value, "an older tab brings nothing back"


def test_labels_that_an_older_version_remembered_are_still_there() -> None:
    text = "ab" + "-" * (len(labels.pool()) - 2)
    entry = labels.entry()
    old = entry.replace("letters/", "labels/")
    assert remembered.accepted({"entries": {old: [text, 5]}})[entry] == (text, 5)
