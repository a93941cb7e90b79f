// Acme's plugin for flyte-host in C++: the six hooks. No exception may leave a function that the host calls.

#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>

#include "flyte_plugin.h"

namespace {

// Runs a function; an exception becomes the error.
template <typename Function>
int guarded(flyte_error *error, Function function) noexcept
{
    try {
        return function();
    } catch (const std::exception &exception) {
        return flyte_error_set(error, exception.what());
    } catch (...) {
        return flyte_error_set(error, "an exception of an unknown type");
    }
}

// What `create` makes; the other functions get it as `plugin`.
struct Acme {
    std::string mirror;
};

int create(const flyte_host *, void **plugin, flyte_error *error)
{
    return guarded(error, [&] {
        *plugin = new Acme{"mirror.acme.example"};
        return FLYTE_OK;
    });
}

// The connection of the rest of the chain, with an audience.
int get_remote(void *, const flyte_remote_request *request, const flyte_next *next, flyte_remote *remote,
               flyte_error *error)
{
    return guarded(error, [&] {
        if (flyte_next_get_remote(next, request, remote, error) != FLYTE_OK) {
            return FLYTE_FAILED;
        }
        return flyte_remote_set(remote, "audience", "acme", error);
    });
}

int greet(void *, const flyte_invocation *invocation, flyte_error *error)
{
    return guarded(error, [&] { return flyte_invocation_print(invocation, "hello from C++\n", error); });
}

int configure_cli(void *, flyte_group *main_group, flyte_error *error)
{
    return guarded(error, [&] {
        flyte_command command = {};
        command.name = "greet-cpp";
        command.about = "Greet from C++";
        command.run = greet;
        return flyte_group_add(main_group, &command, error);
    });
}

// As the rest of the chain decides.
int secret_requires_group(void *, const flyte_next *next, int *answer, flyte_error *error)
{
    return guarded(error, [&] { return flyte_next_secret_requires_group(next, answer, error); });
}

// The image of the rest of the chain, from Acme's mirror. Declines where there is none.
int get_default_image(void *plugin, const flyte_next *next, flyte_string *image, flyte_error *error)
{
    return guarded(error, [&] {
        if (std::getenv("ACME_CPP_THROW") != nullptr) {
            throw std::runtime_error("the mirror is closed");
        }
        if (flyte_next_get_default_image(next, image, error) != FLYTE_OK) {
            return FLYTE_FAILED;
        }
        if (const char *behind = flyte_string_get(image)) {
            const std::string mirrored = static_cast<Acme *>(plugin)->mirror + "/" + behind;
            return flyte_string_set(image, mirrored.c_str());
        }
        return FLYTE_OK;
    });
}

// The page of the rest of the chain, with a line of Acme's.
int get_auth_success_html(void *, const char *endpoint, const flyte_next *next, flyte_string *html,
                          flyte_error *error)
{
    return guarded(error, [&] {
        if (flyte_next_get_auth_success_html(next, endpoint, html, error) != FLYTE_OK) {
            return FLYTE_FAILED;
        }
        const char *behind = flyte_string_get(html);
        const std::string page = (behind == nullptr ? std::string() : behind) + "<p>Welcome to Acme.</p>";
        return flyte_string_set(html, page.c_str());
    });
}

int get_default_cache_policies(void *, const flyte_next *next, flyte_policies *policies, flyte_error *error)
{
    return guarded(error, [&] {
        if (flyte_next_get_default_cache_policies(next, policies, error) != FLYTE_OK) {
            return FLYTE_FAILED;
        }
        flyte_policy policy = {};
        policy.name = "acme-cpp";
        policy.version = "v1";
        return flyte_policies_add(policies, &policy, error);
    });
}

} // namespace

const flyte_functions flyte_plugin_functions_1 = {
    sizeof(flyte_functions),
    create,
    get_remote,
    configure_cli,
    secret_requires_group,
    get_default_image,
    get_auth_success_html,
    get_default_cache_policies,
};

FLYTE_PLUGIN("acme-cpp", "1.0.0",
             "get_remote,configure_cli,secret_requires_group,get_default_image,get_auth_success_html,"
             "get_default_cache_policies",
             "");
