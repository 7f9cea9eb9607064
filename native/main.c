// Chooses the role by argv[0]; every role is a function of its own file.
#include "executor.h"
#include "front.h"

int inro_tree_main(void);

static const char *basename_of(const char *path) {
  const char *name = path;
  for (; *path; path++)
    if (*path == '/') name = path + 1;
  return name;
}

int inro_main(int argc, char **argv, char **envp) {
  if (argc < 1) return 127;
  if (str_equal(basename_of(argv[0]), "inro-executor")) return inro_executor_main(argc, argv);
  if (str_equal(basename_of(argv[0]), "inro-tree")) return inro_tree_main();
  // Callers may have named it otherwise.
  return inro_front_main(argc, argv, envp);
}
