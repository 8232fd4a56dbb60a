#include <tool/command.h>
int command_iso(int count, char **arguments)
{
    (void)count;
    (void)arguments;
    return EXIT_FAILED;
}
