"""Questions of one's own: reading the file, keeping some apart, and when an answer is right."""

import json
import threading

import pytest

from core.config import RunConfig
from core.errors import ConfigError
from core.given_config import change, parse_config
from core.stored_config import dump_config, load_config
from core.tasks.kinds.questions import MOST_BYTES, Question, Questions, QuestionsSettings, read_questions
from core.tasks.matching import equal, is_formula, same_text
from core.tasks.readable import READS_TEXT
from core.tasks.registry import task_for


def lines(count: int, **more) -> list[str]:
    return [json.dumps({"question": f"What is {i} + {i}?", "answer": str(2 * i), **more}) for i in range(count)]


def settings(count: int = 40, **more) -> QuestionsSettings:
    return QuestionsSettings(questions=read_questions("\n".join(lines(count))), **more)


def asked(question: str, answer: str, **more) -> tuple[Questions, str]:
    others = read_questions("\n".join(lines(16)))
    task = Questions(QuestionsSettings(questions=(Question(question=question, answer=answer), *others), **more))
    return task, question


# Reading


def test_a_file_is_read_with_its_byte_order_mark_empty_lines_and_numbers_as_they_were_written():
    text = "\n".join([*lines(15), "", "   ", '{"answer": 1.50, "question": " How much? "}']) + "\r\n\n"
    for data in (text, text.encode(), b"\xef\xbb\xbf" + text.encode(), text.replace("\n", "\r\n").encode()):
        questions = read_questions(data)
        assert len(questions) == 16
        assert questions[-1] == Question(question="How much?", answer="1.50")
    assert read_questions("\n".join(lines(500)))[-1].answer == "998"
    assert read_questions("\n".join([*lines(16), '{"question": "最大?", "answer": -7}']))[-1].answer == "-7"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "line 17: not JSON; write an object"),
        ('{"question": "a", "answer": 1,}', "line 17: not JSON"),
        ("question,answer", "line 17: not JSON"),
        ("[" * 100_000, "line 17: not JSON"),
        ('{"question": "a", "answer": NaN}', "line 17: not JSON"),
        ("[1]", "line 17: not a JSON object"),
        ("7", "line 17: not a JSON object"),
        ("{}", "line 17: question is missing"),
        ('{"question": "a"}', "line 17: answer is missing"),
        ('{"question": "a", "answer": " "}', "line 17: answer is empty"),
        ('{"question": "a", "answer": null}', "line 17: answer must be text or a number"),
        ('{"question": ["a"], "answer": 1}', "line 17: question must be text or a number"),
        ('{"question": "a", "answer": true}', "line 17: answer must be text or a number"),
        ('{"question": "a\\u0000b", "answer": 1}', "line 17: question has characters that are no text"),
        ('{"question": "a", "answer": "\\ud800"}', "line 17: answer has characters that are no text"),
        (json.dumps({"question": "a" * 2001, "answer": 1}), "line 17: question has 2001 characters; at most 2000"),
        (json.dumps({"question": "a", "answer": "1" * 501}), "line 17: answer has 501 characters; at most 500"),
        ('{"question": "what is  3 + 3? ", "answer": 1}', "line 17: the same question as in line 4"),
    ],
)
def test_every_line_that_cannot_be_read_gets_a_sentence(line, sentence):
    with pytest.raises(ConfigError) as caught:
        read_questions("\n".join([*lines(16), line]))
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_gsm8ks_own_file_is_read_by_what_stands_behind_the_hashes():
    working = "Natalia sold 48/2 = <<48/2=24>>24 clips in May.\nShe sold 48+24 = <<48+24=72>>72 clips altogether."
    gsm8k = [f"{working}\n#### {x}" for x in ("72", "1,234", "-5 ", "$18")] + ["#### 7", "a" * 900 + "\n#### 8\n"]
    gsm8k.append("all of it in one line #### 9")
    lines = [json.dumps({"question": f"How many clips did {i} sell?", "answer": x}) for i, x in enumerate(gsm8k * 3)]
    questions = read_questions("\n".join(lines))
    assert [x.answer for x in questions[:7]] == ["72", "1,234", "-5", "$18", "7", "8", "9"]
    assert questions[0].aside == {"solution": working}
    assert questions[4].aside == {}
    task = task_for(RunConfig(task=QuestionsSettings(questions=questions)).task)
    assert task.verify("How many clips did 1 sell?", "She sold 1234.").success
    with pytest.raises(ConfigError, match="line 1: answer is empty"):
        read_questions(json.dumps({"question": "?", "answer": "working\n####  "}))
    # Hashes in the middle are part of an answer.
    assert (
        read_questions("\n".join([*lines[:16], '{"question": "?", "answer": "#### a\\nb"}']))[-1].answer == "#### a\nb"
    )


