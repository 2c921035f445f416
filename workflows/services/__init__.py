"""Pure computations that a service task may name: `SERVICES`, name → function of a `ServiceCall`.

A module of this package registers its functions with `@service("area.name")`; importing the package
imports them all. Not for: effects, which the application does.
"""

import importlib
import pkgutil
from collections.abc import Callable

from workflows.model import Data, ServiceCall

Service = Callable[[ServiceCall], Data]
SERVICES: dict[str, Service] = {}


def service(name: str) -> Callable[[Service], Service]:
    """Register a function under the name that diagrams use; a name may be taken only once."""

    def register(function: Service) -> Service:
        if name in SERVICES:
            raise ValueError(f"two services are called {name!r}")
        SERVICES[name] = function
        return function

    return register


for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
