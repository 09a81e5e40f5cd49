/* proxy-command: the ProxyJump that a ProxyCommand amounts to. */
#ifndef DOCKTETHER_IMPORT_PROXY_COMMAND_H
#define DOCKTETHER_IMPORT_PROXY_COMMAND_H

/* For "ssh [-q] [-a] [-x] [-T] [-l USER] [-p PORT] -W %h:%p [USER@]HOST" in any order,
 * also "... HOST nc %h %p": "[USER@]HOST[:PORT]", allocated. NULL for everything else:
 * an option or a word more may mean another way. Nothing is run. */
char *proxy_command_jump(const char *command);

#endif
