// Acme's plugin for flyte-host in C++: two hooks. No exception may leave a function that the host calls.

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

// The image of the rest of the chain, from Acme's mirror. Declines where there is none.
int get_default_image(void *, const flyte_next *next, flyte_string *image, flyte_error *error)
{
    return guarded(error, [&] {
        if (std::getenv("ACME_CPP_THROW") != nullptr) {
            throw std::runtime_error("the mirror is closed");
        }
        if (flyte_next_get_default_image(next, image, error) != FLYTE_OK) {
            return FLYTE_FAILED;
        }
        if (const char *behind = flyte_string_get(image)) {
            const std::string mirrored = std::string("mirror.acme.example/") + behind;
            return flyte_string_set(image, mirrored.c_str());
        }
        return FLYTE_OK;
    });
}

int list(void *, const flyte_invocation *invocation, flyte_error *error)
{
    return guarded(error, [&] { return flyte_invocation_print(invocation, "hello from C++\n", error); });
}

int configure_cli(void *, flyte_group *main_group, flyte_error *error)
{
    return guarded(error, [&] {
        flyte_command command = {};
        command.name = "greet-cpp";
        command.about = "Greet from C++";
        command.run = list;
        return flyte_group_add(main_group, &command, error);
    });
}

flyte_functions functions()
{
    flyte_functions table = {};
    table.size = sizeof table;
    table.configure_cli = configure_cli;
    table.get_default_image = get_default_image;
    return table;
}

} // namespace

const flyte_functions flyte_plugin_functions_1 = functions();

FLYTE_PLUGIN("acme-cpp", "1.0.0", "configure_cli,get_default_image", "");
