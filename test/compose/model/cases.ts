/**
 * Compose files, by the specification's sections: each is printed and hashed as docker compose v2 2.26 does, unless
 * `differs` says why not. `${FILES}` is the folder in which the case's files are.
 */
export interface Case {
  readonly name: string;
  readonly compose: string;
  readonly profiles?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  /** In what, and why. */
  readonly differs?: Partial<Readonly<Record<"yaml" | "json" | "hash", string>>>;
}

const everywhere = (why: string) => ({ yaml: why, json: why, hash: why });
const shown = (why: string) => ({ yaml: why, json: why });

/** One service with an image, and this. */
const one = (name: string, members: string, rest: Omit<Case, "name" | "compose"> = {}, top = ""): Case => ({
  name,
  compose: `services:\n  web:\n    image: nginx\n${indented(members)}${top}`,
  ...rest,
});

const indented = (text: string): string =>
  text
    .trim()
    .split("\n")
    .map((line) => `    ${line}\n`)
    .join("");

const newer = "docker compose 2.26 does not know it yet";

const fileAndName: readonly Case[] = [
  { name: "no services", compose: "services: {}\n" },
  { name: "name of the file", compose: "name: shop\nservices:\n  web:\n    image: nginx\n" },
  { name: "version is ignored", compose: 'version: "3.9"\nservices:\n  web:\n    image: nginx\n' },
  {
    name: "extensions at the top and in parts",
    compose:
      "x-all: {b: 1, a: [1, two, 2.5, true, null, {z: 1, y: 2}]}\nservices:\n  web:\n    image: nginx\n    x-own: {k: v}\n    healthcheck: {test: [CMD, x], x-h: 1}\n    logging: {driver: local, x-l: a}\nnetworks:\n  default:\n    x-n: 1\n",
  },
  {
    name: "anchors and merge keys",
    compose:
      "x-env: &env {A: 1, B: two}\nservices:\n  web:\n    image: nginx\n    environment:\n      <<: *env\n      C: 3\n  api:\n    image: nginx\n    environment: *env\n",
  },
  {
    name: "order of services and of keys that hold numbers",
    compose:
      'services:\n  web10: {image: a}\n  web9: {image: a}\n  "10": {image: a}\n  "9": {image: a}\n  Zed: {image: a}\n  a-b: {image: a}\n  a.b: {image: a}\n  a_b: {image: a}\n  ab: {image: a}\n  a01: {image: a}\n  a1b: {image: a}\n',
  },
  one(
    "order of labels",
    'labels: {"_x": 1, "9": 1, "10": 1, A1: 1, a: 1, a-b: 1, a.b: 1, a1b: 1, a01: 1, a9: 1, a10: 1, b: 1, "a&b": "<x>", x007: 1, x07: 1, x7: 1, x70: 1, é: 1, z: 1}',
  ),
];

const texts: readonly string[] = [
  "a: b",
  "- x",
  "-x",
  "?",
  "#x",
  "x#y",
  "x #y",
  " x",
  "x ",
  "0x1f",
  "1_000",
  "1.",
  "1e3",
  "2001-01-01",
  "null",
  "~",
  "True",
  "on",
  "<<",
  "=",
  "12:30",
  "1:2:3",
  "a\tb",
  "a\nb",
  "a\nb\n",
  "a \nb",
  "é",
  "😀",
  "\u0007",
  "a,b",
  "[x",
  "x]",
  "%a",
  "@a",
  "`a",
  "!a",
  "&a",
  "*a",
  "|",
  ">",
  "a:",
  ":a",
  ": a",
  "---",
  "...",
  "--- x",
  "a'b",
  "'a",
  '"a',
  'a"b',
  "\\x",
  "0o17",
  "017",
  "+1",
  "-",
  ".",
  ".5",
  "1.2.3",
  "0b1",
  "a\n  b\n",
  "  a\nb\n",
  "a\n\n",
  "key: |",
  "infinity",
  ".inf",
  "NaN",
  ".nan",
  "{a}",
  "a{",
  "}",
  ",a",
  "?a",
  "-\ta",
  "a \t#b",
  "\r",
  "a\r\nb",
  "yes",
  "Y",
  "123456789012345678901234",
  "0x",
  "1__2",
  "2001-01-01T00:00:00Z",
  "12e03",
  "08",
  "1:60",
  "190:20:30",
  "$$HOME",
  "",
];