@pytest.mark.parametrize(
    ("answer", "right", "solution"),
    [
        ("w\n#### 7 apples", "7 apples", "w"),
        ("w\n#### 7.", "7", "w"),
        ("w\n#### 7.5", "7.5", "w"),
        ("w.#### 7", "7", "w."),
        ("w\n#### Paris", "Paris", "w"),
        ("w\n#### 7\nSome text, 12 of it", "7", "w\n#### 7\nSome text, 12 of it"),
        ("w\n#### 7 apples.\nSome text", "7 apples", "w\n#### 7 apples.\nSome text"),
        ("#### Step 1\nw\n#### 9", "9", "#### Step 1\nw"),
        ("w #### 7\n#### 7.0", "7.0", "w #### 7"),
        ("#### a\nb", "#### a\nb", None),
        ("##### 7", "##### 7", None),
    ],
)
def test_an_answer_behind_hashes_is_read_as_it_is_meant(answer, right, solution):
    question = read_questions("\n".join([*lines(16), json.dumps({"question": "a", "answer": answer})]))[-1]
    assert (question.answer, question.aside.get("solution")) == (right, solution)
    if right[0].isdigit():
        task = Questions(QuestionsSettings(questions=(*settings(16).questions, question)))
        assert task.verify("a", f"It is {right.split()[0]}").success


def test_two_different_numbers_behind_hashes_are_refused_with_their_line():
    for answer in ("w\n#### 7\n#### 8", "w #### 7 #### 8", "#### 7\nw\n#### 8 apples\nw"):
        with pytest.raises(ConfigError) as caught:
            read_questions("\n".join([*lines(16), json.dumps({"question": "a", "answer": answer})]))
        assert str(caught.value).startswith('line 17: the answer has two different numbers behind "####", 7 and 8')


def test_what_else_a_line_holds_is_kept_aside_and_comes_along_with_the_run():
    more = {"id": 7, "level": "Level 3", "tags": ["a", "b"], "solution": "b", "none": None, "bad": "\ud800\u0000"}
    questions = read_questions("\n".join([*lines(15), json.dumps({"question": "a", "answer": "1", **more})]))
    kept = {"id": "7", "level": "Level 3", "tags": '["a", "b"]', "solution": "b", "bad": "?"}
    assert [x.aside for x in questions] == [{}] * 15 + [kept]
    config = RunConfig(task=QuestionsSettings(questions=questions))
    again = load_config(json.loads(json.dumps(dump_config(config))))
    assert again.task.questions[-1].aside == kept  # type: ignore[attr-defined]
    hash(config.task.questions[-1])  # type: ignore[attr-defined]
    assert questions[-1] != Question(question="a", answer="1")


def test_questions_that_were_taken_out_of_a_run_are_read_as_they_were():
    questions = settings(16).questions
    questions = (*questions, Question(question="a", answer="1", aside={"id": "7"}, line=99))
    again = read_questions("\n".join(x.model_dump_json() for x in questions))
    assert again == questions
    assert again[-1].line == 17


def test_what_stands_aside_counts_to_what_questions_may_have_in_all():
    questions = [{"question": str(i), "answer": "1", "aside": {"solution": "é" * 10_000}} for i in range(20)]
    with pytest.raises(ConfigError, match=f"may have at most {MOST_BYTES} bytes in all, but have"):
        parse_config({"task": {"kind": "questions", "questions": questions}})


# Answers that cannot be given


IMPOSSIBLE = [
    ("last-number", "Paris", "line 19: no response can give the answer 'Paris' by task.extraction=last-number, which"),
    ("last-number", "7 or 8", "which reads '8' out of it"),
    ("last-number", "the answer is 7", "which reads '7' out of it"),
    ("last-number", "12 - 5", "which reads '5' out of it"),
    (
        "boxed",
        "{1, 2",
        "line 19: no response can give the answer '{1, 2' by task.extraction=boxed, which",
    ),
]


