"""One settings file, fed by the environment only (`.env.example` names every variable). Business switches are rows."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from backoffice import env

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.folder("DATA_DIR", str(BASE_DIR / "var"))

DEBUG = env.flag("DEBUG", False)
DEMO = env.flag("DEMO", False)
SECRET_KEY = env.text("SECRET_KEY")
if len(SECRET_KEY) < 40 or SECRET_KEY.startswith("django-insecure"):
    raise ImproperlyConfigured("SECRET_KEY must be a random text of at least 40 characters.")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.addresses("CSRF_TRUSTED_ORIGINS")
BASE_URL = env.address("BASE_URL", "http://127.0.0.1:8000")

INSTALLED_APPS = [
    "backoffice",
    "backoffice.kernel",
    "backoffice.accounts",
    "backoffice.company",
    "backoffice.ui",
    "backoffice.outbox",
    "backoffice.transfers",
    "backoffice.observability",
    "backoffice.home",
    "apps.catalog",
    "apps.inventory",
    "apps.production",
    "apps.crm",
    "apps.orders",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",  # its widget templates, for ours to include
    "django_htmx",
    "django_tables2",
    "django_filters",
    "import_export",
    "simple_history",
    "template_partials",
    "huey.contrib.djhuey",
    "axes",
    "csp",
]

MIDDLEWARE = [
    # Outermost, so that files and redirects to https carry these headers too.
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "backoffice.observability.middleware.RequestId",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "backoffice.accounts.middleware.Authentication",
    "backoffice.accounts.middleware.SessionLimits",
    "backoffice.accounts.middleware.Preferences",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "backoffice.ui.middleware.Acting",
    "backoffice.ui.middleware.Toasts",
    "backoffice.ui.middleware.DomainErrors",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "backoffice.urls"
WSGI_APPLICATION = "backoffice.wsgi.application"

_loaders: list[Any] = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
if not DEBUG:
    _loaders = [("django.template.loaders.cached.Loader", _loaders)]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [("template_partials.loader.Loader", _loaders)],
            "builtins": ["template_partials.templatetags.partials", "django.templatetags.i18n"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "backoffice.ui.context.shell",
            ],
        },
    },
]

# --- data ---------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ON_POSTGRESQL = DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql"

if not ON_POSTGRESQL:
    # Libraries load PostgreSQL's driver wherever it is installed: 13 MB that a shop on SQLite has no use for. They do
    # without it where it is not.
    sys.modules.setdefault("django.contrib.postgres", None)  # type: ignore[arg-type]
    with env.missing("psycopg"):
        import_module("huey.storage")
from huey.serializer import SignedSerializer  # noqa: E402

# The queue only wakes: directives are rows in the database. So its file may be lost, and lives apart from the data.
# What it holds is pickled, so a worker takes only what was signed with our key; after a change of key what is left
# over is thrown away, and the sweep wakes again.
HUEY: dict[str, Any] = {
    "name": "backoffice",
    "immediate": False,
    "results": False,
    "serializer": SignedSerializer(SECRET_KEY, "backoffice.queue"),
    "consumer": {"workers": env.integer("WORKERS", 2, at_least=1), "worker_type": "thread", "max_delay": 1.0},
}
if ON_POSTGRESQL:
    HUEY |= {"huey_class": "huey.PostgresHuey", "connection": {"dsn": env.conninfo(DATABASES["default"])}}
else:
    HUEY |= {
        "huey_class": "backoffice.outbox.queue.PrivateSqliteHuey",
        "connection": {"filename": str(DATA_DIR / "queue.sqlite3"), "fsync": False, "strict_fifo": True},
    }

# Who may read backups: the server has public keys only. Empty leaves them plain.
BACKUP_RECIPIENT = env.public_keys("BACKUP_RECIPIENT")

# Imports open what strangers sent: each runs in a process of its own that may not have more than this; 0 is no limit.
HEAVY_MEMORY_MB = env.integer("HEAVY_MEMORY_MB", 1024)
HEAVY_CPU_SECONDS = env.integer("HEAVY_CPU_SECONDS", 1800)
IMPORT_RETENTION_DAYS = env.integer("IMPORT_RETENTION_DAYS", 90)
# What is fetched for somebody comes from public addresses only; tests allow their own machine. See kernel/outward.py.
OUTWARD_ALLOWED_NETWORKS: list[str] = []

MEDIA_ROOT = env.folder("MEDIA_ROOT", str(DATA_DIR / "media"))
MEDIA_URL = "/media/"
STATIC_URL = "/static/"
STATIC_ROOT = env.folder("STATIC_ROOT", str(DATA_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
# With MANIFEST=1 files are served compressed under hashed names after `collectstatic`; without, straight from source.
MANIFEST = env.flag("STATIC_MANIFEST", False)
WHITENOISE_USE_FINDERS = not MANIFEST
WHITENOISE_MAX_AGE = 31536000 if MANIFEST else 60
# Uploads lie in MEDIA_ROOT, or where another storage puts them: an object store takes its options as JSON.
STORAGES = {
    "default": {
        "BACKEND": env.text("MEDIA_STORAGE", "django.core.files.storage.FileSystemStorage"),
        "OPTIONS": env.mapping("MEDIA_STORAGE_OPTIONS"),
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if MANIFEST
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_PERMISSIONS = 0o640

# --- people -------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "home:home"
LOGOUT_REDIRECT_URL = "accounts:login"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = env.integer("LOGIN_FAILURE_LIMIT", 6, at_least=1)
AXES_COOLOFF_TIME = env.integer("LOGIN_COOLOFF_MINUTES", 15, at_least=1) / 60
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "backoffice.accounts.lockout.locked_out"
AXES_ENABLE_ACCESS_FAILURE_LOG = True
AXES_VERBOSE = False
AXES_IPWARE_PROXY_COUNT = env.integer("PROXY_COUNT", 0)
AXES_IPWARE_META_PRECEDENCE_ORDER = (
    ["HTTP_X_FORWARDED_FOR", "REMOTE_ADDR"] if AXES_IPWARE_PROXY_COUNT else ["REMOTE_ADDR"]
)
SESSION_ENGINE = "backoffice.accounts.sessions"
SESSION_IDLE_SECONDS = env.integer("SESSION_IDLE_MINUTES", 60, at_least=1) * 60
SESSION_COOKIE_AGE = 12 * 60 * 60

# --- safety -------------------------------------------------------------------------------------------------------
HTTPS = env.flag("HTTPS", False)
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS and AXES_IPWARE_PROXY_COUNT else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- language and time --------------------------------------------------------------------------------------------
USE_I18N = USE_TZ = True
LANGUAGES = [("en", _("English")), ("pt-br", _("Portuguese (Brazil)"))]
LANGUAGE_CODE = env.language("LANGUAGE", "en", ("en", "pt-br"))
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.time_zone("TIME_ZONE", "America/Sao_Paulo")
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = ["backoffice.formats"]

# --- mail ---------------------------------------------------------------------------------------------------------
EMAIL_BACKEND = (
    f"django.core.mail.backends.{env.choice('EMAIL', 'console', ('console', 'smtp', 'locmem', 'dummy'))}.EmailBackend"
)
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.integer("EMAIL_PORT", 25, at_least=1)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.mailbox("EMAIL_FROM", "backoffice@localhost")

# --- libraries ----------------------------------------------------------------------------------------------------
DJANGO_TABLES2_TEMPLATE = "ui/table.html"
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "add"
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "view"
FILTERS_EMPTY_CHOICE_LABEL = ""
SILENCED_SYSTEM_CHECKS: list[str] = []

# --- logs ---------------------------------------------------------------------------------------------------------
LOG_FORMAT = env.choice("LOG_FORMAT", "json", ("json", "text"))
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"private": {"()": "backoffice.observability.logs.MaskPrivate"}},
    "formatters": {
        "json": {"()": "backoffice.observability.logs.JsonFormatter"},
        "text": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
    },
    "handlers": {
        "out": {"class": "logging.StreamHandler", "level": LOG_LEVEL, "formatter": LOG_FORMAT, "filters": ["private"]}
    },
    "root": {"handlers": ["out"], "level": LOG_LEVEL},
    "loggers": {"huey": {"level": "WARNING"}, "axes": {"level": "ERROR"}},
}
