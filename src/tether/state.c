#include "tether/state.h"

/* clang-format off */
#define STAY(state) { STATE_##state, ACTION_NONE }
/* clang-format on */

static const struct tether_step table[STATE_COUNT][EVENT_COUNT] = {
    [STATE_ASLEEP] = {
        [EVENT_CONNECTED] = STAY(ASLEEP),
        [EVENT_UNREACHED] = STAY(ASLEEP),
        [EVENT_REFUSED] = STAY(ASLEEP),
        [EVENT_PROBED] = STAY(ASLEEP),
        [EVENT_PROBE_FAILED] = STAY(ASLEEP),
        [EVENT_LOST] = STAY(ASLEEP),
        [EVENT_TIMER] = STAY(ASLEEP),
        [EVENT_DEMAND] = { STATE_CONNECTING, ACTION_DIAL },
        [EVENT_WAKE] = STAY(ASLEEP),
        [EVENT_UNUSED] = STAY(ASLEEP),
        [EVENT_RETRY] = STAY(ASLEEP),
        [EVENT_REPLACED] = { STATE_DRAINING, ACTION_DRAIN },
        [EVENT_STOP] = { STATE_CLOSING, ACTION_CLOSE },
    },
    [STATE_CONNECTING] = {
        [EVENT_CONNECTED] = { STATE_PROBING, ACTION_PROBE },
        [EVENT_UNREACHED] = { STATE_WAITING, ACTION_BACKOFF },
        [EVENT_REFUSED] = { STATE_FAILED, ACTION_GIVE_UP },
        [EVENT_PROBED] = STAY(CONNECTING),
        [EVENT_PROBE_FAILED] = STAY(CONNECTING),
        [EVENT_LOST] = STAY(CONNECTING),
        [EVENT_TIMER] = STAY(CONNECTING),
        [EVENT_DEMAND] = STAY(CONNECTING),
        [EVENT_WAKE] = { STATE_CONNECTING, ACTION_REDIAL },
        [EVENT_UNUSED] = STAY(CONNECTING),
        [EVENT_RETRY] = STAY(CONNECTING),
        [EVENT_REPLACED] = { STATE_DRAINING, ACTION_DRAIN },
        [EVENT_STOP] = { STATE_CLOSING, ACTION_CLOSE },
    },
    [STATE_PROBING] = {
        [EVENT_CONNECTED] = STAY(PROBING),
        [EVENT_UNREACHED] = STAY(PROBING),
        [EVENT_REFUSED] = STAY(PROBING),
        [EVENT_PROBED] = { STATE_SERVING, ACTION_SERVE },
        [EVENT_PROBE_FAILED] = { STATE_WAITING, ACTION_BACKOFF },
        [EVENT_LOST] = { STATE_WAITING, ACTION_BACKOFF },
        [EVENT_TIMER] = STAY(PROBING),
        [EVENT_DEMAND] = STAY(PROBING),
        [EVENT_WAKE] = { STATE_PROBING, ACTION_CHECK },
        [EVENT_UNUSED] = STAY(PROBING),
        [EVENT_RETRY] = STAY(PROBING),
        [EVENT_REPLACED] = { STATE_DRAINING, ACTION_DRAIN },
        [EVENT_STOP] = { STATE_CLOSING, ACTION_CLOSE },
    },
    [STATE_SERVING] = {
        [EVENT_CONNECTED] = STAY(SERVING),
        [EVENT_UNREACHED] = STAY(SERVING),
        [EVENT_REFUSED] = STAY(SERVING),
        [EVENT_PROBED] = STAY(SERVING),
        [EVENT_PROBE_FAILED] = STAY(SERVING),
        [EVENT_LOST] = { STATE_WAITING, ACTION_BACKOFF },
        [EVENT_TIMER] = STAY(SERVING),
        [EVENT_DEMAND] = STAY(SERVING),
        [EVENT_WAKE] = { STATE_SERVING, ACTION_CHECK },
        [EVENT_UNUSED] = { STATE_ASLEEP, ACTION_SLEEP },
        [EVENT_RETRY] = STAY(SERVING),
        [EVENT_REPLACED] = { STATE_DRAINING, ACTION_DRAIN },
        [EVENT_STOP] = { STATE_CLOSING, ACTION_CLOSE },
    },
    [STATE_WAITING] = {
        [EVENT_CONNECTED] = STAY(WAITING),
        [EVENT_UNREACHED] = STAY(WAITING),
        [EVENT_REFUSED] = STAY(WAITING),
        [EVENT_PROBED] = STAY(WAITING),
        [EVENT_PROBE_FAILED] = STAY(WAITING),
        [EVENT_LOST] = STAY(WAITING),
        [EVENT_TIMER] = { STATE_CONNECTING, ACTION_DIAL },
        [EVENT_DEMAND] = { STATE_CONNECTING, ACTION_DIAL },
        [EVENT_WAKE] = { STATE_CONNECTING, ACTION_DIAL },
        [EVENT_UNUSED] = { STATE_ASLEEP, ACTION_SLEEP },
        [EVENT_RETRY] = { STATE_CONNECTING, ACTION_DIAL },
        [EVENT_REPLACED] = { STATE_DRAINING, ACTION_DRAIN },
        [EVENT_STOP] = { STATE_CLOSING, ACTION_CLOSE },
    },
    [STATE_FAILED] = {
        [EVENT_CONNECTED] = STAY(FAILED),
        [EVENT_UNREACHED] = STAY(FAILED),
        [EVENT_REFUSED] = STAY(FAILED),
        [EVENT_PROBED] = STAY(FAILED),
        [EVENT_PROBE_FAILED] = STAY(FAILED),
        [EVENT_LOST] = STAY(FAILED),
        [EVENT_TIMER] = STAY(FAILED),
        [EVENT_DEMAND] = STAY(FAILED),
        [EVENT_WAKE] = STAY(FAILED),
        [EVENT_UNUSED] = STAY(FAILED),
        [EVENT_RETRY] = { STATE_CONNECTING, ACTION_DIAL },
        [EVENT_REPLACED] = { STATE_DRAINING, ACTION_DRAIN },
        [EVENT_STOP] = { STATE_CLOSING, ACTION_CLOSE },
    },
    [STATE_DRAINING] = {
        [EVENT_CONNECTED] = { STATE_DRAINING, ACTION_DISCARD },
        [EVENT_UNREACHED] = STAY(DRAINING),
        [EVENT_REFUSED] = STAY(DRAINING),
        [EVENT_PROBED] = STAY(DRAINING),
        [EVENT_PROBE_FAILED] = STAY(DRAINING),
        [EVENT_LOST] = { STATE_CLOSING, ACTION_CLOSE },
        [EVENT_TIMER] = STAY(DRAINING),
        [EVENT_DEMAND] = STAY(DRAINING),
        [EVENT_WAKE] = { STATE_DRAINING, ACTION_CHECK },
        [EVENT_UNUSED] = { STATE_CLOSING, ACTION_CLOSE },
        [EVENT_RETRY] = STAY(DRAINING),
        [EVENT_REPLACED] = STAY(DRAINING),
        [EVENT_STOP] = { STATE_CLOSING, ACTION_CLOSE },
    },
    [STATE_CLOSING] = {
        [EVENT_CONNECTED] = { STATE_CLOSING, ACTION_DISCARD },
        [EVENT_UNREACHED] = STAY(CLOSING),
        [EVENT_REFUSED] = STAY(CLOSING),
        [EVENT_PROBED] = STAY(CLOSING),
        [EVENT_PROBE_FAILED] = STAY(CLOSING),
        [EVENT_LOST] = STAY(CLOSING),
        [EVENT_TIMER] = STAY(CLOSING),
        [EVENT_DEMAND] = STAY(CLOSING),
        [EVENT_WAKE] = STAY(CLOSING),
        [EVENT_UNUSED] = STAY(CLOSING),
        [EVENT_RETRY] = STAY(CLOSING),
        [EVENT_REPLACED] = STAY(CLOSING),
        [EVENT_STOP] = STAY(CLOSING),
    },
};