const printing: readonly Case[] = [
  one("texts that need quotes", `command: ${JSON.stringify(texts)}`),
  one(
    "keys that need quotes",
    `labels: ${JSON.stringify(Object.fromEntries(texts.filter((text) => !/[\n\r$]|^$|^<<$|\d{20}/.test(text)).map((text) => [text, text])))}`,
  ),
  one(
    "signs that JSON escapes are hashed escaped",
    'environment: {A: "<a> & b", B: "\\u2028", C: "\\"\\\\/"}',
    {
      differs: {
        yaml: "docker compose prints a line separator as it is, which is the end of a line in YAML 1.1",
      },
    },
  ),
  one("a dollar is doubled where it is printed", "command: [echo, $$HOME]\nlabels: {a: $$b}"),
];

const attributes: readonly Case[] = [
  one("annotations as a mapping", "annotations: {com.example.foo: bar, com.example.n: 1}"),
  one("annotations as a list", "annotations: [com.example.foo=bar, com.example.bare]"),
  one("attach", "attach: false"),
  one(
    "blkio_config",
    "blkio_config:\n  weight: 300\n  weight_device: [{path: /dev/sda, weight: 400}]\n  device_read_bps: [{path: /dev/sdb, rate: 12mb}]\n  device_read_iops: [{path: /dev/sdb, rate: 120}]\n  device_write_bps: [{path: /dev/sdb, rate: 1024k}]\n  device_write_iops: [{path: /dev/sdb, rate: 30}]",
  ),
  one("blkio_config with nothing in it", "blkio_config: {}"),
  one(
    "processors",
    "cpu_count: 2\ncpu_percent: 50\ncpu_period: 100000\ncpu_quota: 50000\ncpu_rt_period: 1400\ncpu_rt_runtime: 95000\ncpu_shares: 512\ncpus: 0.1\ncpuset: 0-3",
  ),
  one("real-time as durations", "cpu_rt_period: 1400us\ncpu_rt_runtime: 400ms", {
    differs: everywhere("the specification allows durations; docker compose 2.26 refuses them"),
  }),
  one("cpus as a text", 'cpus: "0.50"'),
  one("cpus in 32 bits", "cpus: 0.123456789"),
  one("cpus of zero", "cpus: 0"),
  one("whole cpus", "cpus: 2"),
  one("capabilities", "cap_add: [ALL, NET_ADMIN]\ncap_drop: [NET_ADMIN, SYS_ADMIN]"),
  one("cgroup and its parent", "cgroup: private\ncgroup_parent: m-executor-abcd"),
  one(
    "command and entrypoint as texts",
    'command: bundle exec "thin server" -p 3000\nentrypoint: /code/entry.sh -d',
  ),
  one("command and entrypoint as lists", 'command: [bundle, exec, "a b"]\nentrypoint: [php, -d, "x=/y"]'),
  one("command and entrypoint that are empty", 'command: []\nentrypoint: ""'),
  one("command and entrypoint that are null", "command:\nentrypoint: null"),
  one(
    "command with quotes and backslashes",
    String.raw`command: echo 'a "b"' "c 'd'" e\ f "g\"h" 'i\j' "k\l" "" x"y"'z'`,
  ),
  one("command with what is a shell's", "command: echo a > b"),
  one("command with a variable for a shell", `command: sh -c 'echo "hello $$HOSTNAME"'`),
  one("command that ends in a semicolon", "command: a b; c"),
  one("command with a comment sign", "command: echo a # b"),
  one("command over several lines", "command: >\n  echo\n  a   b"),
  one("command with substitutions for a shell", "command: a `b c` $$(d e)"),
  one("container_name", "container_name: my-web.container_1"),
  one("credential_spec", "credential_spec: {registry: my-credential-spec}"),
  one("device_cgroup_rules", "device_cgroup_rules: ['c 1:3 mr', 'a 7:* rmw']"),
  one(
    "devices",
    'devices: ["/dev/ttyUSB0:/dev/ttyUSB1", "/dev/sda:/dev/xvda:rwm", "/dev/null", "/dev/a:/dev/b:r"]',
  ),
  one("devices of the Container Device Interface", "devices: [vendor1.com/device=gpu]"),
  one("devices in long form", "devices: [{source: /dev/null, target: /dev/n, permissions: r}]"),
  one("dns with one server", "dns: 8.8.8.8\ndns_search: example.com"),
  one(
    "dns with several",
    "dns: [8.8.8.8, 9.9.9.9]\ndns_opt: [use-vc, no-tld-query]\ndns_search: [a.example, b.example]",
  ),
  one("hostname and domainname", "hostname: web1\ndomainname: example.com"),
  one(
    "environment as a mapping",
    'environment: {RACK_ENV: development, SHOW: "true", N: 1, F: 1.5, B: true, EMPTY: "", USER_INPUT: }',
  ),
  one("environment as a list", "environment: [RACK_ENV=development, SHOW=true, USER_INPUT, A=b=c, EMPTY=]"),
  one("environment takes the caller's", "environment: {GIVEN: , MISSING: }", {
    env: { GIVEN: "from outside" },
  }),
  one("environment with nothing in it", "environment: []"),
  one("env_file", "env_file: ${FILES}/a.env", {
    files: { "a.env": "A=1\nB='two words'\nC=\"x\\ty\"\n# D=4\nE=5 # five\nBARE\n" },
  }),
  one(
    "env_file: the last and environment win",
    'env_file: ["${FILES}/a.env", "${FILES}/b.env"]\nenvironment: {C: environment, D: }',
    {
      files: { "a.env": "A=a\nB=a\nC=a\n", "b.env": "B=b\nC=b\nD=b\n" },
    },
  ),
  one("env_file: a variable is what the files above say", 'env_file: ["${FILES}/a.env", "${FILES}/b.env"]', {
    files: { "a.env": "A=a\n", "b.env": "A=b\nB=${A}\nC=b\nD=${C}\n" },
  }),
  one("env_file that need not be there", 'env_file: [{path: "${FILES}/no.env", required: false}]', {}),
  one("env_file in raw format", 'env_file: [{path: "${FILES}/a.env", format: raw}]', {
    files: { "a.env": "A='quoted'\nB=$HOME # x\n" },
    differs: everywhere(newer),
  }),
  one("env_file with variables", "env_file: ${FILES}/a.env", {
    files: { "a.env": "A=${GIVEN}\nB=${A}-b\nC='${GIVEN}'\nD=${NOT:-default}\n" },
    env: { GIVEN: "given" },
  }),
  one("label_file", 'label_file: ["${FILES}/a.labels", "${FILES}/b.labels"]\nlabels: {c: own}', {
    files: { "a.labels": "a=1\nb=1\nc=1\n", "b.labels": "b=2\n" },
  }),
  one("expose", 'expose: ["3000", 8000, "8080-8085/tcp", "53/udp"]'),
  {
    name: "external_links and links",
    compose:
      "services:\n  web:\n    image: nginx\n    links: [db, db:database, redis]\n    external_links: [redis, database:mysql]\n  db: {image: db}\n  redis: {image: redis}\n",
  },
  one(
    "extra_hosts with both signs",
    'extra_hosts: ["somehost=162.242.195.82", "other:50.31.209.229", "v6=::1", "b6:[::1]", "c6:::1", "gw=host-gateway"]',
  ),
  one(
    "extra_hosts as a mapping",
    'extra_hosts: {somehost: "162.242.195.82", v6: "::1", two: [10.0.0.2, 10.0.0.1]}',
  ),
  one("extra_hosts with two addresses", 'extra_hosts: ["h=10.0.0.2", "h=10.0.0.1"]'),
  one("gpus: all", "gpus: all", { differs: everywhere(newer) }),
  one("gpus as requests", "gpus: [{driver: 3dfx, count: 2}]", { differs: everywhere(newer) }),
  one("group_add", "group_add: [mail, 1000]"),
  one(
    "healthcheck as a list",
    'healthcheck:\n  test: ["CMD", "curl", "-f", "http://localhost"]\n  interval: 1m30s\n  timeout: 10s\n  retries: 3\n  start_period: 40s\n  start_interval: 5s',
  ),
  one("healthcheck as a text", "healthcheck: {test: curl -f https://localhost || exit 1}"),
  one("healthcheck that is off", "healthcheck: {disable: true}"),
  one("healthcheck: NONE", "healthcheck: {test: [NONE]}"),
  one("healthcheck with zeros", "healthcheck: {test: [CMD, x], retries: 0, timeout: 0s, disable: false}"),
  one(
    "image with a digest",
    "pull_policy: never",
    {},
    "  api:\n    image: redis@sha256:0ed5d5928d4737458944eb604cc8509e245c3e19d02ad83935398bc4b991aac7\n  far:\n    image: my_private.registry:5000/redis:7\n",
  ),
  one("init", "init: true"),
  one("init: false is said", "init: false"),
  one("ipc, pid, uts, userns_mode", "ipc: shareable\npid: host\nuts: host\nuserns_mode: host"),
  one("isolation", "isolation: default"),
  one(
    "labels as a mapping",
    'labels: {com.example.a: "Accounting", com.example.n: 1, com.example.empty: ""}',
  ),
  one("labels as a list", "labels: [com.example.a=Accounting, com.example.b=c=d, com.example.empty]"),
  one(
    "logging",
    'logging:\n  driver: syslog\n  options: {syslog-address: "tcp://192.168.0.42:123", max-file: 3}',
  ),
  one("logging with nothing in it", "logging: {}"),
  one("mac_address", "mac_address: 02:42:ac:11:65:43"),
  one(
    "memory",
    "mem_limit: 1g\nmem_reservation: 512m\nmemswap_limit: 2gb\nmem_swappiness: 10\nshm_size: 64m",
  ),
  one("memory in bytes", "mem_limit: 1000000000\nshm_size: 67108864"),
  one("memory in many ways", 'mem_limit: "1.5gb"\nmem_reservation: "300 kb"\nshm_size: 2mib'),
  one("swap without a limit", "memswap_limit: -1\nmem_limit: 1g"),
  one("network_mode: host", "network_mode: host"),
  one("network_mode: none", "network_mode: none"),
  one("network_mode: bridge", "network_mode: bridge"),
  {
    name: "namespaces of another service",
    compose:
      "services:\n  web:\n    image: nginx\n    network_mode: service:db\n    pid: service:db\n    ipc: service:cache\n  db: {image: db}\n  cache: {image: cache}\n",
  },
  one("network_mode: container", "network_mode: container:other"),
  one("oom", "oom_kill_disable: true\noom_score_adj: -500"),
  one("pids_limit", "pids_limit: -1"),
  one("platform", "platform: linux/arm64/v8"),
  one(
    "privileged, read_only, tty, stdin_open",
    "privileged: true\nread_only: true\ntty: true\nstdin_open: true",
  ),
  one(
    "what is false is not printed",
    "privileged: false\nread_only: false\ntty: false\nstdin_open: false\noom_kill_disable: false\npids_limit: 0\noom_score_adj: 0\nmem_limit: 0",
  ),
  one("truths as texts", 'privileged: "true"\nread_only: "false"'),
  one("pull_policy", "pull_policy: always"),
  one("pull_policy by time", "pull_policy: every_12h", { differs: everywhere(newer) }),
  one("restart: no", 'restart: "no"'),
  one("restart: on-failure", "restart: on-failure:3"),
  one("restart: always", "restart: always"),
  one("restart: unless-stopped", "restart: unless-stopped"),
  one("runtime", "runtime: runc"),
  one("scale", "scale: 3"),
  one("scale of zero", "scale: 0"),
  one("security_opt", "security_opt: [label:user:USER, label:role:ROLE]"),
  one("stopping", "stop_grace_period: 1m30s\nstop_signal: SIGUSR1"),
  ...["1s", "90m", "1.5h", "1500ms", "100us", "1ns", "0s", "1h5m30s20ms", "0.5s", "25h"].map((period) =>
    one(`a duration of ${period}`, `stop_grace_period: ${period}`),
  ),
  one("storage_opt", "storage_opt: {size: 1G}"),
  one("sysctls as a mapping", "sysctls: {net.core.somaxconn: 1024, net.ipv4.tcp_syncookies: 0}"),
  one("sysctls as a list", "sysctls: [net.core.somaxconn=1024, net.ipv4.tcp_syncookies=0]"),
  one("tmpfs as a text", "tmpfs: /run"),
  one("tmpfs as a list", 'tmpfs: ["/data:mode=755,uid=1009,gid=1009", /run]'),
  one(
    "ulimits",
    "ulimits:\n  nproc: 65535\n  nofile: {soft: 20000, hard: 40000}\n  core: -1\n  memlock: {soft: -1, hard: -1}\n  fsize: 0",
  ),
  one("use_api_socket", "use_api_socket: true", { differs: everywhere(newer) }),
  one("user and working_dir", 'user: "1000:1000"\nworking_dir: /srv'),
  one(
    "hooks",
    "post_start:\n  - {command: ./start.sh, user: root, privileged: true, environment: [FOO=BAR]}\npre_stop:\n  - {command: [./stop.sh], working_dir: /x}",
  ),
  {
    name: "provider",
    compose:
      "services:\n  db:\n    provider: {type: awesomecloud, options: {type: mysql, foo: bar}}\n  web:\n    image: app\n    depends_on: [db]\n",
    differs: everywhere(newer),
  },
];

