"""Django REST framework on the same database: one file, as its documentation shows it small."""

import os

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="a benchmark",  # noqa: S106 - it keeps nothing secret
    DEBUG=False,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["rest_framework"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["USUAL_STORE"],
            "CONN_MAX_AGE": None,
        }
    },
    REST_FRAMEWORK={
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    },
    USE_TZ=True,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - only once it is set up
from django.db import models  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import authentication, exceptions, generics, pagination, serializers  # noqa: E402
from rest_framework.request import Request  # noqa: E402


class Token(models.Model):
    """A token that somebody was given."""

    token = models.CharField(max_length=64, primary_key=True)
    corp = models.CharField(max_length=64)

    class Meta:
        """Where it is."""

        app_label, db_table, managed = "bench", "token", False


class Record(models.Model):
    """A control record."""

    conf_uuid = models.CharField(max_length=32, db_column="confUUID")
    operateTime = models.BigIntegerField()
    operateSource = models.TextField(null=True)
    operator = models.TextField(null=True)
    operateCode = models.TextField(null=True)
    operationObject = models.TextField(null=True)
    operateResult = models.TextField(null=True)
    detail = models.TextField(null=True)

    class Meta:
        """Where it is."""

        app_label, db_table, managed = "bench", "record", False


class RecordSerializer(serializers.ModelSerializer):
    """A record, as it is answered."""

    class Meta:
        """What of it."""

        model = Record
        fields = (
            "operateTime",
            "operateSource",
            "operator",
            "operateCode",
            "operationObject",
            "operateResult",
            "detail",
        )


class ByToken(authentication.BaseAuthentication):
    """Lets in who has a token."""

    def authenticate(self, request: Request) -> tuple[str, Token]:
        """Look the token up."""
        token = Token.objects.filter(pk=request.headers.get("X-Access-Token", "")).first()
        if token is None:
            raise exceptions.AuthenticationFailed
        return token.corp, token


class Pages(pagination.LimitOffsetPagination):
    """Pages by offset and limit."""

    default_limit = 20
    max_limit = 500


class Records(generics.ListAPIView):
    """The records of a conference."""

    serializer_class = RecordSerializer
    authentication_classes = (ByToken,)
    pagination_class = Pages

    def get_queryset(self) -> models.QuerySet[Record]:
        """Those of the conference that is asked for."""
        wanted = self.request.query_params.get("confUUID", "")
        return Record.objects.filter(conf_uuid=wanted).order_by("id")


urlpatterns = [path("v1/mmc/management/conferences/history/confCtlRecord", Records.as_view())]
application = get_wsgi_application()
