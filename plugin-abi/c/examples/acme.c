/* Acme's plugin for flyte-host in C: the six hooks, one of each. */

#include <stdlib.h>
#include <string.h>

#include "flyte_plugin.h"

/* What `create` makes; the other functions get it as `plugin`. */
struct acme {
    const flyte_host *host;
};

static int create(const flyte_host *host, void **plugin, flyte_error *error)
{
    struct acme *acme = malloc(sizeof *acme);
    if (acme == NULL) {
        return flyte_error_set(error, "no memory");
    }
    acme->host = host;
    *plugin = acme;
    flyte_host_log(host, FLYTE_LOG_DEBUG, "created");
    return FLYTE_OK;
}

/* Which Flyte to talk to: that of the rest of the chain, with a header, or the staging cluster. */
static int get_remote(void *plugin, const flyte_remote_request *request, const flyte_next *next,
                      flyte_remote *remote, flyte_error *error)
{
    const char *endpoint = getenv("ACME_C_ENDPOINT");
    (void)plugin;
    if (endpoint != NULL && request->config == NULL) {
        if (flyte_remote_set(remote, "endpoint", endpoint, error) != FLYTE_OK) {
            return FLYTE_FAILED;
        }
        return flyte_remote_because(remote, "endpoint", "variable `ACME_C_ENDPOINT`", error);
    }
    if (flyte_next_get_remote(next, request, remote, error) != FLYTE_OK) {
        return FLYTE_FAILED;
    }
    return flyte_remote_add_header(remote, "x-acme", "c", error);
}

static int greet(void *plugin, const flyte_invocation *invocation, flyte_error *error)
{
    int code = FLYTE_FAILED;
    struct acme *acme = plugin;
    flyte_host_log(acme->host, FLYTE_LOG_INFO, "greeting");
    if (flyte_invocation_flag(invocation, "fail")) {
        flyte_error_set(error, "no one to greet");
        flyte_error_cause(error, "the office is empty");
        flyte_error_hint(error, "run `flyte-host greet-c` tomorrow");
        return FLYTE_FAILED;
    }
    if (flyte_invocation_print(invocation, "hello from C\n", error) == FLYTE_OK) {
        code = FLYTE_OK;
    }
    return code;
}

/* The command line: one command with a flag. */
static int configure_cli(void *plugin, flyte_group *main_group, flyte_error *error)
{
    flyte_argument fail = {.id = "fail", .help = "Fail", .kind = FLYTE_FLAG};
    flyte_command command = {
        .name = "greet-c",
        .about = "Greet from C",
        .run = greet,
        .arguments = &fail,
        .arguments_length = 1,
    };
    (void)plugin;
    return flyte_group_add(main_group, &command, error);
}

static int secret_requires_group(void *plugin, const flyte_next *next, int *answer, flyte_error *error)
{
    (void)plugin;
    (void)next;
    (void)error;
    *answer = 0;
    return FLYTE_OK;
}

/* The image of tasks without one. Without the variable, the rest of the chain decides. */
static int get_default_image(void *plugin, const flyte_next *next, flyte_string *image, flyte_error *error)
{
    const char *own = getenv("ACME_C_IMAGE");
    (void)plugin;
    if (own == NULL) {
        return flyte_next_get_default_image(next, image, error);
    }
    if (flyte_string_set(image, own) != FLYTE_OK) {
        return flyte_error_set(error, "ACME_C_IMAGE is not UTF-8");
    }
    return FLYTE_OK;
}

/* The endpoint comes from a server; as HTML it must be text, and nothing but text. */
static int get_auth_success_html(void *plugin, const char *endpoint, const flyte_next *next,
                                 flyte_string *html, flyte_error *error)
{
    size_t length = strlen(endpoint);
    char *page = malloc(5 * length + 64);
    char *end = page;
    int code;
    (void)plugin;
    (void)next;
    if (page == NULL) {
        return flyte_error_set(error, "no memory");
    }
    memcpy(end, "<p>Signed in with ", 18);
    end += 18;
    for (size_t at = 0; at < length; at++) {
        const char *escaped = endpoint[at] == '<' ? "&lt;" : endpoint[at] == '&' ? "&amp;" : NULL;
        if (escaped != NULL) {
            memcpy(end, escaped, strlen(escaped));
            end += strlen(escaped);
        } else {
            *end++ = endpoint[at];
        }
    }
    memcpy(end, ".</p>", 6);
    code = flyte_string_set(html, page);
    free(page);
    return code == FLYTE_OK ? FLYTE_OK : flyte_error_set(error, "the page is not UTF-8");
}

/* A version that is the name of the task. */
static int compute(void *plugin, const char *salt, const flyte_task *task, flyte_string *version,
                   flyte_error *error)
{
    (void)plugin;
    (void)salt;
    if (flyte_string_set(version, task->name) != FLYTE_OK) {
        return flyte_error_set(error, "the name is not UTF-8");
    }
    return FLYTE_OK;
}

static int get_default_cache_policies(void *plugin, const flyte_next *next, flyte_policies *policies,
                                      flyte_error *error)
{
    flyte_policy policy = {.name = "acme-c", .compute = compute, .ttl_seconds = 3600};
    (void)plugin;
    if (flyte_next_get_default_cache_policies(next, policies, error) != FLYTE_OK) {
        return FLYTE_FAILED;
    }
    return flyte_policies_add(policies, &policy, error);
}

const flyte_functions flyte_plugin_functions_1 = {
    .size = sizeof(flyte_functions),
    .create = create,
    .get_remote = get_remote,
    .configure_cli = configure_cli,
    .secret_requires_group = secret_requires_group,
    .get_default_image = get_default_image,
    .get_auth_success_html = get_auth_success_html,
    .get_default_cache_policies = get_default_cache_policies,
};

FLYTE_PLUGIN("acme-c", "1.0.0",
             "get_remote,configure_cli,secret_requires_group,get_default_image,get_auth_success_html,"
             "get_default_cache_policies",
             "description=Acme's plugin in C\nhomepage=https://acme.example\n");