@pytest.mark.parametrize(("extraction", "answer", "sentence"), IMPOSSIBLE)
@pytest.mark.parametrize("matching", ["exact", "math"])
def test_a_file_with_an_answer_that_no_response_can_give_is_refused_with_its_line(
    extraction, answer, sentence, matching
):
    text = "\n".join([*lines(16), "", "", json.dumps({"question": "Which?", "answer": answer})])
    values = {"model": READS_TEXT, "task": {"kind": "questions", "extraction": extraction, "matching": matching}}
    values["task"]["questions"] = read_questions(text)
    with pytest.raises(ConfigError) as caught:
        parse_config(values)
    assert str(caught.value).startswith("task.questions: line 19: ")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    config = change(parse_config({**values, "task": {**values["task"], "extraction": "whole"}}), {"seed": 1})
    with pytest.raises(ConfigError, match=r"task\.questions: line 19: "):
        change(config, {"task.extraction": extraction})
    # A run that was stored so is read all the same.
    stored = dump_config(RunConfig(task=QuestionsSettings.model_validate(values["task"])))
    assert load_config(json.loads(json.dumps(stored))).task.extraction == extraction  # type: ignore[attr-defined]


def test_many_answers_that_cannot_be_given_are_said_in_five_lines():
    questions = [{"question": f"{i}?", "answer": "no"} for i in range(20)]
    with pytest.raises(ConfigError) as caught:
        parse_config({"task": {"kind": "questions", "questions": questions}})
    sentences = str(caught.value).splitlines()
    assert len(sentences) == 5
    assert sentences[0].startswith("task.questions: question 1: no response can give the answer 'no' by")
    assert sentences[-1] == "16 more answers cannot be given"


def test_a_file_has_to_be_text_of_some_size():
    with pytest.raises(ConfigError, match=r"^line 2: the file is not UTF-8 text; save it as UTF-8$"):
        read_questions(lines(1)[0].encode() + b'\n{"question": "\xe9", "answer": 1}')
    with pytest.raises(ConfigError, match=f"^the file has {MOST_BYTES + 1} bytes; at most {MOST_BYTES} are possible$"):
        read_questions(b" " * (MOST_BYTES + 1))
    for count in (0, 15, 501):
        with pytest.raises(ConfigError, match=f"^the file has {count} questions; 16 to 500 are possible$"):
            read_questions("\n".join(lines(count)))


def test_many_problems_are_said_in_five_lines():
    with pytest.raises(ConfigError) as caught:
        read_questions("\n".join(["{}"] * 30))
    lines = str(caught.value).splitlines()
    assert len(lines) == 5
    assert lines[-1] == "26 more lines cannot be read"
    with pytest.raises(ConfigError) as caught:
        read_questions("\n".join(["{}"] * 5))
    assert len(str(caught.value).splitlines()) == 5


# The task


def test_held_out_questions_are_the_same_for_every_seed_and_never_trained_on():
    task = Questions(settings(100, heldout=20))
    assert len(set(task.heldout)) == 20
    assert task.heldout == Questions(settings(100, heldout=20)).heldout
    trained = {p for seed in range(5) for step in range(20) for p in task.prompts(seed, step, 8)}
    assert not trained & set(task.heldout)
    assert len(trained) == 80
    # In another order, the same are kept apart.
    reverse = QuestionsSettings(questions=settings(100).questions[::-1], heldout=20)
    assert Questions(reverse).heldout == task.heldout


@pytest.mark.parametrize(("count", "heldout"), [(16, 8), (20, 8), (24, 8), (60, 20), (500, 64)])
def test_enough_are_left_to_train_on(count, heldout):
    task = Questions(settings(count))
    assert len(task.heldout) == heldout
    assert len(set(task.prompts(0, 0, count))) == count - heldout >= 8
    left = f"{heldout} questions are kept apart, not 64: {count - heldout} of {count} are left to train on."
    assert (task.note and str(task.note)) == (None if heldout == 64 else left)


def test_prompts_follow_from_seed_and_step_and_the_first_ones_not_from_how_many():
    task, again = Questions(settings()), Questions(settings())
    assert task.prompts(3, 5, 8) == again.prompts(3, 5, 8) == task.prompts(3, 5, 100)[:8]
    assert task.prompts(3, 5, 8) != task.prompts(3, 6, 8)
    assert task.prompts(3, 5, 8) != task.prompts(4, 5, 8)
    assert len(set(task.prompts(3, 5, 27))) == 27


def test_an_instruction_stands_below_each_question():
    task = Questions(settings(instruction="Be brief."))
    assert all(x.endswith("?\nBe brief.") for x in [*task.heldout, *task.prompts(0, 0, 20)])
    assert [x.removesuffix("\nBe brief.") for x in task.heldout] == Questions(settings()).heldout
    with pytest.raises(ValueError, match="is none of this task's questions"):
        task.verify("What is love?", "7")


