"""Deployment settings, read once from the environment. Business settings are look-up tables in the admin.

Nothing set: the embedded default (SQLite, file-system broker, mailbox page), bound to loopback.
`DEMO=1` adds demo users, the mailbox page and one-click login. Everything else is production.
"""

import os
import secrets
import sys
from pathlib import Path
from typing import Any

import environ
import structlog
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from kombu import Queue

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=False)
TESTING = "pytest" in sys.modules
PRODUCTION = not (DEBUG or DEMO or TESTING)

VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)


def _secret_key() -> str:
    """The key from the environment, else one made on the first start and kept readable to its owner only."""
    given: str = env.str("SECRET_KEY", default="")
    if given:
        return given
    if PRODUCTION and "DATABASE_URL" in env.ENVIRON:
        raise ImproperlyConfigured("SECRET_KEY must be set when DATABASE_URL is set.")
    path = VAR_DIR / "secret_key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(64), encoding="ascii")
    return path.read_text(encoding="ascii")


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
LINK_KEYS: list[str] = env.list("LINK_KEYS", default=[SECRET_KEY, *SECRET_KEY_FALLBACKS])
"""Keys of links in mails, newest first; older ones still open links that were sent before a rotation."""

ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
PORT = env.int("PORT", default=8000)
SITE_URL: str = env.str("SITE_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")
"""Where links in mails lead to."""

ROOT_URLCONF = "crm.urls"
WSGI_APPLICATION = "crm.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = ["fields.W161"]  # a working day begins and ends at a fixed time, also for whoever checks just then

INSTALLED_APPS = [
    "crm.apps.CrmConfig",
    "integration",
    "csr",
    "quotes",
    "opportunities",
    "accounts",
    "catalog",
    "approvals",
    "users",
    "core",
    "modeltranslation",
    "crm.apps.CrmAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_celery_beat",
    "django_filters",
    "django_htmx",
    "django_structlog",
    "heroicons",
    "simple_history",
    "template_partials",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "crm.middleware.HeaderMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "users.middleware.SessionLifeMiddleware",
    "users.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "crm.middleware.LogMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "users.middleware.AccessMiddleware",
    "crm.middleware.PublicFormMiddleware",
    "core.set_up.SetUpMiddleware",
    "crm.middleware.ErrorMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "crm.context_processors.shell",
            ],
            "builtins": ["django.templatetags.i18n", "core.templatetags.remember", "core.templatetags.ui"],
        },
    },
]
FORM_RENDERER = "core.widgets.FlatRenderer"
CRISPY_TEMPLATE_PACK = "bootstrap5"
CRISPY_ALLOWED_TEMPLATE_PACKS = ["bootstrap5"]

# --- Database ---------------------------------------------------------------------------------------------------------
if "DATABASE_URL" in env.ENVIRON:
    DATABASES = {"default": env.db("DATABASE_URL")}
    if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database; leave it out for the embedded default.")
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=600)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = env.bool("DISABLE_SERVER_SIDE_CURSORS", default=False)
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": VAR_DIR / "db.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;",
            },
        }
    }

# --- Background work: the broker is an optimisation, see core/outbox.py -----------------------------------------------
REDIS_URL = env.str("REDIS_URL", default="")
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_QUEUES = [Queue("celery", routing_key="celery"), Queue("urgent", routing_key="urgent")]
"""A worker takes from both unless it is told otherwise; one that is told `-Q urgent` is never busy with anything else."""
CELERY_TASK_ROUTES = {
    "core.outbox_deliver_urgent": {"queue": "urgent", "routing_key": "urgent"},
    "core.outbox_drain_urgent": {"queue": "urgent", "routing_key": "urgent"},
}
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "visibility_timeout": 1200,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 1,
        "socket_connect_timeout": 1,
    }
else:
    _broker = VAR_DIR / "broker"
    for _part in ("queue", "control", "processed"):
        (_broker / _part).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_URL = "files://localhost"  # see crm/broker.py
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker / "queue"),
        "data_folder_out": str(_broker / "queue"),
        "control_folder": str(_broker / "control"),
        "processed_folder": str(_broker / "processed"),
        "store_processed": False,
        "polling_interval": 0.1,
    }
