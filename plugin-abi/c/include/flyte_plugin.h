/*
 * Plugins for flyte-host in C, and in every language that can call C.
 *
 * Written by `cargo xtask c-header`; do not edit.
 *
 * A plugin defines `flyte_plugin_functions_1`, says who it is with FLYTE_PLUGIN, and is linked with the static
 * library of `plugin-c` and its map of symbols. All texts are UTF-8 and end with zero.
 */
#ifndef FLYTE_PLUGIN_H
#define FLYTE_PLUGIN_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The target, as Rust names it. For another one, define it before this file is included. */
#ifndef FLYTE_PLUGIN_TARGET
#if defined(__linux__) && defined(__GLIBC__) && defined(__x86_64__)
#define FLYTE_PLUGIN_TARGET "x86_64-unknown-linux-gnu"
#elif defined(__linux__) && defined(__GLIBC__) && defined(__aarch64__)
#define FLYTE_PLUGIN_TARGET "aarch64-unknown-linux-gnu"
#elif defined(__APPLE__) && defined(__aarch64__)
#define FLYTE_PLUGIN_TARGET "aarch64-apple-darwin"
#elif defined(__APPLE__) && defined(__x86_64__)
#define FLYTE_PLUGIN_TARGET "x86_64-apple-darwin"
#else
#error "define FLYTE_PLUGIN_TARGET"
#endif
#endif

/*
 * Says who the plugin is; once in a library. NAME is what users select, VERSION is `MAJOR.MINOR.PATCH`, HOOKS
 * names the functions that are not null, separated by commas. MORE is "" or lines such as
 * "homepage=https://acme.example\n". All are literals.
 */
#define FLYTE_PLUGIN(NAME, VERSION, HOOKS, MORE)                                                   \
    const char flyte_plugin_passport_1[] =                                                          \
        "flyte-plugin-passport 1\nname=" NAME "\nversion=" VERSION                                 \
        "\nprotocol=1.0\nhooks=" HOOKS "\nrustc=that of plugin-c 0.1.0\ntarget=" FLYTE_PLUGIN_TARGET \
        "\nabi_stable=0.11.3\n" MORE

/* What FLYTE_PLUGIN defines. */
extern __attribute__((visibility("default"))) const char flyte_plugin_passport_1[];

/* What a function returns that succeeded. */
#define FLYTE_OK 0
/* What a function returns that failed; its `error` says why. */
#define FLYTE_FAILED 1
/* For `flyte_host_log`: always shown. */
#define FLYTE_LOG_ERROR 1
/* For `flyte_host_log`: always shown. */
#define FLYTE_LOG_WARN 2
/* For `flyte_host_log`: shown with `-v`. */
#define FLYTE_LOG_INFO 3
/* For `flyte_host_log`: shown with `-vv`. */
#define FLYTE_LOG_DEBUG 4
/* Kind of an argument: `--id VALUE`. */
#define FLYTE_OPTION 0
/* Kind of an argument: `--id`. */
#define FLYTE_FLAG 1
/* Kind of an argument: a value by its position. */
#define FLYTE_POSITIONAL 2

/* The host: its log, and the settings of the plugin. Valid until the process ends, on every thread. */
typedef struct flyte_host flyte_host;
/* The rest of the chain: the plugins behind this one, then the default. Valid during the call. */
typedef struct flyte_next flyte_next;
/* Why a function failed. Valid during the call. */
typedef struct flyte_error flyte_error;
/* A text that a function writes; unset at first, which declines. Valid during the call. */
typedef struct flyte_string flyte_string;
/* A connection to Flyte; its fields are unset at first, which leaves them to the host. Valid during the
 * call.
 */
typedef struct flyte_remote flyte_remote;
/* A list of cache policies; empty at first. Valid during the call. */
typedef struct flyte_policies flyte_policies;
/* The program, or a command group of it. Valid during the call. */
typedef struct flyte_group flyte_group;
/* A command that runs. Valid during the call. */
typedef struct flyte_invocation flyte_invocation;
typedef struct flyte_remote_request flyte_remote_request;
typedef struct flyte_task flyte_task;
typedef struct flyte_policy flyte_policy;
typedef struct flyte_argument flyte_argument;
typedef struct flyte_command flyte_command;
typedef struct flyte_functions flyte_functions;

