/**
 * Draws docs/pictures/terminal.svg: real commands, typed into a real terminal in front of an engine of their own in a
 * network of its own; what they print and how long they take is theirs. `scripts/bun scripts/record-terminal.ts`, as
 * root, after `npm run build` and one `npm test` (which fetches the busybox that it runs).
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyboxArchive } from "../test/engine/busybox.ts";
import { temporaryFolder } from "../test/support/temporary.ts";
import { drawTerminal, type Line, type Scene } from "./draw-terminal.ts";

const COLUMNS = 118;
const ROWS = 42;
const root = join(import.meta.dir, "..");

interface Typed {
  /** `inro` is the one of this checkout. */
  readonly command: string;
  /** Which lines of the output are shown, where not all fit; a line of its own tells how many are not. */
  readonly only?: RegExp;
}

/** Each begins with an empty screen. */
const scenes: readonly (readonly Typed[])[] = [
  [{ command: "inro run --rm -m 64m hello" }],
  [
    {
      command: "inro explain run --rm -m 64m -p 8080:80 --cap-drop ALL hello",
      only: /^(host|map|build|confine|become) +\d+ +(netlink|hostname|overlay|pivot|seccomp|boundingSet|user|gate|exec) |^clone|memory\.(limit|max)|rootfs\/proc |tmpfs\/null|mask .*kcore|operations,/,
    },
  ],
  [
    { command: "inro run -d --name web -m 64m -p 8000:80 busybox httpd -f -vv -p 80 -h /data" },
    { command: "curl -s 127.0.0.1:8000/file" },
    { command: "inro ps" },
    { command: "inro exec web ps" },
    {
      command: "inro explain web",
      only: /^(clone|.* netlink +(inro|publish|lo)|.* overlay|.* pivot|become +\d+ +exec)|operations,/,
    },
  ],
  [
    { command: "kill -9 $(cat $INRO_EXEC_ROOT/inro.pid)      # the daemon" },
    { command: "curl -s 127.0.0.1:8000/file                 # its containers do not notice" },
    { command: "inro ps                                     # a new daemon finds them" },
    { command: "inro logs web" },
    { command: "inro stats --no-stream" },
    { command: "inro rm -f web" },
  ],
];

/** Seconds: a key, the time to read a line, and a screen. */
const pace = { key: 0.035, line: 0.12, command: 0.9, screen: 4 };

/** What a command prints in a terminal, colours included: every line with the second at which it was whole. */
async function run(command: string, environment: Record<string, string>): Promise<Line[]> {
  const lines: Line[] = [];
  const decoder = new TextDecoder();
  const began = performance.now();
  let rest = "";
  const take = (data: Uint8Array) => {
    const whole = (rest + decoder.decode(data, { stream: true })).split("\n");
    rest = whole.pop() ?? "";
    for (const text of whole) lines.push({ text: settled(text), at: (performance.now() - began) / 1000 });
  };
  const child = Bun.spawn(["sh", "-c", command], {
    env: { ...process.env, ...environment, TERM: "xterm-256color" },
    terminal: { rows: ROWS, cols: COLUMNS, data: (_, data) => take(data) },
  });
  await child.exited;
  await Bun.sleep(50);
  if (rest !== "") lines.push({ text: settled(rest), at: (performance.now() - began) / 1000 });
  return lines;
}

/** A line as it stands in the end: what was overwritten is gone, of all control sequences colours alone stay. */
const settled = (text: string) =>
  (text.replace(/\r+$/, "").split("\r").at(-1) ?? "").replace(/\x1b\[[0-9;?]*[A-Za-ln-z]/g, "");

function elided(lines: readonly Line[], only: RegExp | undefined): Line[] {
  if (only === undefined) return [...lines];
  const shown: Line[] = [];
  let hidden: Line[] = [];
  for (const line of lines) {
    const isShown = only.test(Bun.stripANSI(line.text));
    if (!isShown) hidden.push(line);
    else {
      if (hidden.length > 1)
        hidden = [{ ...line, text: `\x1b[2m           ⋮  ${hidden.length} more\x1b[0m` }];
      shown.push(...hidden, line);
      hidden = [];
    }
  }
  return shown;
}

async function record(typed: readonly Typed[], environment: Record<string, string>): Promise<Scene> {
  const lines: Scene["lines"] = [];
  let clock = 0.4;
  for (const { command, only } of typed) {
    const typing = command.length * pace.key;
    lines.push({ text: `\x1b[32m$\x1b[0m \x1b[1m${command}\x1b[0m`, at: clock, typing });
    clock += typing + 0.2;
    const printed = elided(await run(command, environment), only);
    for (const { text, at } of printed) lines.push({ text, at: clock + at });
    const reading = pace.command + printed.length * pace.line;
    clock += (printed.at(-1)?.at ?? 0) + reading;
    // As long as a person would need, so that what is told of times is what the picture shows.
    await Bun.sleep((typing + reading) * 1000);
    if (typed.length > 1) lines.push({ text: "", at: clock });
  }
  if (lines.at(-1)?.text === "") lines.pop();
  if (lines.length > ROWS)
    throw new Error(`${lines.length} lines of "${typed[0]?.command}" do not fit into ${ROWS} rows`);
  return { lines, seconds: clock + pace.screen };
}

/** The network is a new one of this process alone, so that neither ports nor bridges meet the machine's own. */
function inOwnNetwork(): boolean {
  if (process.env["INRO_RECORDING"] !== undefined) return true;
  const script = `ip link set lo up && exec ${process.execPath} ${import.meta.path}`;
  const again = spawnSync("unshare", ["--net", "sh", "-c", script], {
    stdio: "inherit",
    env: { ...process.env, INRO_RECORDING: "1" },
  });
  process.exitCode = again.status ?? 1;
  return false;
}

/** The busybox image is there, and no engine is left behind. */
async function withEngine(work: (environment: Record<string, string>) => Promise<void>): Promise<void> {
  using folder = temporaryFolder("recording");
  const environment = {
    INRO_DATA_ROOT: join(folder.path, "data"),
    INRO_EXEC_ROOT: join(folder.path, "run"),
    PATH: `${join(root, "build")}:${process.env["PATH"]}`,
  };
  const archive = join(folder.path, "busybox.tar");
  writeFileSync(archive, busyboxArchive());
  await run(`inro load -i ${archive}`, environment);
  try {
    await work(environment);
  } finally {
    await run("inro rm -f $(inro ps -aq); kill $(cat $INRO_EXEC_ROOT/inro.pid); sleep 1", environment);
  }
}

if (inOwnNetwork()) {
  await withEngine(async (environment) => {
    const recorded: Scene[] = [];
    for (const scene of scenes) recorded.push(await record(scene, environment));
    const picture = drawTerminal(recorded, { columns: COLUMNS, rows: ROWS });
    writeFileSync(join(root, "docs/pictures/terminal.svg"), picture);
  });
}
