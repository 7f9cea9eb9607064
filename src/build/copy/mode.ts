import { InroError } from "../../oci/error.ts";

/** The permission, set-id and sticky bits of what is copied, from its own. */
export type ChangeMode = (mode: number, isFolder: boolean) => number;

/** chmod(1): what a clause without `ugoa` leaves alone. */
const umask = 0o022;

const shifts = { u: 6, g: 3, o: 0 } as const;
type Class = keyof typeof shifts;
const bits: Readonly<Record<string, number>> = { r: 4, w: 2, x: 1 };

const refused = (text: string) =>
  new InroError("COPY_MODE_INVALID", {
    what: `cannot use ${JSON.stringify(text.slice(0, 100))} as permissions`,
    why: "it is neither octal, like 755, nor symbolic, like u=rwX,go=rX",
    at: "--chmod",
  });

/** `--chmod`: octal, or chmod(1)'s symbolic notation. COPY_MODE_INVALID */
export function modeChange(text: string): ChangeMode {
  if (/^[0-7]{1,5}$/.test(text) && Number.parseInt(text, 8) <= 0o7777) {
    const mode = Number.parseInt(text, 8);
    return () => mode;
  }
  const changes = text.split(",").flatMap((clause) => {
    const parts = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/.exec(clause);
    if (parts === null) throw refused(text);
    const who = parts[1] ?? "";
    return [...(parts[2] ?? "").matchAll(/([-+=])([a-zA-Z]*)/g)].map(([, sign = "", what = ""]) =>
      action(who, sign, what),
    );
  });
  return (mode, isFolder) => changes.reduce((now, change) => change(now, isFolder), mode);
}

function action(who: string, sign: string, what: string): ChangeMode {
  const classes =
    who === "" || who.includes("a") ? (["u", "g", "o"] as const) : ([...new Set(who)] as Class[]);
  const left = who === "" ? umask : 0;
  return (mode, isFolder) => {
    let reach = 0;
    let value = 0;
    for (const each of classes) {
      reach |= 7 << shifts[each];
      value |= permissions(what, mode, isFolder) << shifts[each];
    }
    if (classes.includes("u")) reach |= 0o4000;
    if (classes.includes("g")) reach |= 0o2000;
    value |= (what.includes("s") ? 0o6000 : 0) & reach;
    // The sticky bit is nobody's and everybody's.
    if (who === "" || who.includes("a") || who.includes("o")) reach |= 0o1000;
    if (what.includes("t")) value |= 0o1000;
    value &= ~left;
    if (sign === "+") return mode | value;
    if (sign === "-") return mode & ~value;
    // chmod(1): a folder's set-id bits stay unless they are named.
    const kept = isFolder && !what.includes("s") ? mode & 0o6000 : 0;
    return (mode & ~reach) | value | kept;
  };
}

/** Three bits of one class. */
function permissions(what: string, mode: number, isFolder: boolean): number {
  if (what in shifts) return (mode >> shifts[what as Class]) & 7;
  let value = 0;
  for (const letter of what) value |= bits[letter] ?? 0;
  if (what.includes("X") && (isFolder || (mode & 0o111) !== 0)) value |= 1;
  return value;
}
