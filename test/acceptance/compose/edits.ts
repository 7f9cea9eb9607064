/** What people change in a Compose file, one after the other, and what has to follow from each change. */

type Service = Record<string, unknown>;

export interface File {
  services: Record<string, Service>;
  networks: Record<string, Record<string, unknown>>;
  volumes: Record<string, Record<string, unknown>>;
  configs: Record<string, Record<string, unknown>>;
  secrets: Record<string, Record<string, unknown>>;
  [more: string]: unknown;
}

/** Texts beside the Compose file. */
export const beside: Readonly<Record<string, string>> = {
  "web.env": "A=1\n",
  "key.txt": "old",
  "page.txt": "old",
};

/** `shares` is part of `web`'s network, `after` waits for it, `apart` has nothing to do with it. */
export function first(): File {
  const plain = { image: "busybox", command: ["sleep", "7200"], stop_signal: "SIGKILL" };
  return {
    services: {
      web: { ...plain, networks: { back: null }, env_file: ["web.env"], volumes: ["data:/data"] },
      shares: { ...plain, network_mode: "service:web" },
      after: { ...plain, depends_on: ["web"], networks: { back: null } },
      apart: { ...plain, networks: { front: null } },
    },
    networks: { back: {}, front: {} },
    volumes: { data: {} },
    configs: { page: { content: "old" }, sheet: { file: "./page.txt" } },
    secrets: { key: { file: "./key.txt" } },
  };
}

export interface Edit {
  readonly title: string;
  readonly change: (web: Service, file: File) => void;
  /** Texts beside the file that change, too. */
  readonly beside?: Readonly<Record<string, string>>;
  /** The services whose containers are made again; none but `web` and what shares its network, where nothing is said. */
  readonly again?: readonly string[];
  /** A reason among the steps of a dry run; what is said of it in general, where nothing is said. */
  readonly why?: RegExp;
}

const set = (title: string, value: unknown, why?: RegExp): Edit => ({
  title,
  change: (web) => void Object.assign(web, { [title]: value }),
  ...(why === undefined ? {} : { why }),
});

export const edits: readonly Edit[] = [
  set("environment", { B: "2" }, /its environment.* changed/),
  {
    title: "a variable in the env_file",
    change: () => {},
    beside: { "web.env": "A=2\n" },
    why: /its environment.* changed/,
  },
  set("command", ["sleep", "7201"], /its command.* changed/),
  set("entrypoint", ["busybox"], /its command.* changed/),
  set("labels", { a: "b" }, /its labels.* changed/),
  { title: "annotations", change: (web) => void Object.assign(web, { annotations: { "a.b": "c" } }) },
  set("ports", ["127.0.0.1::80"], /its ports.* changed/),
  set("expose", ["81"]),
  {
    title: "volumes: one more",
    change: (web) => void (web["volumes"] as string[]).push("/scratch"),
    why: /its mounts.* changed/,
  },
  {
    title: "volumes: read-only",
    change: (web) => void (web["volumes"] as string[]).splice(0, 1, "data:/data:ro"),
    why: /its mounts.* changed/,
  },
  set("tmpfs", ["/run/one:size=1m"], /its mounts.* changed/),
  set("mem_limit", "64m", /its limits.* changed/),
  set("cpus", 0.5, /its limits.* changed/),
  set("cpu_shares", 512, /its limits.* changed/),
  set("pids_limit", 50, /its limits.* changed/),
  set("ulimits", { nofile: { soft: 100, hard: 200 } }, /its limits.* changed/),
  set("cap_drop", ["MKNOD"], /its privileges.* changed/),
  set("cap_add", ["SYS_PTRACE"], /its privileges.* changed/),
  set("security_opt", ["no-new-privileges:true"], /its privileges.* changed/),
  set("group_add", ["33"], /its privileges.* changed/),
  set("read_only", true, /its privileges.* changed/),
  set("user", "0:0", /its user.* changed/),
  set("working_dir", "/data", /its working directory.* changed/),
  set("domainname", "example", /its host name.* changed/),
  set("stop_grace_period", "3s", /how it stops.* changed/),
  set("restart", "on-failure:3", /how it restarts.* changed/),
  set("healthcheck", { test: ["CMD", "true"], interval: "1s" }, /its health check.* changed/),
  set("extra_hosts", ["other:10.9.8.7"], /its networks.* changed/),
  set("dns", ["10.9.8.7"], /its networks.* changed/),
  set("dns_search", ["example"], /its networks.* changed/),
  set("devices", ["/dev/null:/dev/nothing"], /its devices.* changed/),
  set("sysctls", { "net.ipv4.ip_unprivileged_port_start": "0" }, /its kernel settings.* changed/),
  set("init", true),
  set("tty", true),
  set("stdin_open", true),
  set("shm_size", "1m"),
  set("oom_score_adj", 100),
  set("logging", { driver: "json-file", options: { "max-size": "1m" } }),
  {
    title: "networks: an alias",
    change: (web) => void Object.assign(web, { networks: { back: { aliases: ["site"] } } }),
  },
  {
    title: "networks: one more",
    change: (web) => void Object.assign(web["networks"] as object, { front: null }),
    why: /it is not on the network "front"/,
  },
  { title: "configs: one more", change: (web) => void Object.assign(web, { configs: ["page"] }) },
  {
    title: "secrets: one more",
    change: (web) => void Object.assign(web, { secrets: ["key"] }),
    why: /its mounts.* changed/,
  },
  {
    title: "a configuration's content",
    change: (_, file) => void Object.assign(file.configs, { page: { content: "new" } }),
    why: /page/,
  },
  {
    title: "hostname",
    change: (web) => void Object.assign(web, { hostname: "web" }),
    why: /its host name.* changed/,
  },
  {
    title: "another service",
    change: (_, { services }) => void Object.assign(services["apart"] ?? {}, { environment: { C: "1" } }),
    again: ["apart"],
    why: /its environment.* changed/,
  },
  {
    title: "a network that two are on",
    change: (_, { networks }) => void Object.assign(networks["back"] ?? {}, { internal: true }),
    again: ["after", "shares", "web"],
    why: /network/,
  },
  {
    title: "what is nobody's",
    change: (_, file) => void Object.assign(file, { "x-note": "to whom it concerns" }),
    again: [],
  },
  {
    title: "how an image is pulled",
    change: (web) => void Object.assign(web, { pull_policy: "missing" }),
    again: [],
  },
];
