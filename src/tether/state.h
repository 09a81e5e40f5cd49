/* state: what a tether is doing, as a table: state and event in, state and
 * action out. Pure: no clock, no descriptor. */
#ifndef DOCKTETHER_TETHER_STATE_H
#define DOCKTETHER_TETHER_STATE_H

enum tether_state {
    STATE_ASLEEP,     /* no session and none wanted; the sockets listen */
    STATE_CONNECTING, /* a worker dials, shakes hands and logs in */
    STATE_PROBING,    /* the session is there; the transport is being chosen */
    STATE_SERVING,
    STATE_WAITING,  /* for the next attempt */
    STATE_FAILED,   /* pins or keys were refused: no attempt by itself */
    STATE_DRAINING, /* another process has the sockets now; what is open goes on to its end */
    STATE_CLOSING,  /* told to end; waits for the worker */
    STATE_COUNT
};

enum tether_event {
    EVENT_CONNECTED, /* the worker hands over a session */
    EVENT_UNREACHED, /* the worker failed, and trying again may help */
    EVENT_REFUSED,   /* the worker failed on pins or keys */
    EVENT_PROBED,    /* the remote socket can be used */
    EVENT_PROBE_FAILED,
    EVENT_LOST,     /* the session died */
    EVENT_TIMER,    /* the backoff is over */
    EVENT_DEMAND,   /* a local connection waits */
    EVENT_WAKE,     /* the machine slept, or its network changed */
    EVENT_UNUSED,   /* no client wants the session */
    EVENT_RETRY,    /* the user says `up` */
    EVENT_REPLACED, /* another process takes the sockets over */
    EVENT_STOP,     /* the user says `down`, a signal, or the first attempt failed */
    EVENT_COUNT
};

enum tether_action {
    ACTION_NONE,
    ACTION_DIAL,    /* start a worker */
    ACTION_PROBE,   /* take the session, choose the transport */
    ACTION_SERVE,   /* attach what is held */
    ACTION_BACKOFF, /* drop the session if any, arm the timer */
    ACTION_GIVE_UP, /* refuse what is held, stay without a session */
    ACTION_CLOSE,   /* drop everything, cancel the worker */
    ACTION_DISCARD, /* a session that came too late */
    ACTION_SLEEP,   /* drop the session if any, wait for a demand */
    ACTION_CHECK,   /* ask the server for a sign of life, soon */
    ACTION_REDIAL,  /* cancel the attempt, as the network changed, and dial again */
    ACTION_DRAIN,   /* let go of the sockets, end with the last connection */
    ACTION_COUNT
};

struct tether_step {
    enum tether_state next;
    enum tether_action action;
};

/* Every pair has an answer; an event that means nothing in a state changes
 * nothing. */
struct tether_step state_next(enum tether_state state, enum tether_event event);

const char *state_name(enum tether_state state); /* "connecting", ... as in the control protocol */
const char *state_event_name(enum tether_event event);
const char *state_action_name(enum tether_action action);

#endif
