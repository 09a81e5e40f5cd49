#include "relay/spare-policy.h"

#define PERIOD_MS (20 * 1000) /* what was left over for so long was too much */

struct spare_policy spare_policy_of(size_t least, size_t most)
{
    size_t wanted = least < most ? least : most;

    return (struct spare_policy){ .least = wanted, .most = most, .wanted = wanted };
}

void spare_policy_missed(struct spare_policy *p, int64_t now_ms)
{
    if (p->least == 0 || p->wanted >= p->most)
        return;
    p->wanted++;
    p->left_over = 0;
    p->period_ms = now_ms + PERIOD_MS;
}

void spare_policy_taken(struct spare_policy *p, size_t ready)
{
    if (p->period_ms != 0 && ready < p->left_over)
        p->left_over = ready;
}

void spare_policy_settle(struct spare_policy *p, int64_t now_ms, size_t ready)
{
    size_t half = p->left_over / 2 + p->left_over % 2;

    if (p->period_ms == 0 || now_ms < p->period_ms)
        return;
    if (p->wanted <= p->least + half) {
        p->wanted = p->least;
        p->left_over = 0;
        p->period_ms = 0;
        return;
    }
    p->wanted -= half;
    /* What is too many now goes at once, and is left over no more. */
    p->left_over = ready < p->wanted ? ready : p->wanted;
    p->period_ms = now_ms + PERIOD_MS;
}
