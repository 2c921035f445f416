"""The small signs inside shapes, as SVG around the origin: task types, event definitions, markers.

Constants only; nothing from a file gets in here.
"""
# ruff: noqa: E501  (paths are not prose)

TASK_ICONS: dict[str, str] = {
    # each within 0..16 × 0..16, placed in the upper left corner of the task
    "userTask": '<path class="d-icon" d="M8 1.5a3.2 3.2 0 1 1 0 6.4a3.2 3.2 0 1 1 0-6.4M1.8 15v-2c0-2.6 2-3.8 4-4.2h4.4c2 .4 4 1.6 4 4.2v2z"/>',
    "manualTask": '<path class="d-icon" d="M1 8l5-5h6.5c1.2 0 1.2 1.7 0 1.7H8M8 6.4h6.5c1.1 0 1.1 1.7 0 1.7H8.5M9 8.1h5c1.1 0 1.1 1.7 0 1.7H8.5M9 9.8h4c1.1 0 1.1 1.7 0 1.7H4L1 10z"/>',
    "serviceTask": '<circle class="d-icon" cx="8" cy="8" r="2.2"/><path class="d-icon" d="M6.9 1h2.2l.4 2 1.5.6 1.7-1.1 1.6 1.6-1.1 1.7.6 1.5 2 .4v2.2l-2 .4-.6 1.5 1.1 1.7-1.6 1.6-1.7-1.1-1.5.6-.4 2H6.9l-.4-2-1.5-.6-1.7 1.1-1.6-1.6 1.1-1.7-.6-1.5-2-.4V7.7l2-.4.6-1.5-1.1-1.7 1.6-1.6 1.7 1.1 1.5-.6z"/>',
    "scriptTask": '<path class="d-icon" d="M4 1h9c-3 3 2 6-1 14H3c3-8-2-11 1-14M5.5 4.5h4M6 7.5h4M6.5 10.5h4"/>',
    "businessRuleTask": '<path class="d-icon" d="M1 2h14v12H1zM1 9.8h14M5 5.6v8.4"/><path class="d-solid" d="M1 2h14v3.6H1z"/>',
    "sendTask": '<path class="d-solid" d="M1 3.5h14L8 8.7z"/><path class="d-solid" d="M1 5l7 5.2L15 5v8H1z"/>',
    "receiveTask": '<path class="d-icon" d="M1 3.5h14v9.5H1zM1 3.5l7 5.5 7-5.5"/>',
}

EVENT_ICONS: dict[str, str] = {
    # each around 0,0 within a radius of 9
    "message": '<path class="d-{i}" d="M-8-5.5h16v11h-16z"/><path class="d-{o}" d="M-8-5.5l8 6 8-6"/>',
    "timer": '<circle class="d-icon" r="8.5"/><path class="d-icon" d="M0-6v6l4 2.5M0-8.5v2M0 6.5v2M8.5 0h-2M-6.5 0h-2"/>',
    "signal": '<path class="d-{i}" d="M0-8l8 13.5H-8z"/>',
    "error": '<path class="d-{i}" d="M-7 7l3.5-12L1 1l5-8-3.5 12L-2-1z"/>',
    "escalation": '<path class="d-{i}" d="M0-8l6 15-6-6-6 6z"/>',
    "conditional": '<path class="d-icon" d="M-6-8H6V8H-6zM-4-5h8M-4-1.7h8M-4 1.7h8M-4 5h8"/>',
    "link": '<path class="d-{i}" d="M-8-3.5H1v-4L9 0 1 7.5v-4h-9z"/>',
    "compensate": '<path class="d-{i}" d="M-9 0l8-6v12zM0 0l8-6v12z"/>',
    "terminate": '<circle class="d-solid" r="9"/>',
    "cancel": '<path class="d-{i}" d="M-8-6l2-2 6 6 6-6 2 2-6 6 6 6-2 2-6-6-6 6-2-2 6-6z"/>',
    "multiple": '<path class="d-{i}" d="M0-8.5l8 6L5 7H-5l-3-9.5z"/>',
    "parallelMultiple": '<path class="d-{i}" d="M-2.5-8h5v5.5H8v5H2.5V8h-5V2.5H-8v-5h5.5z"/>',
}

GATEWAY_ICONS: dict[str, str] = {
    "exclusiveGateway": '<path class="d-solid" d="M-8-9h4L0-3l4-6h4L2 0l6 9H4L0 3l-4 6h-4l6-9z"/>',
    "parallelGateway": '<path class="d-solid" d="M-2-11h4v9h9v4H2v9h-4V2h-9v-4h9z"/>',
    "inclusiveGateway": '<circle class="d-icon d-end" r="10"/>',
    "eventBasedGateway": '<circle class="d-icon" r="12"/><circle class="d-icon" r="9.5"/><path class="d-icon" d="M0-6.5l6 4.5L3.8 5h-7.6L-6-2z"/>',
    "complexGateway": '<path class="d-icon d-end" d="M0-11V11M-11 0H11M-8-8L8 8M-8 8L8-8"/>',
}

MARKERS: dict[str, str] = {
    # each 12 wide around 0,0, placed along the lower edge of an activity
    "loop": '<path class="d-icon" d="M-3 5a5.5 5.5 0 1 1 5 .5M-3 5l-3 .5M-3 5l-.5-3.5"/>',
    "parallel": '<path class="d-icon" d="M-4-5V5M0-5V5M4-5V5"/>',
    "sequential": '<path class="d-icon" d="M-5-4H5M-5 0H5M-5 4H5"/>',
    "compensation": '<path class="d-icon" d="M-6 0l6-4.5v9zM0 0l6-4.5v9z"/>',
    "collapsed": '<path class="d-icon" d="M-6-6H6V6H-6zM0-4V4M-4 0H4"/>',
    "adhoc": '<path class="d-icon" d="M-6 2c2-5 4-5 6-2s4 3 6-2"/>',
}
"""In drawing order from the left."""


def event_icon(definition: str, *, filled: bool) -> str:
    """The sign of an event definition; throwing events carry it filled."""
    sign = EVENT_ICONS.get(definition, "")
    return sign.replace("{i}", "solid" if filled else "icon").replace("{o}", "light" if filled else "icon")
