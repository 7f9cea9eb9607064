/**
 * Draws docs/pictures/terminal.svg: real commands, run in a real terminal against an engine of their own, as an
 * animated picture. `scripts/bun scripts/record-terminal.ts ARCHIVE`: a docker or OCI archive of debian:bookworm with
 * python3. Needs root and build/inro.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { testEngine } from "../test/support/engine.ts";
import { machine } from "../test/support/host.ts";

const COLUMNS = 118;
const ROWS = 45;
const root = join(import.meta.dir, "..");

interface Scene {
  /** Each is shown as it was typed; `inro` is the one of this checkout. */
  readonly commands: readonly string[];
  /** Which of the output's lines are shown, where not all fit; a line of its own tells how many are not. */
  readonly only?: RegExp;
  /** Seconds. */
  readonly shown: number;
}

const scenes: readonly Scene[] = [
  { commands: ["inro run --rm -m 64m hello"], shown: 9 },
  {
    commands: ["inro explain run --rm -m 64m -p 8080:80 --cap-drop ALL hello"],
    only: /^(host|map|build|confine|become) +\d+ +(netlink|hostname|overlay|pivot|seccomp|boundingSet|user|capabilities|gate|exec) |^clone|memory\.(limit|max)|rootfs\/proc |tmpfs\/null|mask .*kcore|operations,/,
    shown: 12,
  },
  {
    commands: [
      "inro run -d --name web -m 64m -p 8000:8000 debian:bookworm python3 -m http.server 8000",
      "sleep 1; curl -s 127.0.0.1:8000 | head -3",
      "inro ps",
      "inro explain web | tail -1",
      "inro stats --no-stream",
      "inro run --rm --memry 64m hello",
      "inro rm -f web",
    ],
    shown: 9,
  },
];

/** A command's output in a terminal, its colours included. */
async function record(command: string, environment: Record<string, string>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  const child = Bun.spawn(["sh", "-c", command], {
    env: { ...process.env, ...environment, TERM: "xterm-256color" },
    terminal: {
      rows: ROWS,
      cols: COLUMNS,
      data: (_, data) => {
        text += decoder.decode(data, { stream: true });
      },
    },
  });
  await child.exited;
  await Bun.sleep(50);
  return text.replaceAll("\r\n", "\n").replace(/\x1b\[K/g, "");
}

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** One line with its colours as an SVG text element. */
function line(source: string, row: number): string {
  let style = "";
  const spans = source.split(/(\x1b\[[0-9;]*m)/).flatMap((part) => {
    const code = /^\x1b\[([0-9;]*)m$/.exec(part)?.[1];
    if (code !== undefined) style = code === "0" || code === "" ? "" : `s${code}`;
    if (code !== undefined || part === "") return [];
    return [style === "" ? escaped(part) : `<tspan class="${style}">${escaped(part)}</tspan>`];
  });
  return `<text x="16" y="${54 + row * 17}">${spans.join("")}</text>`;
}

function elided(lines: readonly string[], only: RegExp | undefined): string[] {
  if (only === undefined) return [...lines];
  const shown: string[] = [];
  let hidden = 0;
  for (const text of lines) {
    const isShown = only.test(Bun.stripANSI(text));
    if (isShown && hidden > 0) shown.push(`\x1b[2m           ⋮  ${hidden} more\x1b[0m`);
    if (isShown) shown.push(text);
    hidden = isShown ? 0 : hidden + 1;
  }
  return shown;
}

async function draw(environment: Record<string, string>): Promise<string> {
  const total = scenes.reduce((sum, { shown }) => sum + shown, 0);
  const percent = (seconds: number) => ((seconds / total) * 100).toFixed(2);
  const groups: string[] = [];
  const styles: string[] = [];
  let start = 0;
  for (const [index, scene] of scenes.entries()) {
    const lines: string[] = [];
    for (const command of scene.commands) {
      lines.push(`\x1b[32m$\x1b[0m \x1b[1m${command}\x1b[0m`);
      const output = (await record(command, environment)).trimEnd().split("\n");
      lines.push(...elided(output, scene.only), ...(scene.commands.length > 1 ? [""] : []));
    }
    const [from, to] = [percent(start), percent(start + scene.shown)];
    const before = index === 0 ? "" : `0%{opacity:0}${from}%{opacity:0}`;
    styles.push(
      `@keyframes k${index}{${before}${Number(from) + 0.01}%{opacity:1}${Number(to) - 0.01}%{opacity:1}${to}%{opacity:0}100%{opacity:0}}`,
    );
    styles.push(
      `#s${index}{animation:k${index} ${total}s step-end infinite${index === 0 ? "" : ";opacity:0"}}`,
    );
    groups.push(`<g id="s${index}">\n${lines.slice(0, ROWS).map(line).join("\n")}\n</g>`);
    start += scene.shown;
  }
  const [width, height] = [32 + COLUMNS * 7.83, 68 + ROWS * 17];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${height}" role="img" aria-label="inro run, explain and ps in a terminal">
<style>
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#c9d1d9;white-space:pre}
.s1{font-weight:bold;fill:#f0f6fc}.s2{fill:#7d8590}.s31{fill:#ff7b72}.s32{fill:#7ee787}.s33{fill:#e3b341}.s34{fill:#79c0ff}.s35{fill:#d2a8ff}.s36{fill:#76e3ea}
${styles.join("\n")}
</style>
<rect width="100%" height="100%" rx="10" fill="#0d1117"/>
<rect width="100%" height="34" rx="10" fill="#161b22"/>
<circle cx="20" cy="17" r="6" fill="#ff5f57"/><circle cx="40" cy="17" r="6" fill="#febc2e"/><circle cx="60" cy="17" r="6" fill="#28c840"/>
${groups.join("\n")}
</svg>
`;
}

const [archive] = process.argv.slice(2);
if (archive === undefined) throw new Error("name an archive of debian:bookworm");
using host = machine();
await using engine = await testEngine(host);
const environment = {
  INRO_DATA_ROOT: engine.dataRoot,
  INRO_EXEC_ROOT: engine.execRoot,
  PATH: `${join(root, "build")}:${process.env["PATH"]}`,
};
await record(`inro load -i ${archive}`, environment);
const picture = await draw(environment);
mkdirSync(join(root, "docs/pictures"), { recursive: true });
writeFileSync(join(root, "docs/pictures/terminal.svg"), picture);
