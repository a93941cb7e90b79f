/* A library that passes the checks of the fuzz target `preflight`; it is never loaded. */
#include <stdlib.h>

const char flyte_plugin_passport_1[] =
    "flyte-plugin-passport 1\n"
    "name=acme\n"
    "version=3.1.0\n"
    "protocol=1.0\n"
    "hooks=get_remote\n"
    "rustc=rustc 1.95.0\n"
    "target=x86_64-unknown-linux-gnu\n"
    "abi_stable=0.11.3\n";

struct header {
  char mark[32];
  unsigned major, minor;
  void *rest[64];
};

struct header flyte_plugin_header_1 = {"the mark of the fuzzing seeds...", 0, 11, {&flyte_plugin_header_1}};

int missing(void);

void *get(void) { return missing() ? malloc(1) : 0; }