/* What `get_remote` is asked. Texts that are not there are null. */
struct flyte_remote_request {
    /* Path of the configuration file that the user named, or null. */
    const char *config;
    /* The project of the command. */
    const char *project;
    /* The domain of the command. */
    const char *domain;
    /* The upload location that the user named, or null. */
    const char *data_upload_location;
};

/* A task for which a cache policy computes a version. Texts that are not there are null. */
struct flyte_task {
    /* Such as `acme.train`. */
    const char *name;
    /* Such as `raw-container`. */
    const char *task_type;
    /* The image, or null. */
    const char *container_image;
    /* Name of its pod template, or null. */
    const char *pod_template_name;
    /* Its pod specification as JSON, or null. */
    const char *pod_template;
    /* The container's command, and the number of its words. */
    const char *const *command;
    /* The number of words of `command`. */
    size_t command_length;
    /* The container's arguments. */
    const char *const *arguments;
    /* The number of `arguments`. */
    size_t arguments_length;
};

/* Computes a version of a task. Called on any thread, also by several at once, until the process ends. */
typedef int (*flyte_compute_version)(void *plugin, const char *salt, const flyte_task *task, flyte_string *version, flyte_error *error);

/* A cache policy. Texts are copied. */
struct flyte_policy {
    /* Its name, for messages. */
    const char *name;
    /* The version of all tasks; null if it is computed. */
    const char *version;
    /* Computes the version of each task; null if it is fixed. */
    flyte_compute_version compute;
    /* How many seconds a result may be reused; 0: without limit. */
    uint64_t ttl_seconds;
};

/* An argument of a command. Texts are copied; those that are not there are null. */
struct flyte_argument {
    /* Unique within its command; the long name of options and flags. */
    const char *id;
    /* One line of help, or null. */
    const char *help;
    /* One letter, or null. */
    const char *short_name;
    /* The default of an option, or null. */
    const char *default_value;
    /* `FLYTE_OPTION`, `FLYTE_FLAG` or `FLYTE_POSITIONAL`. */
    int kind;
    /* Not 0: it cannot be left out. */
    int required;
};

/* Runs a command. */
typedef int (*flyte_run_command)(void *plugin, const flyte_invocation *invocation, flyte_error *error);

/* A command, with its arguments and subcommands. All of it is copied. */
struct flyte_command {
    /* Its name. */
    const char *name;
    /* One line of help, or null. */
    const char *about;
    /* Its function; null for a group. */
    flyte_run_command run;
    /* Its arguments. */
    const flyte_argument *arguments;
    /* The number of `arguments`. */
    size_t arguments_length;
    /* Its subcommands. */
    const flyte_command *commands;
    /* The number of `commands`. */
    size_t commands_length;
};

/* The functions of a plugin, which it defines as `flyte_plugin_functions_1`. One that is null is not
 * overridden; the hooks that `FLYTE_PLUGIN` names must be those that are not null.
 *
 * Each gets what `create` wrote as its first argument. Each returns `FLYTE_OK`, or `FLYTE_FAILED` and writes
 * into `error`. They are called on any thread, also by several at once. No exception may leave them, and no
 * `longjmp`.
 */
struct flyte_functions {
    /* `sizeof(flyte_functions)`. */
    size_t size;
    /* Called once, before everything else. Writes what the others get into `plugin`. */
    int (*create)(const flyte_host *host, void **plugin, flyte_error *error);
    /* The connection to Flyte. */
    int (*get_remote)(void *plugin, const flyte_remote_request *request, const flyte_next *next, flyte_remote *remote, flyte_error *error);
    /* The command line. */
    int (*configure_cli)(void *plugin, flyte_group *main, flyte_error *error);
    /* Whether a secret must name a group: not 0 in `answer`. */
    int (*secret_requires_group)(void *plugin, const flyte_next *next, int *answer, flyte_error *error);
    /* The image of tasks without one. An unset `image` leaves it to the rest of the chain. */
    int (*get_default_image)(void *plugin, const flyte_next *next, flyte_string *image, flyte_error *error);
    /* The page that the browser shows after sign-in, as HTML. `endpoint` comes from a server: escape it. */
    int (*get_auth_success_html)(void *plugin, const char *endpoint, const flyte_next *next, flyte_string *html, flyte_error *error);
    /* The cache policies of tasks without cache settings. */
    int (*get_default_cache_policies)(void *plugin, const flyte_next *next, flyte_policies *policies, flyte_error *error);
};

