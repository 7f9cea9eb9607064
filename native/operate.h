// What the operations are made of: each is `long op_NAME(execution, fields, record)`, >= 0 or -errno, and leaves in
// its record which system call answered and what a person should know besides the errno.
#ifndef INRO_OPERATE_H
#define INRO_OPERATE_H

#include "abi.h"
#include "execute.h"

// A system call whose answer is the operation's.
#define CALL(r, name, ...) ((r)->step = __NR_##name, SYS(name, ##__VA_ARGS__))

// ── record.c ──
void detail(struct record *r, const char *text);
void detail_number(struct record *r, u64 number);
// An error that the operation was allowed to have: kept, and success.
long tolerated(struct record *r, long error);
u64 now_ns(void);

// ── child.c ──
// The caller's descriptors lie behind the wire (3) in the executor, and begin at 3 in the child.
enum { PASSED_TO = 3, PASSED_FROM = 4 };
// Runs build, confine and become in the child; never returns.
_Noreturn void child_run(struct execution *e);

// ── slots ──
static inline i32 slot_of(const struct execution *e, u16 slot) { return slot == NO_SLOT ? -1 : e->slots[slot] - 1; }
// Takes a new descriptor (or an error, which it passes on).
long slot_set(struct execution *e, u16 slot, long fd);

// ── path.c: resolution beneath a descriptor ──
enum { IN_ROOT = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, REAL = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
// openat2 with O_CLOEXEC; EAGAIN (a concurrent rename or mount) is tried again, a bounded number of times. An empty
// path is the folder itself.
long open_beneath(struct record *r, i32 root, const char *path, u64 flags, u64 resolve);
// Opens the folder of a path's last component (`resolve` as above) and answers its name.
long open_parent(struct record *r, i32 root, const char *path, u64 resolve, char name[256]);
// Makes what is missing of a path inside a root, each O_EXCL | O_NOFOLLOW (R6); the last one a folder or an empty file.
long make_missing(struct record *r, i32 root, const char *path, u32 mode, int directory);
long file_mode(struct record *r, i32 fd, struct statx *out);
// Writes a small file in one write. `resolve`: how `path` may be resolved beneath `folder`.
long write_file(struct record *r, i32 folder, const char *path, const char *data, u64 resolve, long magic);
// include/linux/kdev_t.h, new_encode_dev: what mknod(2) takes.
static inline u32 device_number(u32 major, u32 minor) { return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12); }
// How files of a procfs that we hold are reached: nothing that is mounted over it, no magic link.
enum { IN_PROC = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS };
// The folder of a process in a procfs.
long open_process(struct record *r, i32 proc, i32 pid);
// The same in the host's.
long open_host_process(struct record *r, i32 pid);
// The terminated decimal form of `value`; `to` holds 21 bytes.
void number_text(char *to, u64 value);

// The most that netlink may answer in a batch: the size of the mapping behind a record's `data`.
enum { NETLINK_DATA_LIMIT = 4 << 20 };

// ── operate.c ──
// Runs operation `index` of the plan and completes its record. 0 or -errno.
long operate(struct execution *e, u32 index);
// Runs from..to; stops at the first failure, which it notes in the execution.
long operate_range(struct execution *e, u32 from, u32 to);

// ── sync.c ──
enum { SYNC_POINTS = 32, SYNC_MASTER = 100, SYNC_READY, SYNC_GO, SYNC_NEVER };
long sync_send(const struct execution *e, u32 message);
long sync_send_descriptor(i32 fd, u32 message, i32 descriptor);
// Parent: waits until `message` came, keeping what else comes. 0, -EPIPE when the child's end closed, -ETIMEDOUT.
long sync_wait(struct execution *e, u32 message);
// Parent: keeps what has come so far. 0, or -EPIPE when the child's end is closed.
long sync_drain(struct execution *e);
int sync_came(const struct execution *e, u32 message);
// Child: the same with plain reads, as is allowed after seccomp.
long sync_read(struct execution *e, u32 message);

// ── scheduling.c ──
// The executor runs again where it ran before a child's processors were borrowed.
void processors_restore(struct execution *e);
// ── program.c ──
// Why execve refused a file that is there, in the record's words: a missing interpreter, another architecture.
void explain_refusal(struct record *r, const char *path, long error);

// ── process.c ──
// What is wrong with a namespace that setns(2) refused, in the record's words.
long explain_namespace(struct record *r, i32 ns, u32 wanted, long error);

// ── listener.c ──
// A socket that is connected to who listens at `path`, or -errno; sends wait for no more than some seconds.
long connect_patiently(struct record *r, const char *path);
// A descriptor and a text, in one message where it fits. 0 or -errno.
long send_rights(i32 socket, i32 descriptor, const char *text, size_t n);

// ── network.c ──
struct errand {
  long (*run)(struct record *r, const void *about);  // a descriptor, 0 or -errno
  const void *about;
};
// Done in another network namespace, which `ns` is or a pidfd names: the executor comes back from there in any case. The
// record's step is the errand's.
long run_in(struct record *r, i32 ns, struct errand errand);
// The same with a namespace of another type; `ours`: where this process finds its own again.
long run_in_namespace(struct record *r, i32 ns, const char *ours, u32 type, struct errand errand);
// What answers were read into goes back to the kernel.
void netlink_forget(void);

// ── between.c ──
enum { MOST_JOINED = 8 };
// clone3 from inside the namespaces that `clone` joins; the child is ours all the same. As clone3, in the child too.
long clone_between(struct execution *e, struct clone_args *args, struct record *r);

#define OP(NAME, name) long op_##name(struct execution *e, const struct op_##name *o, struct record *r);
#include "generated/dispatch.h"
#undef OP

#endif