CELERY_RESULT_EXPIRES = None
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = {
    "outbox-sweep": {"task": "core.outbox_drain", "schedule": 15.0, "options": {"expire_seconds": 900}},
    "outbox-sweep-urgent": {"task": "core.outbox_drain_urgent", "schedule": 5.0, "options": {"expire_seconds": 900}},
    "approvals-digest": {"task": "approvals.digest", "schedule": 60.0},
    "approvals-sweep": {"task": "approvals.sweep", "schedule": 60.0},
    "csr-sweep": {"task": "csr.sweep", "schedule": 300.0},
    "quotes-expire": {"task": "quotes.expire", "schedule": 300.0},
    "quotes-remind": {"task": "quotes.remind", "schedule": crontab(hour="6", minute="15")},
    "forget": {"task": "core.forget", "schedule": 900.0},
    "integration-sweep": {"task": "integration.sweep", "schedule": 30.0},
    "integration-watch": {"task": "integration.watch", "schedule": 30.0},
    "quality-note": {"task": "integration.quality_note", "schedule": crontab(hour="2", minute="30")},
}
"""What keeps the product going; when the feeds run is kept in the admin (integration/services/schedules.py)."""

CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "core.redis_cache.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# --- Mail -------------------------------------------------------------------------------------------------------------
EMAIL_URL = env.str("EMAIL_URL", default="")
MAILBOX = not EMAIL_URL and (DEBUG or DEMO or TESTING)
"""The mailbox page stands in for a mail server in demo mode only."""
if EMAIL_URL:
    _email = env.email_url("EMAIL_URL")
    EMAIL_BACKEND = _email.pop("EMAIL_BACKEND", "")
    if EMAIL_BACKEND in ("", "django.core.mail.backends.smtp.EmailBackend"):
        EMAIL_BACKEND = "core.smtp.EmailBackend"
    EMAIL_HOST = _email.get("EMAIL_HOST")
    EMAIL_PORT = _email.get("EMAIL_PORT")
    EMAIL_HOST_USER = _email.get("EMAIL_HOST_USER") or ""
    EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_PASSWORD") or ""
    EMAIL_USE_TLS = bool(_email.get("EMAIL_USE_TLS"))
    EMAIL_USE_SSL = bool(_email.get("EMAIL_USE_SSL"))
elif MAILBOX:
    EMAIL_BACKEND = "core.mailbox.MailboxBackend"
else:
    EMAIL_BACKEND = "core.smtp.EmailBackend"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Tukku Oy <sales@tukku.example>")

# --- Languages and time -----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fi", _("Finnish"))]
MODELTRANSLATION_LANGUAGES = ("en", "fi")
MODELTRANSLATION_FALLBACK_LANGUAGES = ("en", "fi")
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["crm.formats"]
USE_TZ = True
TIME_ZONE = "Europe/Helsinki"

# --- People -----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["users.backends.RoleBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "users.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = False
# The library's own would store an address of the person who is named in the link, for anybody who makes one up.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
ACCOUNT_RATE_LIMITS = False  # those of users/limits.py count in the database instead
ACCOUNT_FORMS = {
    "login": "users.forms.LoginForm",
    "reauthenticate": "users.forms.ReauthenticateForm",
    "change_password": "users.forms.ChangePasswordForm",
    "reset_password": "users.forms.ResetPasswordForm",
}
PASSWORD_RESET_TIMEOUT = 4 * 3600
MFA_REQUIRED = env.bool("MFA_REQUIRED", default=PRODUCTION)
"""Whether people who work in the administration need a second factor; everybody may have one."""
MFA_ADAPTER = "users.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are given by stewards
MFA_TOTP_TOLERANCE = 1  # clocks of phones that are half a minute off
MFA_FORMS = {
    "authenticate": "users.forms.AuthenticateForm",
    "reauthenticate": "users.forms.CodeAgainForm",
    "activate_totp": "users.forms.ActivateForm",
}