/* Writes a line into the host's log. `level` is `FLYTE_LOG_ERROR` and so on. */
void flyte_host_log(const flyte_host *host, int level, const char *line);

/* Reads the settings of the plugin, `[plugin.NAME]` in the host's settings, as JSON; `null` without any. */
int flyte_host_config(const flyte_host *host, flyte_string *json, flyte_error *error);

/* Sets why the function fails. Returns `FLYTE_FAILED`, for `return flyte_error_set(error, "…");`. */
int flyte_error_set(flyte_error *error, const char *message);

/* Adds a cause to an error that is set. */
void flyte_error_cause(flyte_error *error, const char *cause);

/* Adds what the user can do to an error that is set; begins with a verb. */
void flyte_error_hint(flyte_error *error, const char *hint);

/* Reads the message of an error, such as that of a function of `next`. Unset without an error. */
int flyte_error_message(const flyte_error *error, flyte_string *message);

/* Writes a text, which is copied; null unsets it. Fails if it is not UTF-8. */
int flyte_string_set(flyte_string *string, const char *text);

/* Reads a text; null if it is unset. Valid until it is written again. */
const char *flyte_string_get(const flyte_string *string);

/* Asks the rest of the chain for the connection to Flyte. */
int flyte_next_get_remote(const flyte_next *next, const flyte_remote_request *request, flyte_remote *remote, flyte_error *error);

/* Asks the rest of the chain whether a secret must name a group. */
int flyte_next_secret_requires_group(const flyte_next *next, int *answer, flyte_error *error);

/* Asks the rest of the chain for the image of tasks without one; unset if there is none. */
int flyte_next_get_default_image(const flyte_next *next, flyte_string *image, flyte_error *error);

/* Asks the rest of the chain for the page after sign-in; unset if there is none. */
int flyte_next_get_auth_success_html(const flyte_next *next, const char *endpoint, flyte_string *html, flyte_error *error);

/* Adds the cache policies of the rest of the chain. */
int flyte_next_get_default_cache_policies(const flyte_next *next, flyte_policies *policies, flyte_error *error);

/* Sets a field of a connection, such as `endpoint`, `insecure` (`true` or `false`), `auth_mode`, `audience`,
 * `default_project`. Lists are made with `flyte_remote_add`.
 */
int flyte_remote_set(flyte_remote *remote, const char *field, const char *value, flyte_error *error);

/* Adds a value to a list of a connection: `scopes`, `command` or `proxy_command`. */
int flyte_remote_add(flyte_remote *remote, const char *field, const char *value, flyte_error *error);

/* Adds metadata that is sent with every call. Values are treated as secrets. */
int flyte_remote_add_header(flyte_remote *remote, const char *name, const char *value, flyte_error *error);

/* Says why a field has its value, for `flyte-host config show`. */
int flyte_remote_because(flyte_remote *remote, const char *field, const char *reason, flyte_error *error);

/* Reads a field of a connection; unset if the field is. Lists cannot be read. */
int flyte_remote_get(const flyte_remote *remote, const char *field, flyte_string *value, flyte_error *error);

/* Adds a cache policy. */
int flyte_policies_add(flyte_policies *policies, const flyte_policy *policy, flyte_error *error);

/* Adds a command, whose name must be free. */
int flyte_group_add(flyte_group *group, const flyte_command *command, flyte_error *error);

/* Hides a command from help and completion; it still works. */
int flyte_group_hide(flyte_group *group, const char *command, flyte_error *error);

/* Sets the default of an option of the group. */
int flyte_group_set_default(flyte_group *group, const char *option, const char *value, flyte_error *error);

/* A group below a group, by its name; null if the name is null or not UTF-8. Valid during the call of
 * `configure_cli`.
 */
flyte_group *flyte_group_find(flyte_group *group, const char *name);

/* Reads the value of an argument; unset if it has none. */
int flyte_invocation_value(const flyte_invocation *invocation, const char *argument, flyte_string *value, flyte_error *error);

/* Whether a flag is given: not 0. */
int flyte_invocation_flag(const flyte_invocation *invocation, const char *argument);

/* Writes to the output of the command. Text that C prints itself does not get there. */
int flyte_invocation_print(const flyte_invocation *invocation, const char *text, flyte_error *error);

/* The functions of the plugin, which it defines. */
extern const flyte_functions flyte_plugin_functions_1;

#ifdef __cplusplus
}
#endif

#endif
