"""Who acts: what every service needs to know of the person who signed in, read once a request."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person. `groups` and `heads` are group ids; `unit_path` is the path of the own unit."""

    id: int
    username: str
    name: str
    title: str = ""
    roles: frozenset[str] = frozenset()
    groups: frozenset[int] = frozenset()
    heads: frozenset[int] = frozenset()
    unit_id: int | None = None
    unit_path: str = ""
    locale: str = ""
    group_keys: frozenset[str] = field(default_factory=frozenset)

    @property
    def label(self) -> str:
        """Name and office as they go into the record."""
        return f"{self.name}（{self.title}）" if self.title else self.name

    def has_role(self, *roles: str) -> bool:
        """Whether the person has one of these roles."""
        return not self.roles.isdisjoint(roles)
