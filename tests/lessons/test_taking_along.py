"""What goes out of the app and comes in again: a trained model, and runs from elsewhere."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
import streamlit as st

from core.models.start import names
from core.runs import lifecycle, limited
from core.runs.export import export_zip
from core.training.checkpoints import folder
from core.training.checkpoints import save as save_checkpoint
from core.training.trainer import Trainer
from lessons.i18n import tell, use_language
from lessons.kit import chooser
from lessons.kit.isolated import CommandFailed, call
from lessons.runs import imports
from tests.lessons.conftest import make_run
from tests.lessons.real import CONFIG

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("warm_python")


def completions() -> bytes:
    """A file of TRL's, with one step of two questions."""
    rows = [
        {"step": 1, "prompt": f"{n}+4?", "completion": str(n + 4 + k % 2), "right": float(k % 2), "advantage": k - 0.5}
        for n in range(2)
        for k in range(2)
    ]
    file = io.BytesIO()
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), file)
    return file.getvalue()


def test_what_may_be_uploaded_is_bounded_by_the_server_and_the_page_says_so(open_page, monkeypatch):
    configured = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["server"]["maxUploadSize"]
    most = limited.MOST_BYTES // 2**20
    assert configured <= most  # what Streamlit holds in memory is never more than what could be taken in
    assert st.get_option("server.maxUploadSize") == configured == imports.most_megabytes()
    assert configured >= chooser.MOST_MEGABYTES
    for option, held in ((configured, configured), (7, 7), (10_000, most)):
        monkeypatch.setattr(st, "get_option", lambda name, option=option: {"server.maxUploadSize": option}[name])
        at = open_page("runs")
        assert any(f"of more than {held} MB" in x.value and f"at most {most} MB" in x.value for x in at.markdown)
        assert at.file_uploader(key="runs_import_files").proto.max_upload_size_mb == held


def upload(at, *files):
    at.file_uploader(key="runs_import_files").set_value([(name, data, "") for name, data in files]).run()
    at.button(key="runs_take").click()
    at.run(timeout=240)
    assert not at.exception
    return at


def test_an_export_comes_in_again_and_opens_in_the_lab(open_page, store):
    first = make_run(store, name="to be taken along")
    at = upload(open_page("runs"), ("away.zip", export_zip(store, first, "parquet")))
    assert not at.error, at.error[0].value
    (imported,) = [x for x in store.runs() if x.id != first]
    assert (imported.name, imported.recorded) == ("to be taken along", True)
    at.button(key="runs_open_imported").click().run()
    assert at.query_params["run"] in (imported.id, [imported.id])


def test_a_file_that_is_no_run_gets_its_sentence_and_leaves_nothing(open_page, store):
    at = upload(open_page("runs", lang="zh-TW"), ("strange.json", b'{"no": "run"}'))
    assert "UNIPO" in at.error[0].value
    assert "這不是一次執行" in at.error[0].value
    assert store.runs() == []


def test_an_imported_run_can_be_renamed_and_deleted_and_claims_no_seed(open_page, store):
    at = upload(open_page("runs"), ("completions_00001.parquet", completions()))
    (run,) = store.runs()
    table = at.dataframe[0].value
    assert table["State"].tolist() == ["imported"]
    assert table["Seed"].isna().all()
    at.button(key="runs_delete_for_good").click().run()
    assert store.runs() == []
    assert run.recorded


def test_a_run_of_the_page_that_is_broken_off_imports_once_and_says_so(open_page, store, monkeypatch):
    """Another press while it is read: nothing was said of the run, which the next press of Import brought once more."""
    unbroken, presses = imports._import, []

    def broken_off(files, name):
        presses.append(name)
        outcome = unbroken(files, name)
        if len(presses) == 1:
            page = st.session_state["runs_imported"]
            monkeypatch.setattr(page, "_work", lambda: outcome)  # as the thread that goes on keeps it
            st.stop()
        return outcome

    monkeypatch.setattr(imports, "_import", broken_off)
    at = upload(open_page("runs"), ("completions_00001.parquet", completions()))
    assert len(store.runs()) == 1
    assert not at.success
    at.run()
    assert len(at.success) == 1
    at.button(key="runs_take").click().run()
    assert len(store.runs()) == 1


def test_a_trained_model_is_saved_and_can_be_chosen_as_the_next_start(open_page, store, launcher):
    run_id = store.create(CONFIG, "mine")
    trainer = Trainer(CONFIG, "ppo")
    store.append(run_id, next(trainer.steps()))
    save_checkpoint(trainer, folder(store.home, run_id, "ppo"))
    lifecycle.mark(store, run_id, "ppo", "finished")
    at = open_page("lab", run=run_id)
    at.button(key="lab_export_save_ppo").click()
    at.run(timeout=240)
    assert not at.exception
    assert not at.error, at.error[0].value
    (saved,) = [x for x in names() if x.startswith("mine-ppo")]
    assert any(saved in x.value for x in at.code)
    at.button(key="lab_export_save_ppo").click()  # the second of a double press
    at.run(timeout=240)
    assert not at.error, at.error[0].value
    assert [x for x in names() if x.startswith("mine-ppo")] == [saved]
    assert any(saved in x.value for x in at.code)
    at = open_page("lab", set=[f"model={saved}"])
    at.button(key="lab_start").click().run()
    assert store.get(launcher.started[0]).config.model == saved


def test_what_a_command_refuses_is_a_sentence_that_can_be_translated(store):
    run_id = make_run(store)
    with pytest.raises(CommandFailed) as caught:
        call("save", run_id, "--learner", "ppo")
    assert caught.value.message.key == "there-is-no-checkpoint-of-yet-one-is"
    with use_language("zh-TW"):
        assert "檢查點" in tell(caught.value)


def test_where_visitors_may_not_train_they_may_not_store_either(open_page, store, monkeypatch):
    run_id = make_run(store)
    monkeypatch.setenv("CREDIT_LAB_TRAINING", "off")
    at = open_page("runs")
    assert not [x for x in at.file_uploader if x.key == "runs_import_files"]
    at = open_page("lab", run=run_id)
    assert not [x for x in at.button if (x.key or "").startswith("lab_export_save")]