const dependencies: readonly Case[] = [
  {
    name: "depends_on as a list",
    compose:
      "services:\n  web: {image: web, depends_on: [db, redis]}\n  redis: {image: redis}\n  db: {image: db}\n",
  },
  {
    name: "depends_on with conditions",
    compose:
      "services:\n  web:\n    image: web\n    depends_on:\n      db: {condition: service_healthy, restart: true}\n      redis: {condition: service_started, required: false}\n      init: {condition: service_completed_successfully}\n  redis: {image: redis}\n  db: {image: db}\n  init: {image: init}\n",
  },
  {
    name: "volumes_from is a dependency",
    compose:
      "services:\n  web: {image: web, volumes_from: [db, 'data:ro', 'container:x', 'container:y:rw']}\n  data: {image: data}\n  db: {image: db}\n",
  },
  {
    name: "a dependency that is said is not implied",
    compose:
      "services:\n  web: {image: web, links: [db], depends_on: {db: {condition: service_healthy}}}\n  db: {image: db}\n",
  },
  {
    name: "an optional dependency that is off",
    compose:
      "services:\n  web: {image: web, depends_on: {db: {condition: service_started, required: false}}}\n  db: {image: db, profiles: [db]}\n",
    differs: shown("docker compose prints it with the dependency, and cannot read that again"),
  },
];