# --- Security ---------------------------------------------------------------------------------------------------------
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db" if REDIS_URL else "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_NAME = "__Host-session" if PRODUCTION else "session"
SESSION_COOKIE_SECURE = PRODUCTION
DEVICE_COOKIE_NAME = "__Host-device" if PRODUCTION else "device"
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else "csrftoken"
CSRF_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "crm.problems.csrf_failure"
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = PRODUCTION
LANGUAGE_COOKIE_SAMESITE = "Lax"
LINK_COOKIE_PREFIX = "__Secure-" if PRODUCTION else ""
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31536000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
"""How many proxies of ours stand in front and add to `X-Forwarded-For`, of which nothing else is believed."""
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: [] for feature in ("camera", "geolocation", "microphone", "payment", "usb", "display-capture")
}
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# --- The HTTP API -----------------------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "users.api.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["users.api.permissions.Declared"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.Json"],
    "DEFAULT_SCHEMA_CLASS": "users.api.schema.Schema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "crm.problems.for_api",
    "NON_FIELD_ERRORS_KEY": "body",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "CRM and quoting",
    "DESCRIPTION": "Accounts, products, opportunities, quotes and approvals: everything the pages can do. See docs/api.md.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": True,
    "SORT_OPERATIONS": True,
    "ENUM_NAME_OVERRIDES": {
        "AccountStatus": "accounts.models.AccountStatus",
        "ApprovalStatus": "approvals.choices.RequestStatus",
        "ApprovalRunStatus": "approvals.choices.RunStatus",
        "CasePhase": "csr.choices.Phase",
        "CaseStatus": "csr.choices.CaseStatus",
        "Language": "users.models.Language",
        "LineKind": ["product", "sow"],
        "OpportunityStatus": "opportunities.choices.OpportunityStatus",
        "QuoteStatus": "quotes.choices.QuoteStatus",
        "TemplateLineKind": ["product", "section", "note"],
        "TextKind": ["section", "note"],
        "Verdict": "approvals.choices.Verdict",
        "Via": "approvals.choices.Via",
    },
}

# --- The way out: other systems that are asked over HTTP --------------------------------------------------------------
PRICE_MANAGER_URL = env.str("PRICE_MANAGER_URL", default="")
PRICE_MANAGER_TOKEN = env.str("PRICE_MANAGER_TOKEN", default="")
OUTBOUND_ORIGINS: list[str] = env.list("OUTBOUND_ORIGINS", default=[PRICE_MANAGER_URL] if PRICE_MANAGER_URL else [])
"""Who may be asked, as "https://host:port"; everybody else is refused. In demo mode this machine may be, too."""
WATCHED_FOLDER = env.str("WATCHED_FOLDER", default="")
"""Files in `customers/` and `products/` of this folder are taken for feeds; empty: nothing is watched."""
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:20,muzzy_decay_ms:0")  # polars gives back memory it has done with
SYNC_ROWS_PER_PART = env.int("SYNC_ROWS_PER_PART", default=100_000)
"""Twice as many rows are shared among the workers, in parts of this size."""

# --- Static files: ours, and npm's packages by name -------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS: list[Any] = [
    BASE_DIR / "static",
    ("tabler/css", BASE_DIR / "node_modules/@tabler/core/dist/css"),
    ("tabler/js", BASE_DIR / "node_modules/@tabler/core/dist/js"),
    ("idiomorph", BASE_DIR / "node_modules/idiomorph/dist"),
]
MEDIA_ROOT = VAR_DIR / "files"
FILE_UPLOAD_HANDLERS = [
    "core.uploads.LimitedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", default=64 * 1024 * 1024)
"""What one uploaded file may hold; of a larger one nothing is kept."""
EXPORT_MAX_ROWS = env.int("EXPORT_MAX_ROWS", default=100_000)
"""Rows of a list that one CSV or XLSX file may hold."""
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("map", "png", "gif", "ico", "jpg", "webp", "svgz", "gz", "br", "woff", "woff2")
"""Maps are for the developers' tools alone; the others are compressed already."""

# --- Logs -------------------------------------------------------------------------------------------------------------
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"mask": {"()": "core.logs.MaskLinkTokens"}},
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": [structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level],
            "processor": structlog.processors.JSONRenderer(ensure_ascii=False)
            if PRODUCTION
            else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["mask"]}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO" if PRODUCTION else "WARNING")},
}
