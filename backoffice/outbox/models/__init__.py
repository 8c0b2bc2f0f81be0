from backoffice.outbox.models.directive import Directive, DirectiveQuerySet

__all__ = ["Directive", "DirectiveQuerySet"]