@pytest.mark.parametrize("matching", ["exact", "math"])
@pytest.mark.parametrize("response", ["", " ", "twelve", "112", "12 or 13", "is it 1, 2?", "-12", "1.2", "12/1"])
def test_trap_11_empty_answers_and_ones_that_contain_the_truth_are_wrong(response, matching):
    task, prompt = asked("What is 5 + 7?", "12", matching=matching)
    assert not task.verify(prompt, response).success
    assert task.verify(prompt, response).reward == 0
    assert task.verify(prompt, "It is 12.").reward == 1


def test_trap_6_a_cut_off_response_is_wrong():
    task, prompt = asked("What is 5 + 7?", "12")
    verdict = task.verify(prompt, "12", finished=False)
    assert (verdict.reward, verdict.success, verdict.answer) == (0, False, "12")


def test_exact_is_the_same_text_and_a_number_its_value():
    task, prompt = asked("How much?", "1,234.50", matching="exact")
    assert task.verify(prompt, "It costs $1234.5.").success
    task, prompt = asked("Backward?", "tac", extraction="whole", matching="exact")
    assert task.verify(prompt, " tac\n").success
    assert not task.verify(prompt, "Tac").success
    assert not task.verify(prompt, "the word is tac").success
    task, prompt = asked("In full?", "x + 1", extraction="boxed", matching="exact")
    assert task.verify(prompt, "\\boxed{x + 1}").success
    assert not task.verify(prompt, "\\boxed{1 + x}").success
    assert task.truth(prompt) == "x + 1"


def test_length_leaves_room_for_the_longest_answer():
    assert asked("?", "a" * 400, extraction="whole")[0].max_completion_length == 408
    boxed, last = (asked("?", "7", extraction=x)[0].max_completion_length for x in ("boxed", "last-number"))
    assert boxed > last


# Notations: see test_notations.py, too


@pytest.mark.parametrize(
    ("truth", "response", "right"),
    [
        *[("0.5", "It is 50%.", True), ("50", "50%", True), ("50%", "0.5", True), ("0.5", "5%", False)],
        *[("1/2", "so \\frac{1}{2}.", True), ("2", "\\frac{1}{2}", False), ("7/2", "3\\frac12", True)],
        *[("1000", "10^3", True), ("3", "10^3", False), ("1024", "2^{10}", False), ("10", "2^{10}", False)],
        *[("35", "It is 35 cm^2.", True), ("2", "It is 35 cm^2.", False), ("32348", "32,\\!348", True)],
    ],
)
def test_the_last_number_is_read_in_its_whole_notation(truth, response, right):
    task, prompt = asked("How much?", truth)
    assert task.verify(prompt, response).success == right


def test_a_number_that_the_question_names_is_no_answer_in_another_notation():
    assert not equal("0.5", "50%", "What is 50% as a decimal?")
    assert not equal("1000", "10^3", "What is $10^3$?")
    assert not equal("0.5", "\\frac{1}{2}", "Write $\\frac{1}{2}$ as a decimal.")
    assert equal("50", "50%", "A price rises by 50%. By what percentage did it rise?")
    assert equal("1/2", "\\frac12", "Halve 1.")
    assert equal("\\frac12", "1/2", "Which is larger, 1/2 or 1/3?")


# Mathematically equal


@pytest.mark.parametrize(
    ("truth", "answer"),
    [
        *[("7", "7.0"), ("7", "$7$"), ("7", "7\\text{ cm}"), ("1,234", "1234"), ("1{,}234", "1234"), ("-7", "\u22127")],
        *[("1/2", "0.5"), ("0.5", "1/2"), ("1/2", "\\frac{1}{2}"), ("\\frac{2}{4}", "1/2"), ("1/3", "0.33333333")],
        *[("50%", "0.5"), ("50\\%", "50"), ("50%", "1/2"), ("90", "90^\\circ"), ("10^{-3}", "0.001")],
        *[("x+1", "1 + x"), ("x^2+2x+1", "(x+1)^2"), ("x^10*y", "y x^{10}"), ("x**2", "x^2"), ("x=3", "3")],
        *[("2\\sqrt{2}", "\\sqrt{8}"), ("\\sqrt{2}", "sqrt(2)"), ("\\pi", "π"), ("sin(x)^2+cos(x)^2", "1")],
        *[("{1,2}", "{2,1}"), ("x>3", "3<x"), ("Paris", " Paris "), ("no", "no"), ("12:30", "12:30")],
    ],
)
def test_equal_answers_are_right_however_they_are_written(truth, answer):
    assert equal(truth, answer)