const ports: readonly Case[] = [
  one(
    "ports in short form",
    'ports: ["3000", "3000-3005", "8000:8000", "9090-9091:8080-8081", "49100:22", "8100-9000:80", "127.0.0.1:8001:8001", "127.0.0.1:5000-5010:5000-5010", "[::1]:6001:6001", "6060:6060/udp"]',
  ),
  one("ports: IPv6 without brackets", 'ports: ["::1:6000:6000"]', {
    differs: everywhere("the specification has it; docker compose 2.26 refuses it"),
  }),
  one("ports: numbers", "ports: [3000, 80]"),
  one("ports: any of the host's at an address", 'ports: ["127.0.0.1::80"]'),
  one("ports: nothing before the colon", 'ports: [":80"]'),
  one("ports: SCTP, and protocols in capitals", 'ports: ["80/sctp", "8000-8001:90/TCP"]'),
  one("ports: digits in front", 'ports: ["0:80", "081:082"]'),
  one("ports: twice the same", 'ports: ["80:80", "80:80"]'),
  one("ports: a range is ordered as texts are", 'ports: ["9-11:9-11/udp"]'),
  one(
    "ports in long form",
    'ports:\n  - {name: web, target: 80, host_ip: 127.0.0.1, published: "8080", protocol: tcp, app_protocol: http, mode: host}\n  - {target: 443, published: "8083-9000"}\n  - {target: "53", published: 53, protocol: udp}\n  - {target: 90}',
  ),
  one("ports with nothing in it", "ports: []"),
];

