#include "ssh/closing.h"

/* Asking costs a system call each. */
#define PROBES 2

static void append(struct closing_list *list, struct closing *c)
{
    c->next = NULL;
    c->prev = list->last;
    if (list->last != NULL)
        list->last->next = c;
    else
        list->first = c;
    list->last = c;
}

static void cut(struct closing_list *list, struct closing *c)
{
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        list->first = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    else
        list->last = c->prev;
}

static void count(struct closings *cs, enum closing_state state, size_t n)
{
    if (state == CLOSING_OPENING)
        cs->opening += n;
    if (state == CLOSING_QUIET)
        cs->waiting += n;
}

/* Takes c, which is on no list, to where it belongs now. */
static void place(struct closings *cs, struct closing *c, enum closing_state state)
{
    c->state = state;
    if (state == CLOSING_DONE) {
        c->destroy(c);
        return;
    }
    count(cs, state, 1);
    append(state == CLOSING_QUIET ? &cs->quiet : &cs->busy, c);
}

void closings_add(struct closings *cs, struct closing *c)
{
    place(cs, c, c->step(c, true));
}

/* A step may bring news of others, which go to the end of the list: those are left
 * for the next time. */
void closings_step(struct closings *cs)
{
    struct closing *const last = cs->busy.last;
    size_t probes = PROBES;

    for (struct closing *c = cs->busy.first, *next; c != NULL; c = next) {
        const bool probe = c->state == CLOSING_OPENING && probes > 0;
        const bool at_end = c == last;
        probes -= probe;
        enum closing_state state = c->step(c, probe || c->state == CLOSING_BUSY);
        next = c->next;
        /* Asked in vain, it is the last to be asked again. */
        if (probe || state != c->state) {
            cut(&cs->busy, c);
            count(cs, c->state, (size_t)-1);
            place(cs, c, state);
        }
        if (at_end)
            break;
    }
}

void closing_news(struct closings *cs, struct closing *c)
{
    if (c->state != CLOSING_QUIET)
        return;
    cut(&cs->quiet, c);
    count(cs, c->state, (size_t)-1);
    place(cs, c, CLOSING_BUSY);
}

static void clear(struct closing_list *list)
{
    while (list->first != NULL) {
        struct closing *c = list->first;
        cut(list, c);
        c->destroy(c);
    }
}

void closings_clear(struct closings *cs)
{
    clear(&cs->busy);
    clear(&cs->quiet);
    cs->opening = cs->waiting = 0;
}
