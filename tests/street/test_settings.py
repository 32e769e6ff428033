import datetime as dt
import errno
from pathlib import Path

import pytest

from street.settings import ROOT, Settings, as_of_at, remember, settings, write_private


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("STREET_VAR", str(tmp_path / "var"))
    kinds: list[type[Settings]] = [Settings, *Settings.__subclasses__()]
    for kind in kinds:
        monkeypatch.setitem(kind.model_config, "env_file", tmp_path / ".env")  # not the one of this working copy
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_what_is_given_wins_over_dotenv_and_dotenv_over_what_was_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    remember({"smtp_host": "remembered", "smtp_port": 1025, "smtp_from": "a@b"}, {"street_hmac_key": "kept"})
    Path(".env").write_text("SMTP_HOST=file\nSMTP_FROM=file@x\nREPORT_RECIPIENTS= a@x , b@x\nSTREET_INBOX=\n")
    monkeypatch.setenv("SMTP_HOST", "environment")
    settings.cache_clear()
    read = settings()
    assert (read.smtp_host, read.smtp_from, read.smtp_port) == ("environment", "file@x", 1025)
    assert read.report_recipients == ("a@x", "b@x")
    assert read.street_inbox is None
    assert read.street_hmac_key is not None
    assert read.street_hmac_key.get_secret_value() == "kept"


def test_remembered_settings_belong_to_their_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    remember({"smtp_host": "one"}, {"warehouse_url": "postgresql://x:secret@h/d"})
    assert "secret" not in repr(settings())
    assert Path("var/secrets/warehouse_url").stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("STREET_VAR", str(tmp_path / "other"))
    settings.cache_clear()
    assert settings().smtp_host is None


def test_relative_paths_count_from_the_project_wherever_a_command_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREET_VAR", "elsewhere")
    monkeypatch.setenv("STREET_INBOX", "lists")
    assert (Settings().street_var, Settings().street_inbox) == (ROOT / "elsewhere", ROOT / "lists")
    monkeypatch.delenv("STREET_VAR")
    assert Settings().street_var == ROOT / "var"
    monkeypatch.setenv("STREET_VAR", "/srv/street")
    assert Settings().street_var == Path("/srv/street")


def test_an_unknown_setting_is_not_remembered() -> None:
    with pytest.raises(ValueError, match="colour"):
        remember({"colour": "red"}, {})


def test_schedules_are_switched_by_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREET_SCHEDULES", "on")
    settings.cache_clear()
    assert settings().street_schedules


def test_now_of_a_business_date_is_half_past_seven_in_shanghai() -> None:
    assert as_of_at(dt.date(2020, 3, 28)).isoformat() == "2020-03-28T07:30:00+08:00"


def test_a_full_disk_leaves_the_old_file_and_no_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kept"
    write_private(path, "old")

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        write_private(path, "new")
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]
    assert path.read_text() == "old"


def test_alert_recipients_are_split_like_the_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_RECIPIENTS", "a@localhost, b@localhost,")
    assert Settings().alert_recipients == ("a@localhost", "b@localhost")


def test_a_server_that_a_contract_names_is_reached_by_settings_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    remember({"street_port_url": "http://remembered"}, {"street_port_token": "kept"})
    said = settings().access("port")
    assert (said.url_setting, said.token_setting) == ("STREET_PORT_URL", "STREET_PORT_TOKEN")
    assert said.url == "http://remembered"
    assert said.token is not None
    assert said.token.get_secret_value() == "kept"
    assert "kept" not in repr(said)
    assert Settings().access("port").url is None, "what is given, without what was remembered"
    monkeypatch.setenv("STREET_PORT_URL", "http://given")
    assert settings().access("port").url == "http://given"
    assert settings().access("clinic").url is None