const volumes: readonly Case[] = [
  one(
    "volumes in short form",
    'volumes: ["data:/data", "data:/ro:ro", "./rel:/rel", "../up:/up", "/abs:/abs:ro,z", "/anonymous", "~/home:/home", "data:/nc:nocopy", "/p:/p:rshared", ".:/here", "~:/all", "./x:/y:cached"]',
    {},
    "volumes:\n  data:\n",
  ),
  one(
    "volumes in long form",
    "volumes:\n  - {type: volume, source: data, target: /d, read_only: true, consistency: cached, volume: {nocopy: true, subpath: sub}}\n  - {type: bind, source: ./y, target: /y, bind: {propagation: rprivate, create_host_path: true, selinux: Z}}\n  - {type: tmpfs, target: /t, tmpfs: {size: 10m, mode: 0700}}\n  - {type: volume, target: /anonymous}\n  - {type: bind, source: /x, target: /x}\n  - {type: bind, source: ~/q, target: /q/../z, bind: {}}",
    {},
    "volumes:\n  data:\n",
  ),
  one(
    "volumes: a path that has to be there",
    "volumes: [{type: bind, source: /x, target: /x, bind: {create_host_path: false}}]",
    {
      differs: shown(
        "it is made where nothing is said (05-services.md): what is printed would mean something else without it",
      ),
    },
  ),
  one(
    "volumes: parts of an image",
    "volumes: [{type: image, source: data:1, target: /d, image: {subpath: x}}]",
    {
      differs: everywhere(newer),
    },
  ),
  one(
    "volumes: a name of one letter",
    "volumes: [d:/data]",
    {
      differs: everywhere("docker compose takes it for a drive of Windows"),
    },
    "volumes:\n  d:\n",
  ),
  one(
    "volumes: labels and recursion",
    "volumes: [{type: volume, source: data, target: /d, volume: {labels: {a: b}}}, {type: bind, source: /x, target: /x, bind: {recursive: readonly}}]",
    {
      differs: everywhere(newer),
    },
    "volumes:\n  data:\n",
  ),
  {
    name: "volumes at the top",
    compose:
      'services:\n  web: {image: web, volumes: ["aa:/a", "bb:/b", "cc:/c", "dd:/d", "ee:/e"]}\nvolumes:\n  aa:\n  bb: {driver: foobar, driver_opts: {type: nfs, o: "addr=10.40.0.199,rw", n: 1}, labels: [a=b, c]}\n  cc: {external: true}\n  dd: {external: true, name: actual-name}\n  ee: {name: my-app-data, x-e: 1}\n  unused:\n',
  },
  {
    name: "volumes: external with the old name",
    compose:
      "services:\n  web: {image: web, volumes: ['old:/a']}\nvolumes:\n  old: {external: {name: actual}}\n",
  },
];

