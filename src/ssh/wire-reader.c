#include "ssh/wire-reader.h"

bool wire_number(struct wire_reader *r, size_t bytes, uint64_t *number)
{
    if (r->len - r->at < bytes)
        return false;
    *number = 0;
    for (size_t i = 0; i < bytes; i++)
        *number = *number << 8 | r->p[r->at++];
    return true;
}

bool wire_string(struct wire_reader *r, const unsigned char **p, size_t *len)
{
    uint64_t n;

    if (!wire_number(r, 4, &n) || n > r->len - r->at)
        return false;
    *p = r->p + r->at;
    *len = (size_t)n;
    r->at += (size_t)n;
    return true;
}

void wire_put32(unsigned char *p, uint32_t v)
{
    p[0] = (unsigned char)(v >> 24);
    p[1] = (unsigned char)(v >> 16);
    p[2] = (unsigned char)(v >> 8);
    p[3] = (unsigned char)v;
}