static const char *const state_names[STATE_COUNT] = {
    [STATE_ASLEEP] = "asleep",     [STATE_CONNECTING] = "connecting", [STATE_PROBING] = "probing",
    [STATE_SERVING] = "serving",   [STATE_WAITING] = "waiting",       [STATE_FAILED] = "failed",
    [STATE_DRAINING] = "draining", [STATE_CLOSING] = "closing",
};

static const char *const event_names[EVENT_COUNT] = {
    [EVENT_CONNECTED] = "connected",
    [EVENT_UNREACHED] = "unreached",
    [EVENT_REFUSED] = "refused",
    [EVENT_PROBED] = "probed",
    [EVENT_PROBE_FAILED] = "probe failed",
    [EVENT_LOST] = "lost",
    [EVENT_TIMER] = "timer",
    [EVENT_DEMAND] = "demand",
    [EVENT_WAKE] = "wake",
    [EVENT_UNUSED] = "unused",
    [EVENT_RETRY] = "retry",
    [EVENT_REPLACED] = "replaced",
    [EVENT_STOP] = "stop",
};

static const char *const action_names[ACTION_COUNT] = {
    [ACTION_NONE] = "",       [ACTION_DIAL] = "dial",       [ACTION_PROBE] = "probe",
    [ACTION_SERVE] = "serve", [ACTION_BACKOFF] = "backoff", [ACTION_GIVE_UP] = "give up",
    [ACTION_CLOSE] = "close", [ACTION_DISCARD] = "discard", [ACTION_SLEEP] = "sleep",
    [ACTION_CHECK] = "check", [ACTION_REDIAL] = "redial",   [ACTION_DRAIN] = "drain",
};

struct tether_step state_next(enum tether_state state, enum tether_event event)
{
    return table[state][event];
}

const char *state_name(enum tether_state state)
{
    return state_names[state];
}

const char *state_event_name(enum tether_event event)
{
    return event_names[event];
}

const char *state_action_name(enum tether_action action)
{
    return action_names[action];
}