const networks: readonly Case[] = [
  {
    name: "networks as a list",
    compose:
      "services:\n  web: {image: web, networks: [front, back]}\n  db: {image: db, networks: [back]}\nnetworks: {front: , back: , unused: }\n",
  },
  {
    name: "networks as a mapping",
    compose:
      'services:\n  web:\n    image: web\n    networks:\n      front: {aliases: [a1, a3], ipv4_address: 172.16.238.10, ipv6_address: "2001:3984:3989::10", link_local_ips: [57.123.22.11], mac_address: "02:42:ac:11:65:44", priority: 1000}\n      back:\n      empty: {}\nnetworks:\n  front: {ipam: {driver: default, config: [{subnet: 172.16.238.0/24}, {subnet: "2001:3984:3989::/64"}]}}\n  back: {}\n  empty:\n',
  },
  {
    name: "networks: newer members of an endpoint",
    compose:
      "services:\n  web:\n    image: web\n    networks:\n      front: {interface_name: eth7, driver_opts: {foo: bar, baz: 1}, gw_priority: 1}\nnetworks: {front: {enable_ipv4: false, enable_ipv6: true}}\n",
    differs: everywhere(newer),
  },
  {
    name: "networks: the default one only where it is used",
    compose:
      "services:\n  web: {image: web, networks: [own]}\n  db: {image: db, network_mode: none}\nnetworks: {own: }\n",
  },
  {
    name: "networks: the default one made one's own",
    compose:
      "services:\n  web: {image: web}\nnetworks:\n  default: {name: a_network, driver_opts: {com.docker.network.bridge.host_binding_ipv4: 127.0.0.1}}\n",
  },
  {
    name: "networks: the default one by name",
    compose:
      "services:\n  web: {image: web, networks: [default, other]}\n  db: {image: db, networks: {}}\nnetworks: {other: }\n",
  },
  {
    name: "networks at the top",
    compose:
      "services:\n  web: {image: web, networks: [a1, a2, a3, a4]}\nnetworks:\n  a1: {driver: overlay, attachable: true, internal: true, enable_ipv6: false, driver_opts: {foo: 1}, labels: {a: b}}\n  a2: {external: true}\n  a3: {external: true, name: outside}\n  a4: {ipam: {config: [{subnet: 172.28.0.0/16, ip_range: 172.28.5.0/24, gateway: 172.28.5.254, aux_addresses: {host2: 172.28.1.6, host1: 172.28.1.5}}]}}\n",
  },
  {
    name: "networks: options of an address driver",
    compose:
      'services:\n  web: {image: web, networks: [a]}\nnetworks:\n  a: {ipam: {driver: default, options: {foo: bar, baz: "0"}}}\n',
    differs: shown("docker compose 2.26 forgets them"),
  },
];

