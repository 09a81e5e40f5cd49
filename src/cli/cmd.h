/* cmd: the verbs, one function each. A function returns the exit status, or -1
 * with an error that main() prints. Operands were counted already. */
#ifndef DOCKTETHER_CLI_CMD_H
#define DOCKTETHER_CLI_CMD_H

#include "base/err.h"
#include "cli/args.h"

int cmd_create(const struct args *args, struct err *e);
int cmd_update(const struct args *args, struct err *e);
int cmd_ls(const struct args *args, struct err *e);
int cmd_inspect(const struct args *args, struct err *e);
int cmd_rm(const struct args *args, struct err *e);
int cmd_import(const struct args *args, struct err *e);
int cmd_export(const struct args *args, struct err *e);
int cmd_pin(const struct args *args, struct err *e);
int cmd_up(const struct args *args, struct err *e);
int cmd_down(const struct args *args, struct err *e);
int cmd_doctor(const struct args *args, struct err *e);
int cmd_run(const struct args *args, struct err *e);
int cmd_enable(const struct args *args, struct err *e);
int cmd_disable(const struct args *args, struct err *e);
int cmd_status(const struct args *args, struct err *e);
int cmd_logs(const struct args *args, struct err *e);
int cmd_use(const struct args *args, struct err *e);
int cmd_show(const struct args *args, struct err *e);
int cmd_env(const struct args *args, struct err *e);
int cmd_exec(const struct args *args, struct err *e);
int cmd_shell(const struct args *args, struct err *e);
int cmd_plugin(const struct args *args, struct err *e);
int cmd_completion(const struct args *args, struct err *e);
int cmd_version(const struct args *args, struct err *e);
int cmd_help(const struct args *args, struct err *e);

#endif
