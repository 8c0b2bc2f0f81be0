"""Forms about people."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from backoffice.ui.forms import Form, ModelForm

from . import roles
from .models import User


class LoginForm(AuthenticationForm):
    """Name and password, as the browser's password keeper knows them."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("Name and password do not match. Mind capital letters."),
    }

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        for name, autocomplete in (("username", "username"), ("password", "current-password")):
            self.fields[name].widget.attrs.update({"class": "input", "autocomplete": autocomplete})


class RolesField(forms.ModelMultipleChoiceField):
    """Roles by their titles, in the order of the house."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Roles"))
        super().__init__(queryset=Group.objects.order_by("pk"), **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return roles.title(obj.name)


class PersonForm(ModelForm):
    """Somebody who logs in, and what they may do."""

    roles = RolesField(required=False, help_text=_("Someone without a role can log in and see nothing."))
    spans = {"username": 3, "name": 3, "email": 3, "language": 3}

    class Meta:
        model = User
        fields = ["name", "username", "email", "language"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].required = False
        name_the_blank(self)
        if self.instance.pk:
            self.initial["roles"] = self.instance.groups.all()


class NewPersonForm(PersonForm):
    """The same, with a first password to hand over."""

    password = forms.CharField(
        label=_("First password"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("At least 12 characters. Tell it to them in person; they can change it in their profile."),
    )


class PasswordForm(Form):
    """A new password for somebody else."""

    password = forms.CharField(
        label=_("New password"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("At least 12 characters. They are logged out everywhere and use this one from then on."),
    )


class OwnPasswordForm(Form):
    """One's own new password, twice, with the old one."""

    old = forms.CharField(
        label=_("Present password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}), strip=False
    )
    password = forms.CharField(
        label=_("New password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
        help_text=_("At least 12 characters, not a common word."),
    )
    again = forms.CharField(
        label=_("New password, again"), widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), strip=False
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_old(self) -> str:
        if not self.user.check_password(self.cleaned_data["old"]):
            raise ValidationError(_("This is not your present password."))
        return str(self.cleaned_data["old"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error("again", _("The two differ."))
        return data


def name_the_blank(form: ModelForm) -> None:
    """Who chooses no language speaks that of the house."""
    field = form.fields["language"]
    assert isinstance(field, forms.ChoiceField)
    field.choices = [("", _("the house's")), *settings.LANGUAGES]


class ProfileForm(ModelForm):
    """What one may change about oneself."""

    spans = {"name": 3, "email": 3, "language": 2, "theme": 2, "density": 2}

    class Meta:
        model = User
        fields = ["name", "email", "language", "theme", "density"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name_the_blank(self)