const files: readonly Case[] = [
  one(
    "secrets in short form",
    "secrets: [cert, token]",
    {},
    "secrets:\n  cert: {file: ./server.cert}\n  token: {environment: OAUTH_TOKEN}\n  unused: {file: x}\n",
  ),
  one(
    "secrets in long form",
    'secrets: [{source: cert, target: server.cert, uid: "103", gid: "103", mode: 0440}, {source: cert, target: /abs/cert}, {source: cert}]',
    {},
    "secrets: {cert: {file: ~/server.cert, labels: {a: b}}}\n",
  ),
  one(
    "secrets: a mode as YAML 1.2 writes it",
    "secrets: [{source: cert, mode: 0o440}]",
    {},
    "secrets: {cert: {file: /x}}\n",
  ),
  one(
    "secrets: external",
    "secrets: [cert, other]",
    {},
    "secrets:\n  cert: {external: true}\n  other: {external: true, name: CERT_KEY}\n",
  ),
  one(
    "secrets: drivers",
    "secrets: [s]",
    {},
    "secrets: {s: {driver: x, driver_opts: {a: 1}, template_driver: golang, environment: X, name: own}}\n",
  ),
  one(
    "configs in short form",
    "configs: [http, app, env]",
    {},
    'configs:\n  http: {file: ./httpd.conf}\n  app: {content: "debug=1\\nname=${COMPOSE_PROJECT_NAME}\\n"}\n  env: {environment: CONF}\n',
  ),
  one(
    "configs in long form",
    'configs: [{source: http, target: /redis_config, uid: "103", gid: "103", mode: 0440}]',
    {},
    "configs: {http: {file: /x, labels: [a=b]}}\n",
  ),
  one(
    "configs: external",
    "configs: [c, d]",
    {},
    "configs:\n  c: {external: true}\n  d: {external: true, name: other}\n",
  ),
];

const build: readonly Case[] = [
  { name: "build as a text", compose: "services:\n  web: {build: ./dir}\n" },
  { name: "build with an image", compose: "services:\n  web: {image: example/web, build: ./dir}\n" },
  { name: "build with nothing in it", compose: "services:\n  web: {build: {}}\n" },
  {
    name: "build of a git repository",
    compose: "services:\n  web: {build: 'https://github.com/x/y.git#main:sub'}\n",
  },
  { name: "build from home", compose: "services:\n  web: {build: ~/custom}\n" },
  {
    name: "build: Dockerfile elsewhere",
    compose: "services:\n  web: {build: {context: backend, dockerfile: ../b.Dockerfile}}\n",
  },
  {
    name: "build: Dockerfile in the file",
    compose: 'services:\n  web: {build: {context: ., dockerfile_inline: "FROM x\\nRUN y\\n"}}\n',
  },
  {
    name: "build: args as a mapping",
    compose:
      "services:\n  web: {build: {context: ., args: {GIT_COMMIT: cdc3b19, N: 1, GIVEN: , MISSING: }}}\n",
    env: { GIVEN: "given" },
  },
  {
    name: "build: args as a list",
    compose: "services:\n  web: {build: {context: ., args: [GIT_COMMIT=cdc3b19, MISSING]}}\n",
  },
  {
    name: "build: all the rest",
    compose:
      'services:\n  web:\n    build:\n      context: .\n      ssh: [default]\n      labels: [a=b, c]\n      cache_from: [alpine:latest, "type=local,src=path/to/cache"]\n      cache_to: [user/app:cache]\n      no_cache: true\n      additional_contexts: {resources: ./r, app: "docker-image://my-app:latest", source: "https://github.com/u/p.git"}\n      network: host\n      pull: true\n      target: prod\n      shm_size: 2gb\n      extra_hosts: ["somehost=162.242.195.82", "myhostv6=[::1]"]\n      isolation: default\n      privileged: true\n      secrets: [s, {source: s, target: cert, uid: "103", gid: "103", mode: 0440}]\n      tags: ["myimage:mytag", "registry/username/myrepos:my-other-tag"]\n      ulimits: {nproc: 65535, nofile: {soft: 20000, hard: 40000}}\n      platforms: [linux/amd64, linux/arm64]\n      x-own: 1\nsecrets: {s: {file: ./s}}\n',
  },
  {
    name: "build: keys of ssh",
    compose: "services:\n  web: {build: {context: ., ssh: [myproject=~/.ssh/myproject.pem]}}\n",
    differs: shown("docker compose 2.26 prints what cannot be read again, in JSON nothing"),
  },
  {
    name: "build: newer members",
    compose:
      "services:\n  web: {build: {context: ., entitlements: [network.host], provenance: mode=max, sbom: true}}\n",
    differs: everywhere(newer),
  },
];

