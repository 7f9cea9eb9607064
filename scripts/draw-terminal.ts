/** A recorded terminal as a picture that moves: SVG and CSS alone, and its first screen where nothing may move. */

export interface Line {
  /** With its colours (SGR sequences). */
  readonly text: string;
  /** The second of its scene at which it appears. */
  readonly at: number;
  /** Seconds of typing, for a line that is typed. */
  readonly typing?: number;
}

export interface Scene {
  readonly lines: Line[];
  readonly seconds: number;
}

export interface Screen {
  readonly columns: number;
  readonly rows: number;
}

/** Of 13 pixels of a monospaced font. */
const cell = { width: 7.83, height: 17 };
const margin = { left: 16, top: 54 };
const background = "#0d1117";

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** One line with its colours; a class for each of them. */
function spans(source: string): string {
  let style = "";
  return source
    .split(/(\x1b\[[0-9;]*m)/)
    .map((part) => {
      const code = /^\x1b\[([0-9;]*)m$/.exec(part)?.[1];
      if (code !== undefined) style = code === "0" || code === "" ? "" : `c${code.replaceAll(";", " c")}`;
      if (code !== undefined || part === "") return "";
      return style === "" ? escaped(part) : `<tspan class="${style}">${escaped(part)}</tspan>`;
    })
    .join("");
}

/** Collects the animations: one each for what appears and disappears at the same moments. */
function timeline(total: number) {
  const styles: string[] = [];
  const names = new Map<string, string>();
  const percent = (seconds: number) => `${((seconds / total) * 100).toFixed(3)}%`;
  const named = (frames: string, timing: string) => {
    const name = names.get(frames) ?? `a${names.size}`;
    if (!names.has(frames))
      styles.push(
        `@keyframes ${name}{${frames}}.${name}{animation:${name} ${total.toFixed(2)}s ${timing} infinite}`,
      );
    names.set(frames, name);
    return name;
  };
  return {
    styles,
    shown: (from: number, to: number) =>
      named(
        `0%{opacity:0}${percent(from)}{opacity:1}${percent(to)}${to >= total ? "" : ",100%"}{opacity:${to >= total ? 1 : 0}}`,
        "step-end",
      ),
    /** What covers a typed line moves off it, key by key, and is gone. */
    typed: (from: number, to: number, keys: number) => {
      const moved = `transform:translateX(${(keys * cell.width).toFixed(1)}px)`;
      return named(
        `0%{opacity:0}${percent(from)}{opacity:1;transform:none;animation-timing-function:steps(${keys})}` +
          `${percent(to - 0.01)}{opacity:1;${moved}}${percent(to)},100%{opacity:0;${moved}}`,
        "step-end",
      );
    },
  };
}

export function drawTerminal(scenes: readonly Scene[], screen: Screen): string {
  const width = Math.ceil(2 * margin.left + screen.columns * cell.width);
  const height = margin.top + screen.rows * cell.height;
  const total = scenes.reduce((sum, { seconds }) => sum + seconds, 0);
  const { styles, shown, typed } = timeline(total);
  let start = 0;
  const groups = scenes.map(({ lines, seconds }, index) => {
    const end = start + seconds;
    const drawn = lines.flatMap(({ text, at, typing }, row) => {
      if (text === "") return [];
      const y = margin.top + row * cell.height;
      const line = `<text x="${margin.left}" y="${y}" class="${shown(start + at, end)}">${spans(text)}</text>`;
      if (typing === undefined) return [line];
      const keys = Bun.stringWidth(Bun.stripANSI(text)) - 2;
      const x = margin.left + 2 * cell.width;
      const cover = typed(start + at, start + at + typing, keys);
      return [
        line,
        `<g class="cover ${cover}"><path class="back" d="M${x} ${y - 12}H${width}v16H${x}z"/><path class="cursor" d="M${x} ${y - 12}h8v16h-8z"/></g>`,
      ];
    });
    const scene = `<g${index === 0 ? "" : ' class="later"'}>\n${drawn.join("\n")}\n</g>`;
    start = end;
    return scene;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" xml:space="preserve" role="img" aria-label="inro run, explain, ps, exec and logs in a terminal">
<style>
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#c9d1d9;white-space:pre}
.c1{font-weight:bold;fill:#f0f6fc}.c2{fill:#7d8590}.c31{fill:#ff7b72}.c32{fill:#7ee787}.c33{fill:#e3b341}.c34{fill:#79c0ff}.c35{fill:#d2a8ff}.c36{fill:#76e3ea}
.back{fill:${background}}.cursor{fill:#c9d1d9}.cover{opacity:0}
.later text{opacity:0}
${styles.join("\n")}
@media (prefers-reduced-motion:reduce){text,.cover{animation:none!important}}
</style>
<rect width="100%" height="100%" rx="10" fill="${background}"/>
<path d="M10 0H${width - 10}a10 10 0 0 1 10 10V34H0V10A10 10 0 0 1 10 0z" fill="#161b22"/>
<circle cx="20" cy="17" r="6" fill="#ff5f57"/><circle cx="40" cy="17" r="6" fill="#febc2e"/><circle cx="60" cy="17" r="6" fill="#28c840"/>
${groups.join("\n")}
</svg>
`;
}