@pytest.mark.parametrize(
    ("truth", "answer"),
    [
        *[("7", ""), ("7", "8"), ("7", "70"), ("7", "the answer is 7"), ("7", "7 or 8"), ("7", "7, 8"), ("7", "x=7")],
        *[("7", "3+4"), ("12", "3*4"), ("12", "24/2"), ("1/2", "1-1/2"), ("1024", "2^{10}"), ("7", "-7")],
        *[("Paris", "siraP"), ("Paris", "paris"), ("yes", "sey"), ("on", "no"), ("12:30", "2/5")],
        *[("x+1", "x"), ("(1,2)", "(2,1)"), ("0.3333", "1/3"), ("x", "y"), ("x", "2x/2+1-1-1")],
    ],
)
def test_other_answers_are_wrong_however_math_verify_reads_them(truth, answer):
    assert not equal(truth, answer)


def test_repeating_the_question_is_no_answer():
    assert not equal("x^2+2x+1", "(x + 1)^2", "Expand $(x+1)^2$.")
    assert equal("x^2+2x+1", "(1+x)^2", "Expand (x+1)^2.")
    assert equal("x+1", "x+1", "Which is larger, x+1 or x?")


HOSTILE = [
    *["9^9^9", "9^{9^9}", "99^{99^{99}}", "((99^99)^99)^99", "(((9^99)^99)^99)^99", "9**9**9", "x^{999999999}"],
    *["99999999!", "\\binom{10^9}{5}", "\\sum_{k=1}^{10^9}k", "\\int_0^1 x dx", "\\lim x", "\\prod k", "\\gamma(9^9)"],
    *["__import__('os')", "eval('1')", "(" * 150, "{" * 150, "x" * 150, "$" * 150, "\\" * 150, "^" * 150, "1^" * 70],
    *[
        "-" * 150,
        "1/0",
        "0/0",
        "\\frac{1}{0}",
        "\\frac{",
        "\\sqrt",
        "\x00",
        "\ud800",
        "1" * 100_000,
        "+".join("x" * 90),
    ],
    *["(a+b+c+d+e)^{99}", "\\text{" * 30, "\\left(" * 30, "%" * 150, "1e999999999", "NaN", "Infinity", "=" * 100],
]


def test_hostile_answers_are_wrong_soon_in_any_thread():
    verdicts: list[bool] = []
    thread = threading.Thread(
        target=lambda: verdicts.extend(equal(truth, x) for x in HOSTILE for truth in ("x+y", "7", "1/2"))
    )
    thread.start()
    thread.join(120)
    assert verdicts == [False] * (3 * len(HOSTILE))


def test_what_math_verify_could_be_busy_with_is_no_formula():
    assert not any(map(is_formula, HOSTILE[:3] + HOSTILE[4:16]))
    assert is_formula("\\frac{x^2+1}{\\sqrt{2}}")
    assert not is_formula("the answer is x")


def test_same_text_forgives_white_space_and_how_accents_are_written():
    assert same_text("café  au lait", " cafe\u0301 au\nlait")
    assert not same_text("a", "A")


# Within a run's config


def test_a_run_keeps_its_questions_and_finds_them_again():
    config = RunConfig(task=settings(500, heldout=100), model=READS_TEXT)
    again = RunConfig.model_validate_json(config.model_dump_json())
    assert again == config
    assert task_for(again.task).heldout == task_for(config.task).heldout
    assert change(config, {"task.matching": "exact"}).task.matching == "exact"  # type: ignore[union-attr]


def test_the_largest_questions_stay_small_when_they_are_stored():
    # The worst case: characters that JSON has to write with six.
    question = "\x7f" * 1900
    questions = tuple(Question(question=f"{i}{question}", answer="\x01" * 100) for i in range(130))
    config = RunConfig(task=QuestionsSettings(questions=questions))
    assert len(config.model_dump_json().encode()) < 2 * MOST_BYTES
    with pytest.raises(ConfigError, match=f"task.questions: may have at most {MOST_BYTES} bytes in all, but have"):
        parse_config(
            {
                "task": {
                    "kind": "questions",
                    "questions": [{"question": f"{i}é" * 500, "answer": "1"} for i in range(200)],
                }
            }
        )


def test_two_equal_questions_are_refused_wherever_they_come_from():
    questions = [x.model_dump() for x in settings(16).questions]
    with pytest.raises(ConfigError, match=r"task\.questions: question 17 is the same as question 3"):
        parse_config(
            {"task": {"kind": "questions", "questions": [*questions, {"question": "what is 2 +  2?", "answer": "4"}]}}
        )
    with pytest.raises(ConfigError, match=r"task\.questions: .*at least 16 items"):
        parse_config({"task": {"kind": "questions", "questions": questions[:15]}})
