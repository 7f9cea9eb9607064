// The image that is built into Inro: shows, from inside, what makes a process a container.
#include <linux/fcntl.h>
#include <linux/utsname.h>

#include "text.h"

static char file[65536];
static char value[4096];

struct namespace_row {
  const char *name;
  const char *what;
  // The number of the host's own namespace: fixed in the kernel (include/linux/proc_ns.h).
  u64 host;
  // The first kernel that fixes it, as major * 1000 + minor; before that the host's number cannot be known from here.
  u64 since;
};

static const struct namespace_row namespaces[] = {
    {"pid", "its own process numbers", 4026531836, 0},
    {"mnt", "its own tree of files", 4026531832, 6018},
    {"net", "its own network devices", 4026531833, 6018},
    {"uts", "its own host name", 4026531838, 0},
    {"ipc", "its own shared memory", 4026531839, 0},
    {"cgroup", "its own view of limits", 4026531835, 0},
    {"user", "its own user numbers", 4026531837, 0},
    {"time", "its own clocks", 4026531834, 0},
};

// capabilities(7), in the order of their numbers.
static const char *const capabilities[] = {
    "chown",           "dac_override",     "dac_read_search", "fowner",       "fsetid",        "kill",
    "setgid",          "setuid",           "setpcap",         "linux_immutable", "net_bind_service", "net_broadcast",
    "net_admin",       "net_raw",          "ipc_lock",        "ipc_owner",    "sys_module",    "sys_rawio",
    "sys_chroot",      "sys_ptrace",       "sys_pacct",       "sys_admin",    "sys_boot",      "sys_nice",
    "sys_resource",    "sys_time",         "sys_tty_config",  "mknod",        "lease",         "audit_write",
    "audit_control",   "setfcap",          "mac_override",    "mac_admin",    "syslog",        "wake_alarm",
    "block_suspend",   "audit_read",       "perfmon",         "bpf",          "checkpoint_restore",
};

static void heading(const char *title) {
  put("\n ");
  put(title);
  put("\n");
}

static void row(const char *name, const char *text) {
  put("   ");
  put_column(name, 14);
  put(text);
  put("\n");
}

static u64 parse_decimal(const char *text) {
  u64 number = 0;
  while (*text >= '0' && *text <= '9') number = number * 10 + (u64)(*text++ - '0');
  return number;
}

static u64 kernel_version(void) {
  struct new_utsname name;
  if (SYS(uname, &name) < 0) return 0;
  const char *dot = find(name.release, ".");
  return parse_decimal(name.release) * 1000 + (dot ? parse_decimal(dot + 1) : 0);
}

static void show_namespace(const struct namespace_row *ns, u64 kernel) {
  char path[64] = "/proc/self/ns/";
  memcpy(path + strlen(path), ns->name, strlen(ns->name) + 1);
  long n = SYS(readlinkat, AT_FDCWD, path, value, sizeof value - 1);
  if (n <= 0) return;
  value[n] = 0;
  const char *bracket = find(value, "[");
  u64 number = bracket ? parse_decimal(bracket + 1) : 0;
  put("   ");
  put_column(ns->name, 14);
  put_number(number);
  put("   ");
  if (kernel < ns->since) {
    put("?\n");
    return;
  }
  put_number(ns->host);
  put("   ");
  put(number == ns->host ? "the host's, shared" : ns->what);
  put("\n");
}

static void show_process(void) {
  heading("a process");
  put("   ");
  put_column("pid", 14);
  put_number((u64)SYS(getpid));
  put(SYS(getpid) == 1 ? "   (the first of its pid namespace)\n" : "\n");
  if (read_text("/proc/sys/kernel/hostname", value, sizeof value) > 0) {
    char name[256];
    copy_until(value, '\n', name, sizeof name);
    row("host name", name);
  }
  read_text("/proc/self/status", file, sizeof file);
  if (field(file, "Uid", value, sizeof value)) {
    char uid[32];
    copy_until(value, '\t', uid, sizeof uid);
    row("user", uid);
  }
}

static void show_namespaces(void) {
  heading("isolated: namespaces   here         the host's");
  u64 kernel = kernel_version();
  for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++) show_namespace(&namespaces[i], kernel);
}

static void put_bytes(u64 bytes) {
  const u64 mebibyte = 1 << 20;
  if (bytes >= mebibyte && bytes % mebibyte == 0) {
    put_number(bytes / mebibyte);
    put(" MiB (");
    put_number(bytes);
    put(" bytes)");
    return;
  }
  put_number(bytes);
  put(" bytes");
}

