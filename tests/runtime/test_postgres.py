import os
import signal
import socket
import subprocess
from pathlib import Path

import psycopg
import pytest

from runtime.postgres import Postgres


@pytest.fixture
def server(tmp_path: Path):
    made = Postgres(tmp_path / "server", tmp_path / "secrets", preferred_port=54900, durable=False)
    made.start()
    yield made
    made.stop()


def test_a_started_server_has_both_databases_and_refuses_a_wrong_password(server: Postgres) -> None:
    for name in ("airflow", "warehouse"):
        with psycopg.connect(server.url(name)) as connection:
            assert connection.execute("select current_database(), current_user").fetchone() == (name, name)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url().replace("warehouse:", "warehouse:x"))


def test_secrets_are_readable_by_their_owner_alone(server: Postgres) -> None:
    assert {path.stat().st_mode & 0o777 for path in server.secrets_dir.iterdir()} == {0o600}


def test_a_killed_postmaster_is_healed_and_committed_rows_survive(server: Postgres) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("create table kept (n int)")
        connection.execute("insert into kept values (7)")
    # A client that holds on keeps a child of the dead postmaster alive for a moment.
    idle = psycopg.connect(server.url())
    os.kill(server.pid() or 0, signal.SIGKILL)
    server.start()
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("select n from kept").fetchone() == (7,)
    idle.close()


def test_a_process_number_given_to_somebody_else_is_no_running_server(server: Postgres) -> None:
    port = server.port()
    pid_file = server.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.stop()
    with subprocess.Popen(["sleep", "60"]) as other:
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]))
        assert not server.answers()
        server.start()
        assert server.answers()
        assert server.port() == port
        other.kill()


def test_a_taken_port_is_left_to_its_owner(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = Postgres(tmp_path / "server", tmp_path / "secrets", preferred_port=port, durable=False)
        server.start()
        try:
            assert server.port() != port
            server.start()
            assert server.answers()
        finally:
            server.stop()


def test_a_half_made_data_directory_is_made_anew(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "server", tmp_path / "secrets", preferred_port=54900, durable=False)
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("18")
    (server.home / ".initialising").touch()
    server.start()
    assert server.answers()
    server.stop()
    assert server.pid() is None


def test_the_log_tells_no_value_of_a_failed_statement(server: Postgres) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("create table person (id text primary key, n int)")
        connection.execute("insert into person values ('MARKER-1', 1)")
        for statement in (
            "insert into person values ('MARKER-1', 2)",
            "select 'MARKER-2'::int",
            "select broken from MARKER_3",
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement)
        with pytest.raises(psycopg.Error), connection.cursor().copy("copy person from stdin") as copy:
            copy.write("MARKER-4\tMARKER-5\n")
    assert "marker" not in server.log.read_text().lower()
