"""Flask: the rules of its map, and applications under a dispatcher.

Guarantees: the middleware is found through what was wrapped around it (`ProxyFix` and
the like). Does not: look into WSGI applications that are none of Flask's (`opaque`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prooftrail.coverage import guarding, personal
from prooftrail.coverage.calling import says_who
from prooftrail.coverage.declared import ANY, OPTIONAL, Declared, Survey
from prooftrail.middleware.wsgi import WSGIAuditMiddleware

if TYPE_CHECKING:
    from prooftrail.middleware.rules import Rules

_LAYERS = 50  # applications that wrap one another


@dataclass
class _Walk:
    routes: list[Declared] = field(default_factory=list)
    rules: list[Rules] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    knows_who: bool = False

    def into(self, app: Any, path: str, rules: Rules | None) -> None:  # noqa: ANN401
        """Look at a WSGI application, through what is wrapped around it."""
        for _ in range(_LAYERS):
            if isinstance(app, WSGIAuditMiddleware):
                rules = self._behind(app.rules, rules, path)
            mounts = getattr(app, "mounts", None)
            if isinstance(mounts, dict):  # Werkzeug's dispatcher
                for part, mounted in mounts.items():
                    self.into(mounted, f"{path}{part}", rules)
            if hasattr(app, "url_map"):
                self._flask(app, path, rules)
                return
            owner = getattr(app, "__self__", None)  # `wsgi_app` of an application
            if owner is not None and hasattr(owner, "url_map"):
                self._rules_of(owner, path, rules)
                return
            if not hasattr(app, "app"):
                break
            app = app.app
        self.routes.append(
            Declared(ANY, f"{path}/*", f"{path}/*", app, rules=rules, opaque=True)
        )

    def _flask(self, app: Any, path: str, rules: Rules | None) -> None:  # noqa: ANN401
        """Look at an application whose own `wsgi_app` may be wrapped."""
        found = rules
        inner = app.wsgi_app
        for _ in range(_LAYERS):
            if isinstance(inner, WSGIAuditMiddleware):
                found = self._behind(inner.rules, found, path)
            if not hasattr(inner, "app"):
                break
            inner = inner.app
        self._rules_of(app, path, found)

    def _behind(self, own: Rules, outer: Rules | None, path: str) -> Rules:
        if outer is not None:
            self.twice.append(path or "/")
        self.rules.append(own)
        self.knows_who = self.knows_who or _tells(own)
        return own

    def _rules_of(self, app: Any, path: str, rules: Rules | None) -> None:  # noqa: ANN401
        before = [one for each in app.before_request_funcs.values() for one in each]
        self.knows_who = (
            self.knows_who
            or hasattr(app, "login_manager")
            or any(says_who(one, sets=("g", "user")) for one in before)
        )
        for rule in app.url_map.iter_rules():
            view = app.view_functions.get(rule.endpoint)
            endpoint = getattr(view, "view_class", view)
            for method in sorted(set(rule.methods or {ANY}) - OPTIONAL):
                self.knows_who = self.knows_who or says_who(view, sets=("g", "user"))
                self.routes.append(
                    Declared(
                        method,
                        f"{path}{rule.rule}",
                        rule.rule,
                        endpoint,
                        guards=guarding.guards_of(view, method),
                        personal=personal.of_signature(
                            guarding.answering(endpoint, method)
                        ),
                        rules=rules,
                    )
                )


def survey(app: object) -> Survey:
    """Return what an application declares."""
    walk = _Walk()
    walk.into(app, "", None)
    return Survey(
        "Flask",
        tuple(walk.routes),
        tuple(walk.rules),
        walk.knows_who,
        tuple(walk.twice),
        line="prooftrail.integrations.flask.Audit(app)",
    )


def _tells(rules: Rules) -> bool:
    """Whether the application itself said who acts; `g.user` is there in any case."""
    module = getattr(rules.actor, "__module__", "")
    return rules.actor is not None and module != "prooftrail.integrations.flask"