const deploy: readonly Case[] = [
  one(
    "deploy: resources",
    "deploy:\n  resources:\n    limits: {cpus: '0.50', memory: 50M, pids: 1}\n    reservations: {cpus: '0.25', memory: 20M}",
  ),
  one("deploy: replicas", "deploy: {mode: replicated, replicas: 6, endpoint_mode: vip, labels: {a: b}}"),
  one("deploy: no replicas", "deploy: {replicas: 0}"),
  one(
    "deploy: placement",
    "deploy:\n  placement: {constraints: [disktype=ssd], preferences: [{spread: node.labels.zone}], max_replicas_per_node: 2}",
  ),
  one(
    "deploy: devices",
    "deploy:\n  resources:\n    reservations:\n      devices:\n        - {capabilities: [nvidia-compute], driver: nvidia, count: 2, options: {virtualization: false}}\n        - {capabilities: [tpu], count: all}\n        - {capabilities: [gpu], device_ids: [GPU-f123d1c9]}\n        - {capabilities: [x]}",
  ),
  one(
    "deploy: generic resources",
    "deploy: {resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: g, value: 2}}]}}}",
  ),
  one(
    "deploy: restart_policy",
    "deploy: {restart_policy: {condition: on-failure, delay: 5s, max_attempts: 3, window: 120s}}",
  ),
  one(
    "deploy: updates",
    "deploy:\n  update_config: {parallelism: 2, delay: 10s, order: stop-first}\n  rollback_config: {parallelism: 0, failure_action: pause, monitor: 2s, max_failure_ratio: 0.15, order: start-first}",
  ),
  one(
    "deploy: zeros",
    "deploy: {update_config: {delay: 0s, monitor: 0s, parallelism: 0}, restart_policy: {delay: 0s, max_attempts: 0}}",
  ),
  one("deploy with nothing in it", "deploy: {}"),
  one(
    "deploy with empty parts",
    "deploy: {resources: {limits: {}}, placement: {}, update_config: {}, restart_policy: {}, labels: {}}",
  ),
  one("deploy that is null", "deploy:"),
  one("deploy: a mode with an extension", "deploy: {mode: global, x-d: 1, placement: {x-aws-role: a}}"),
];

const rest: readonly Case[] = [
  one(
    "develop",
    "develop:\n  watch:\n    - {path: ./src, action: sync, target: /src, ignore: [node_modules/]}\n    - {path: package.json, action: rebuild}",
  ),
  one("develop with nothing in it", "develop: {}"),
  {
    name: "models",
    compose:
      "services:\n  web: {image: web, models: [llm]}\n  api: {image: api, models: {llm: {endpoint_var: URL, model_var: M}}}\nmodels:\n  llm: {model: ai/x, context_size: 1024, runtime_flags: [--a]}\n",
    differs: everywhere(newer),
  },
  {
    name: "profiles: none is on",
    compose:
      "services:\n  foo: {image: foo}\n  bar: {image: bar, profiles: [test], volumes: ['v1:/x']}\n  baz: {image: baz, depends_on: [bar], profiles: [test]}\nvolumes: {v1: }\n",
  },
  {
    name: "profiles: one is on",
    compose:
      "services:\n  foo: {image: foo}\n  bar: {image: bar, profiles: [test]}\n  baz: {image: baz, depends_on: [bar], profiles: [test]}\n  off: {image: off, profiles: [other]}\n",
    profiles: ["test"],
  },
  {
    name: "profiles: all are on",
    compose:
      "services:\n  foo: {image: foo}\n  bar: {image: bar, profiles: [test]}\n  off: {image: off, profiles: [other, more]}\n",
    profiles: ["*"],
  },
  {
    name: "variables",
    compose:
      'services:\n  web:\n    image: nginx:${TAG:-1}\n    ports: ["${PORT}:80"]\n    cpus: ${CPUS}\n    privileged: ${PRIV}\n    labels: {a: "$TAG", b: "${TAG:+set}"}\n',
    env: { TAG: "2", PORT: "8080", CPUS: "1.5", PRIV: "true" },
  },
  {
    name: "fragments and extends",
    compose:
      "services:\n  base: {image: nginx, environment: {A: 1}, labels: [a=b]}\n  web: {extends: {service: base}, environment: {B: 2}}\n  api: {extends: base, command: x}\n",
  },
];

export const cases: Readonly<Record<string, readonly Case[]>> = {
  "the file": fileAndName,
  printing,
  services: attributes,
  dependencies,
  ports,
  volumes,
  networks,
  "secrets and configs": files,
  build,
  deploy,
  "profiles and the rest": rest,
};
