/* mailweir-policyd - answers Postfix's policy and socketmap questions. */
#include "config/options.h"
#include "policy/parent.h"

int
main(int argc, char **argv)
{
	const char *path;
	int status;
	struct config *config = options_config("mailweir-policyd", argc, argv,
	    &path, &status);

	return config == NULL ? status : parent_run(path, config);
}
