// The front: `inro-runtime` as callers start it. It finds a Bun that serves command lines, hands it this one, and does
// what it is told until it is told its exit code (src/kernel/plan/frames.ts, "the front's"; docs/adr/0016).
//
//   front ── connect, or fork a Bun ── COMMAND ─▶  BEGUN · OUTPUT … · [BECOME: front is an executor] · EXIT
#ifndef INRO_FRONT_H
#define INRO_FRONT_H

#include "operate.h"

enum { STANDING_LIMIT = 16384, PATH_LIMIT = 4096 };

struct front {
  i32 wire;
  i32 bun;                      // the one that serves this front alone: it is waited for; 0
  char standing[STANDING_LIMIT];  // what two processes have to have in common to do the same: credentials, namespaces, root
  char program[PATH_LIMIT];     // Bun's executable
  char folder[PATH_LIMIT];      // of the socket at which those of this standing are served; "": each has a Bun of its own
};

int inro_front_main(int argc, char **argv, char **envp);

// front_standing.c: fills all but the wire. 0 or -errno.
int front_look(struct front *f, char **envp);
// Whether this process's namespaces live as long as the machine: a Bun must not keep any other for long.
int front_lasts(void);
// front_bun.c: a connection to who listens, or to a Bun of its own. -errno.
i32 front_connect(const struct front *f);
i32 front_start(struct front *f);

#endif
