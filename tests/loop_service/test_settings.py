"""Settings refuse what cannot work, naming the variable and never its value."""

import pytest

from loop_service.notifications.mailer import Mailer
from loop_service.settings import LoopSettings
from shared.database import Database
from shared.foundation.settings import SettingsError
from tests.support.services import IDENTITY_SECRET

BASE = {"database_url": "postgresql://x/y", "redis_url": "redis://x", "identity_secret": IDENTITY_SECRET}


def test_keys() -> None:
    one, two = "a" * 32, "b" * 40
    assert LoopSettings.load(**BASE, encryption_key=f"{one}, {two}").encryption_keys == [one, two]
    assert LoopSettings.load(**BASE).encryption_keys == [IDENTITY_SECRET]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"encryption_key": "short-secret"}, "LOOP_ENCRYPTION_KEY"),
        ({"environment": "production"}, "ENCRYPTION_KEY"),
        ({"smtp_port": 0}, "LOOP_SMTP_PORT"),
        ({"smtp_tls": "sometimes"}, "LOOP_SMTP_TLS"),
    ],
)
def test_refusals(given: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsError) as refused:
        LoopSettings.load(**{**BASE, **given})
    assert named in str(refused.value)
    assert "short-secret" not in str(refused.value)


def test_a_sender_that_is_no_address() -> None:
    settings = LoopSettings.load(**BASE, mail_from="nobody")
    with pytest.raises(SettingsError, match="LOOP_MAIL_FROM"):
        Mailer(Database.__new__(Database), settings)


def test_allowed_hosts() -> None:
    settings = LoopSettings.load(**BASE, webhook_allowed_hosts=" 127.0.0.1:9000, receiver:80 ,")
    assert settings.allowed_hosts == {"127.0.0.1:9000", "receiver:80"}
