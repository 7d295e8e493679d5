"""The PostgreSQL server of the tests asks for its password, by the method of a server in production."""

import psycopg
import pytest

from tools.servers import POSTGRES_PASSWORD

pytestmark = pytest.mark.postgresql


def connect(server, password: str) -> psycopg.Connection:
    return psycopg.connect(host=str(server.folder), user="postgres", password=password, dbname="postgres")


def test_the_right_password_opens_a_connection_by_scram(postgres_server):
    with connect(postgres_server, POSTGRES_PASSWORD) as connection:
        assert connection.pgconn.used_password
        stored = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'")
        assert stored.fetchone()[0].startswith("SCRAM-SHA-256$1:")


@pytest.mark.parametrize("password", ["", "wrong", POSTGRES_PASSWORD[:-1], POSTGRES_PASSWORD.upper()])
def test_a_wrong_password_opens_nothing(postgres_server, password):
    with pytest.raises(psycopg.OperationalError, match="password"):
        connect(postgres_server, password)
