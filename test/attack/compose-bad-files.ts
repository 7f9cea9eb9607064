/** Compose files that are wrong, hostile or absurd: what has to be said of each, and where. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

export interface Bad {
  readonly title: string;
  /** `compose.yaml` beside others; a text alone is `compose.yaml`. */
  readonly files: string | Readonly<Record<string, string>>;
  /** Makes what no file's text can say; answers what takes it away. */
  readonly around?: (folder: string) => void;
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** In which line it is said to be, of which file where it is another one; `null`: it stands nowhere. */
  readonly at: string | null;
  readonly says: RegExp;
}

const web = (more: string) => `services:\n  web:\n    image: busybox\n    ${more}\n`;

/** Nine levels of nine: 387,420,489 texts. */
const laughs = [
  'x-a: &a ["lol","lol","lol","lol","lol","lol","lol","lol","lol"]',
  ...Array.from({ length: 8 }, (_, n) => {
    const [name, below] = ["abcdefghi"[n + 1], "abcdefghi"[n]];
    return `x-${name}: &${name} [${Array(9).fill(`*${below}`).join(",")}]`;
  }),
];

const fifo = (name: string) => (folder: string) => {
  Bun.spawnSync(["mkfifo", join(folder, name)]);
};

export const bad: readonly Bad[] = [
  {
    title: "an alias bomb",
    files: `${laughs.join("\n")}\nservices: { web: { image: busybox, labels: *i } }\n`,
    ...{ at: "compose.yaml:", says: /alias/i },
  },
  {
    title: "an alias bomb of merge keys",
    files: `${Array.from({ length: 30 }, (_, n) => `x-${n}: &m${n} ${n === 0 ? "{ a: 1 }" : `{ l: *m${n - 1}, r: *m${n - 1}, k: *m${n - 1} }`}`).join("\n")}\nservices: { web: { image: busybox, x-all: *m29 } }\n`,
    ...{ at: "compose.yaml:", says: /alias/i },
  },
  {
    title: "an alias inside of itself",
    files: "x-a: &a { b: *a }\nservices: { web: { image: busybox } }\n",
    ...{ at: "compose.yaml:1", says: /alias|anchor/i },
  },
  {
    title: "lists a hundred thousand deep",
    files: `services:\n  web: ${"[".repeat(100_000)}${"]".repeat(100_000)}\n`,
    ...{ at: "compose.yaml:2", says: /deep|nest/i },
  },
  {
    title: "variables a hundred thousand deep",
    files: web(`command: "${"${A:-".repeat(100_000)}x${"}".repeat(100_000)}"`),
    ...{ at: "compose.yaml:4", says: /deep/ },
  },
  {
    title: "variables of variables, each ten times the one before",
    files: {
      "compose.yaml": web("command: $J"),
      ".env": `A=0123456789\n${[..."BCDEFGHIJ"].map((name, n) => `${name}=${`\${${"ABCDEFGHI"[n]}}`.repeat(10)}`).join("\n")}\n`,
    },
    ...{ at: ".env:", says: /large|long|big|bytes|MB/i },
  },
  {
    title: "a service that extends itself",
    files: "services:\n  web:\n    image: busybox\n    extends: web\n",
    ...{ at: "compose.yaml:4", says: /circ|cycle|itself/i },
  },
  {
    title: "services of two files that extend each other",
    files: {
      "compose.yaml": "services:\n  web:\n    extends: { file: other.yaml, service: base }\n",
      "other.yaml": "services:\n  base:\n    extends: { file: compose.yaml, service: web }\n",
    },
    ...{ at: ".yaml:3", says: /circ|cycle|itself/i },
  },
  {
    title: "files that include each other",
    files: {
      "compose.yaml": "include: [other.yaml]\nservices: { web: { image: busybox } }\n",
      "other.yaml": "include: [compose.yaml]\n",
    },
    ...{ at: ".yaml:1", says: /circ|cycle|itself/i },
  },
  {
    title: "services that wait for each other",
    files:
      "services:\n  a: { image: busybox, depends_on: [b] }\n  b: { image: busybox, depends_on: [c] }\n  c: { image: busybox, depends_on: [a] }\n",
    ...{ at: "compose.yaml:", says: /circ|cycle/i },
  },
  {
    title: "services that wait for each other by their namespaces",
    files:
      'services:\n  a: { image: busybox, network_mode: "service:b" }\n  b: { image: busybox, pid: "service:a" }\n',
    ...{ at: "compose.yaml:", says: /circ|cycle/i },
  },
  {
    title: "a variable that has to be there",
    files: web('command: "$' + '{X:?say what}"'),
    at: "compose.yaml:4",
    says: /say what/,
  },
  { title: "a variable that never ends", files: web('command: "${X"'), at: "compose.yaml:4", says: /\$\{X/ },
  { title: "an unknown key", files: web("imagee: busybox"), at: "compose.yaml:4", says: /imagee/ },
  {
    title: "an unknown key at the top",
    files: `${web("command: ls")}servces: {}\n`,
    at: "compose.yaml:5",
    says: /servces/,
  },
  {
    title: "a key that stands there twice",
    files: web("command: ls\n    command: cat"),
    ...{ at: "compose.yaml:5", says: /command|unique|twice/ },
  },
  { title: "no YAML", files: "services:\n  web: {\n", at: "compose.yaml:", says: /./ },
  {
    title: "a list for a service",
    files: "services:\n  web: [busybox]\n",
    at: "compose.yaml:2",
    says: /web|mapping|object/,
  },
  {
    title: "neither image nor build",
    files: "services:\n  web:\n    command: ls\n",
    at: "compose.yaml:",
    says: /image|build/,
  },
  { title: "an unknown service", files: web("depends_on: [db]"), at: "compose.yaml:4", says: /db/ },
  { title: "an unknown network", files: web("networks: [back]"), at: "compose.yaml:4", says: /back/ },
  { title: "an unknown volume", files: web("volumes: [data:/data]"), at: "compose.yaml:4", says: /data/ },
  { title: "an unknown secret", files: web("secrets: [key]"), at: "compose.yaml:4", says: /key/ },
  { title: "an unknown configuration", files: web("configs: [page]"), at: "compose.yaml:4", says: /page/ },
  {
    title: "an unknown service of the command line",
    files: web("command: ls"),
    ...{ words: ["up", "-d", "nobody"], at: null, says: /nobody/ },
  },
  {
    title: "two services on one port",
    files:
      'services:\n  a:\n    image: busybox\n    ports: ["127.0.0.1:4711:80"]\n  b:\n    image: busybox\n    ports: ["4711:80"]\n',
    ...{ at: "compose.yaml:7", says: /4711/ },
  },
  {
    title: "two containers of a service on one port",
    files: 'services:\n  a:\n    image: busybox\n    scale: 2\n    ports: ["4711:80"]\n',
    ...{ at: "compose.yaml:5", says: /2 containers cannot share 4711/ },
  },
  {
    title: "three containers of a service on two ports, as the command line wants it",
    files: 'services:\n  a:\n    image: busybox\n    ports: ["4711-4712:80"]\n',
    ...{ words: ["up", "-d", "--scale", "a=3"], at: "compose.yaml:4", says: /3 containers cannot share/ },
  },
  {
    title: "a port that there is not",
    files: web('ports: ["70000:80"]'),
    at: "compose.yaml:4",
    says: /70000/,
  },
  {
    title: "two services of one container's name",
    files:
      "services:\n  a: { image: busybox, container_name: one }\n  b: { image: busybox, container_name: one }\n",
    ...{ at: "compose.yaml:3", says: /one/ },
  },
  {
    title: "a configuration's target that leads upwards",
    files: `${web("configs: [{ source: c, target: /etc/../../../../etc/inro-attack }]")}configs: { c: { content: x } }\n`,
    ...{ at: "compose.yaml:4", says: /\.\./ },
  },
  {
    title: "a secret's target that leads upwards",
    files: {
      "compose.yaml": `${web("secrets: [{ source: s, target: ../../../etc/inro-attack }]")}secrets: { s: { file: s } }\n`,
      s: "x",
    },
    ...{ at: "compose.yaml:4", says: /\.\./ },
  },
  {
    title: "a secret whose file is missing",
    files: `${web("secrets: [s]")}secrets:\n  s:\n    file: ./nowhere\n`,
    ...{ at: "compose.yaml:7", says: /nowhere/ },
  },
  {
    title: "a configuration whose file is missing",
    files: `${web("configs: [s]")}configs:\n  s:\n    file: ./nowhere\n`,
    ...{ at: "compose.yaml:7", says: /nowhere/ },
  },
  {
    title: "a secret whose variable is missing",
    files: `${web("secrets: [s]")}secrets:\n  s:\n    environment: INRO_NO_SUCH\n`,
    ...{ at: "compose.yaml:7", says: /INRO_NO_SUCH/ },
  },
  {
    title: "a secret whose file is a pipe that nobody writes to",
    files: `${web("secrets: [{ source: s, uid: '7' }]")}secrets:\n  s:\n    file: ./pipe\n`,
    ...{ around: fifo("pipe"), at: "compose.yaml:7", says: /pipe/ },
  },
  {
    title: "an env_file that is missing",
    files: web("env_file: nowhere"),
    at: "compose.yaml:4",
    says: /nowhere/,
  },
  {
    title: "an env_file that is a pipe that nobody writes to",
    files: web("env_file: pipe"),
    ...{ around: fifo("pipe"), at: "compose.yaml:4", says: /pipe/ },
  },
  {
    title: "an env_file that never ends",
    files: web("env_file: /dev/zero"),
    at: "compose.yaml:4",
    says: /\/dev\/zero/,
  },
  {
    title: "an env_file that is a folder",
    files: web("env_file: folder"),
    ...{ around: (at) => mkdirSync(join(at, "folder")), at: "compose.yaml:4", says: /folder/ },
  },
  {
    title: "a label_file that is a pipe that nobody writes to",
    files: web("label_file: pipe"),
    ...{ around: fifo("pipe"), at: "compose.yaml:4", says: /pipe/ },
  },
  {
    title: "a .env that is a pipe that nobody writes to",
    files: web("command: ls"),
    ...{ around: fifo(".env"), at: null, says: /\.env/ },
  },
  {
    title: "a file to extend that is a pipe that nobody writes to",
    files: "services:\n  web:\n    extends:\n      file: pipe\n      service: web\n",
    ...{ around: fifo("pipe"), at: "compose.yaml:4", says: /pipe/ },
  },
  {
    title: "a file to include that never ends",
    files: `include: [/dev/zero]\n${web("command: ls")}`,
    ...{ at: "compose.yaml:1", says: /\/dev\/zero/ },
  },
  {
    title: "a file to include that is nowhere",
    files: `include:\n  - nowhere.yaml\n${web("command: ls")}`,
    ...{ at: "compose.yaml:2", says: /nowhere\.yaml/ },
  },
  {
    title: "a folder to build in that is nowhere",
    files: "services:\n  web:\n    build: ./nowhere\n",
    ...{ at: null, says: /nowhere/ },
  },
  {
    title: "a service's name with a slash",
    files: "services:\n  a/b: { image: busybox }\n",
    at: "compose.yaml:2",
    says: /a\/b/,
  },
  {
    title: "a service's name that leads upwards",
    files: "services:\n  ..: { image: busybox }\n",
    at: "compose.yaml:2",
    says: /\.\./,
  },
  {
    title: "a container's name with a slash",
    files: web("container_name: ../x"),
    at: "compose.yaml:4",
    says: /\.\.\/x/,
  },
  {
    title: "a project's name of the command line",
    files: web("command: ls"),
    ...{ words: ["-p", "../x", "up", "-d"], at: null, says: /\.\.\/x/ },
  },
  {
    title: "a project's name of the environment",
    files: web("command: ls"),
    ...{ env: { COMPOSE_PROJECT_NAME: "a/b" }, at: null, says: /a\/b/ },
  },
  {
    title: "a volume's name that leads upwards",
    files: `${web("volumes: [v:/v]")}volumes:\n  v:\n    name: ../../x\n`,
    ...{ at: "compose.yaml:7", says: /\.\.\/\.\.\/x/ },
  },
  {
    title: "a network's name with a slash",
    files: `${web("networks: [n]")}networks:\n  n:\n    name: a/b\n`,
    ...{ at: "compose.yaml:7", says: /a\/b/ },
  },
  {
    title: "a volume's target that is no path",
    files: web("volumes: [./x:y]"),
    at: "compose.yaml:4",
    says: /y/,
  },
  {
    title: "more memory than numbers hold",
    files: web("mem_limit: 99999999999999999999999g"),
    at: "compose.yaml:4",
    says: /99999/,
  },
  { title: "memory less than none", files: web("mem_limit: -5m"), at: "compose.yaml:4", says: /-5m/ },
  { title: "a size that is none", files: web("shm_size: lots"), at: "compose.yaml:4", says: /lots/ },
  {
    title: "a thousand million replicas",
    files: web("scale: 1000000000"),
    at: "compose.yaml:4",
    says: /1000000000/,
  },
  {
    title: "replicas less than none",
    files: web("deploy: { replicas: -1 }"),
    at: "compose.yaml:4",
    says: /-1/,
  },
  {
    title: "a thousand million replicas of the command line",
    files: web("command: ls"),
    ...{ words: ["up", "-d", "--scale", "web=1000000000"], at: null, says: /1000000000/ },
  },
  {
    title: "a time that is none",
    files: web("stop_grace_period: 1e30s"),
    at: "compose.yaml:4",
    says: /1e30s/,
  },
  {
    title: "a time that is longer than numbers hold",
    files: web("stop_grace_period: 99999999999999h"),
    at: "compose.yaml:4",
    says: /9999999h/,
  },
  { title: "processors less than none", files: web("cpus: -1"), at: "compose.yaml:4", says: /-1/ },
  { title: "a limit that is none", files: web("ulimits: { nofile: -5 }"), at: "compose.yaml:4", says: /-5/ },
  {
    title: "a mode that is none",
    files: `${web("configs: [{ source: c, mode: 0o77777 }]")}configs: { c: { content: x } }\n`,
    at: "compose.yaml:4",
    says: /mode|77777|32767/,
  },
  {
    title: "a key that would speak to the terminal",
    files: 'services:\n  web:\n    image: busybox\n    "\\e[2J\\e]0;owned\\a": 1\n',
    ...{ at: "compose.yaml:4", says: /owned/ },
  },
  {
    title: "a value that would speak to the terminal",
    files: web('restart: "\\e[2Jowned"'),
    ...{ at: "compose.yaml:4", says: /owned/ },
  },
  { title: "a file that is binary", files: "\u0000\u0001\u0002services", at: "compose.yaml:", says: /./ },
  {
    title: "a service that is everything's prototype",
    files: "services:\n  __proto__: 5\n",
    at: "compose.yaml:2",
    says: /__proto__/,
  },
];
