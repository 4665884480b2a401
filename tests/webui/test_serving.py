"""Launching the page, and what its server gives out."""

import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from emotone import OptionError
from emotone.cli.launching import launch
from emotone.server import Served, serving
from emotone.webui.analysis import Chosen, Problem, Report, Settings, analyse
from emotone.webui.shelf import Shelf


def status(address: str) -> int:
    try:
        with urlopen(address) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def test_importing_emotone_or_its_page_does_not_import_gradio():
    code = "import sys, emotone, emotone.server, emotone.webui; sys.exit({'gradio', 'fastapi'} & sys.modules.keys() != set())"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_taken_port_is_one_sentence(model, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OptionError, match=f"Port {port} on 127.0.0.1 is taken"):
            launch(model, tmp_path, port=port)


@pytest.mark.parametrize(("host", "port"), [("no.such.host.invalid", 0), ("127.0.0.1", 70_000), ("192.0.2.1", 0)])
def test_impossible_address_is_one_sentence(model, tmp_path, host, port):
    with pytest.raises(OptionError, match="Cannot listen on"):
        launch(model, tmp_path, host, port)


def test_without_gradio_there_is_the_api_and_the_install_line_of_the_page(model, tmp_path, monkeypatch):
    for name in ("emotone.webui.site", "emotone.webui.page"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.delattr(sys.modules["emotone.webui"], "site", raising=False)
    monkeypatch.setitem(sys.modules, "gradio", None)
    told = []
    with launch(model, tmp_path, port=0, on_missing=told.append) as served:
        assert status(f"{served.url}healthz") == 200
        assert status(f"{served.url}gradio_api/info") == 404
    assert "emotone[ui]" in str(told[0])


def test_closing_removes_uploads(model, tmp_path):
    with launch(model, tmp_path, port=0) as served:
        assert served.service.folder.stat().st_mode & 0o777 == 0o700
    assert not served.service.folder.exists()


def test_a_failing_model_fails_the_launch(tmp_path):
    def broken():
        raise OptionError("no model", "没有模型")

    with pytest.raises(OptionError, match="no model"):
        launch(broken, tmp_path, port=0)


def test_urls_can_be_clicked():
    assert serving._url("0.0.0.0", 80) == "http://127.0.0.1:80/"
    assert serving._url("::1", 80) == "http://[::1]:80/"


def test_the_page_answers_and_restricts_the_browser(served: Served):
    with urlopen(served.url) as answer:
        assert answer.status == 200
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "fonts.googleapis" not in answer.read().decode()


@pytest.mark.parametrize("path", ["/etc/hostname", "http://example.com/", "https://example.com/a.wav"])
def test_the_server_hands_out_no_other_file(served: Served, path):
    assert status(f"{served.url}gradio_api/file={path}") == 403


def test_results_are_handed_out_under_secret_addresses_only(served: Served, model, clips, outputs: Path):
    shelf = Shelf(served.service.folder / "page", lambda path: None)
    *_, report = analyse(model, Chosen("a.ogg", clips[0]), Settings(), outputs, shelf)
    assert isinstance(report, Report)
    for download in report.downloads:
        assert status(served.url + download.url) == 200
        assert status(f"{served.url}gradio_api/file={outputs / report.folder / download.name}") == 403


def test_a_file_that_was_not_uploaded_is_not_read(model, clips, tmp_path):
    stranger = tmp_path / "private.ogg"
    stranger.write_bytes(clips[0].read_bytes())
    shelf = Shelf(tmp_path / "uploads", lambda path: None)
    *_, problem = analyse(model, Chosen("private.ogg", stranger), Settings(), tmp_path, shelf)
    assert isinstance(problem, Problem)
    assert not list(tmp_path.glob("outputs_*"))


def test_an_unexpected_error_is_one_sentence_and_a_line_in_the_log(clips, tmp_path, caplog):
    *_, problem = analyse(None, Chosen("a.ogg", clips[0]), Settings(), tmp_path, Shelf(tmp_path, lambda path: None))
    assert problem.text.en.startswith("Internal error")
    assert "Traceback" in caplog.text
