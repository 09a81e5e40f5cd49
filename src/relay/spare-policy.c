#include "relay/spare-policy.h"

#define PERIOD_MS (20 * 1000) /* what was left over for so long was too much */

struct spare_policy spare_policy_of(size_t least, size_t most)
{
    size_t wanted = least < most ? least : most;

    return (struct spare_policy){ .least = wanted, .most = most, .wanted = wanted };
}

void spare_policy_missed(struct spare_policy *r, int64_t now_ms)
{
    if (r->least == 0 || r->wanted >= r->most)
        return;
    r->wanted++;
    r->left_over = 0;
    r->period_ms = now_ms + PERIOD_MS;
}

void spare_policy_taken(struct spare_policy *r, size_t ready)
{
    if (r->period_ms != 0 && ready < r->left_over)
        r->left_over = ready;
}

void spare_policy_settle(struct spare_policy *r, int64_t now_ms, size_t ready)
{
    size_t half = r->left_over / 2 + r->left_over % 2;

    if (r->period_ms == 0 || now_ms < r->period_ms)
        return;
    if (r->wanted <= r->least + half) {
        r->wanted = r->least;
        r->left_over = 0;
        r->period_ms = 0;
        return;
    }
    r->wanted -= half;
    /* What is too many now goes at once, and is left over no more. */
    r->left_over = ready < r->wanted ? ready : r->wanted;
    r->period_ms = now_ms + PERIOD_MS;
}
