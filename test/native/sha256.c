// Hashes standard input in uneven pieces; the first argument says whether the processor's own instructions may be used.
#include "sha256.h"

int inro_main(int argc, char **argv, char **envp);

int inro_main(int argc, char **argv, char **envp) {
  static u8 piece[8192];
  struct sha256 s;
  u8 digest[SHA256_DIGEST];
  char text[2 * SHA256_DIGEST];
  (void)envp;
  sha256_begin(&s, argc > 1 && argv[1][0] == '1');
  long n = 0;
  for (u64 size = 1; (n = SYS(read, 0, piece, size)) > 0; size = size * 5 % 8191 + 1) sha256_add(&s, piece, (u64)n);
  sha256_end(&s, digest);
  for (int i = 0; i < SHA256_DIGEST; i++) {
    text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
    text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
  }
  SYS(write, 1, text, sizeof text);
  return n < 0;
}