static void limit(const char *name, const char *v2, const char *v1, const char *unit) {
  if (read_text(v2, value, sizeof value) <= 0 && read_text(v1, value, sizeof value) <= 0) return;
  // cpu.max is two words, "max 100000" or "50000 100000": the first one is the limit.
  char line[64], number[64];
  copy_until(value, '\n', line, sizeof line);
  copy_until(line, ' ', number, sizeof number);
  put("   ");
  put_column(name, 14);
  // cgroup v1 says "no limit" as the largest multiple of a page.
  int none = str_equal(number, "max") || str_equal(number, "-1") || parse_decimal(number) > (u64)1 << 60;
  if (none) put("no limit");
  else if (unit == NULL) put_bytes(parse_decimal(number));
  else {
    put(number);
    put(unit);
  }
  put("\n");
}

static void show_limits(void) {
  heading("limited: control groups");
  if (read_text("/proc/self/cgroup", file, sizeof file) > 0) {
    const char *own = find(file, "memory:");
    if (!own) own = find(file, "::");
    if (own) {
      copy_until(find(own, "/") ? find(own, "/") : own, '\n', value, sizeof value);
      // cgroup_namespaces(7): paths are told as seen from the namespace's own root.
      row("cgroup", str_equal(value, "/") ? "/   (so it looks from its own cgroup namespace)" : value);
    }
  }
  limit("memory", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes", NULL);
  limit("processes", "/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max", "");
  limit("cpu quota", "/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", " µs in each period");
}

static u64 count_layers(const char *options) {
  u64 count = 1;
  for (; *options && *options != ','; options++)
    if (*options == ':') count++;
  return count;
}

static void show_files(void) {
  heading("given its own files: a union of layers");
  read_text("/proc/self/mountinfo", file, sizeof file);
  const char *root = find(file, " / / ");
  char line[8192];
  if (!root) return;
  copy_until(root, '\n', line, sizeof line);
  const char *type = find(line, " - ");
  if (!type) return;
  copy_until(type + 3, ' ', value, sizeof value);
  row("root", value);
  const char *lower = find(line, "lowerdir=");
  if (lower) {
    put("   ");
    put_column("layers", 14);
    put_number(count_layers(lower));
    put(" read-only");
    put(find(line, "upperdir=") ? ", and a writable one above\n" : "\n");
  }
}

static void show_capabilities(const char *status) {
  field(status, "CapEff", value, sizeof value);
  u64 set = parse_hex(value);
  const size_t known = sizeof capabilities / sizeof *capabilities;
  u64 kept = 0;
  for (size_t i = 0; i < known; i++) kept += set >> i & 1;
  put("   ");
  put_column("capabilities", 14);
  put_number(kept);
  put(" of ");
  put_number(known);
  put(kept ? " kept:" : " kept");
  size_t column = 0;
  for (size_t i = 0; i < known; i++) {
    if (!(set >> i & 1)) continue;
    put(column++ % 5 == 0 ? "\n                 " : " ");
    put(capabilities[i]);
  }
  put("\n");
}

static void show_confinement(void) {
  heading("confined");
  read_text("/proc/self/status", file, sizeof file);
  show_capabilities(file);
  put("   ");
  put_column("seccomp", 14);
  field(file, "Seccomp", value, sizeof value);
  if (str_equal(value, "2")) {
    put("on, ");
    if (field(file, "Seccomp_filters", value, sizeof value)) put(value);
    else put("1");
    put(str_equal(value, "1") ? " filter decides every system call\n" : " filters decide every system call\n");
  } else {
    put("off\n");
  }
  put("   ");
  put_column("privileges", 14);
  field(file, "NoNewPrivs", value, sizeof value);
  put(str_equal(value, "1") ? "no new ones can be gained\n" : "setuid programs may gain some\n");
}

int inro_main(int argc, char **argv, char **envp) {
  (void)argc;
  (void)argv;
  (void)envp;
  put("\n Hello from inside a container. It is merely a process that is\n");
  show_process();
  show_namespaces();
  show_limits();
  show_files();
  show_confinement();
  put("\n Every one of these came from one line of a list that you can read:\n"
      "   inro explain run --rm hello\n"
      " Next: inro run --rm -m 64m hello · inro run --rm --network none --cap-drop all hello\n\n");
  put_flush();
  return 0;
}
