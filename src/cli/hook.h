/* hook: what Docker's CLI prints under "What's next" when a command of it failed
 * because of a tether. */
#ifndef DOCKTETHER_CLI_HOOK_H
#define DOCKTETHER_CLI_HOOK_H

/* Answers the request (JSON) on standard output, within 50 ms. Writes nothing
 * when the command was not for one of our profiles, or its tether serves. */
void hook_answer(const char *request);

#endif
