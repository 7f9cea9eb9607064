// Chooses the role by argv[0]; every role is a function of its own file.
#include "sys.h"

int inro_main(int argc, char **argv, char **envp) {
  (void)argv;
  (void)envp;
  if (argc < 1) return 127;
  return 0;
}
