// Process entry. The kernel hands over argc, argv and envp on the stack (execve(2), "x86-64 psABI 3.4.1").
#include "sys.h"

int inro_main(int argc, char **argv, char **envp);

#ifdef INRO_SANITIZE
int main(int argc, char **argv, char **envp) { return inro_main(argc, argv, envp); }
#else
_Noreturn void inro_start(long *stack);

_Noreturn void inro_start(long *stack) {
  int argc = (int)stack[0];
  char **argv = (char **)(stack + 1);
  sys_exit(inro_main(argc, argv, argv + argc + 1));
}

#if defined(__x86_64__)
__asm__(".text\n.globl _start\n_start:\n xor %ebp,%ebp\n mov %rsp,%rdi\n and $-16,%rsp\n call inro_start\n");
#elif defined(__aarch64__)
__asm__(".text\n.globl _start\n_start:\n mov x29,#0\n mov x30,#0\n mov x0,sp\n bl inro_start\n");
#endif
#endif
