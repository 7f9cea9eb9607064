import { InroError } from "../../../oci/error.ts";
import { ALIASES, COLUMNS, type Column, type Specifier } from "./columns.ts";

type Formats = Readonly<Record<string, readonly Specifier[]>>;

interface Dialect {
  /** ps(1), "OUTPUT FORMAT CONTROL": what letters show together, in their order. */
  readonly formats: Formats;
  /** Which processes (always the container's), how wide (as wide as they are), drawn as a tree (which Docker takes apart). */
  readonly withoutMeaning: string;
}

const UNIX: Dialect = {
  formats: {
    "": ["pid", "tname", "time", "ucmd"],
    f: ["owner", "pid", "ppid", "c", "stime", "tname", "time", "cmd"],
    F: ["owner", "pid", "ppid", "c", "sz", "rss", "psr", "stime", "tname", "time", "cmd"],
    j: ["pid", "pgid", "sid", "tname", "time", "ucmd"],
    l: ["f", "s", "uid", "pid", "ppid", "c", "opri", "ni", "addr", "sz", "wchan", "tname", "time", "ucmd"],
    fl: [
      ...(["f", "s", "owner", "pid", "ppid", "c", "opri", "ni", "addr", "sz", "wchan"] as const),
      ...(["stime", "tname", "time", "cmd"] as const),
    ],
  },
  withoutMeaning: "AadewH",
};

const BSD: Dialect = {
  formats: {
    "": ["pid", "tname", "stat", "bsdtime", "args"],
    u: ["user", "pid", "%cpu", "%mem", "vsz", "rss", "tname", "stat", "bsdstart", "bsdtime", "args"],
    j: ["ppid", "pid", "pgid", "sid", "tname", "tpgid", "stat", "uid", "bsdtime", "args"],
    l: [
      "f",
      "uid",
      "pid",
      "ppid",
      "priority",
      "ni",
      "vsz",
      "rss",
      "wchan",
      "stat",
      "tname",
      "bsdtime",
      "args",
    ],
  },
  withoutMeaning: "aefgxw",
};

/** The columns that ps(1) would show for its arguments; Docker's own are -ef. INVALID_OPTION */
export function psColumns(text: string): readonly Column[] {
  const words = text.split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return UNIX.formats["f"]?.map((name) => COLUMNS[name]) ?? [];
  const chosen: Column[] = [];
  const letters = new Set<string>();
  let dialect = BSD;
  const choose = (list: string | undefined) => chosen.push(...columnsOf(list ?? "", text));
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "--forest") continue;
    const format = /^--format(?:=(.*))?$/.exec(word);
    if (format !== null) {
      choose(format[1] ?? words.shift());
      continue;
    }
    if (word.startsWith("--")) throw unknown(text, `the option ${word} is not known`);
    // ps(1): -aux is aux where there is no user x.
    if (word.startsWith("-") && word !== "-aux") dialect = UNIX;
    for (const [index, letter] of [...word.replace(/^-/, "")].entries()) {
      if (letter === "o") {
        choose(word.replace(/^-/, "").slice(index + 1) || words.shift());
        break;
      }
      if (!dialect.withoutMeaning.includes(letter)) letters.add(letter);
    }
  }
  const asked = [...letters].sort().join("");
  const format = dialect.formats[asked];
  if (format === undefined) throw unknown(text, `the output format "${asked}" is not known`);
  if (chosen.length > 0 && asked !== "") throw unknown(text, "conflicting format options");
  return chosen.length > 0 ? chosen : format.map((name) => COLUMNS[name]);
}

/** `pid,comm`, `pid=PROCESS`: a title takes all that follows. */
function columnsOf(list: string, text: string): Column[] {
  if (list === "") throw unknown(text, "no column is named behind -o");
  const [names = "", title] = list.split(/=(.*)/s);
  const found = names.split(",").map((written) => {
    const known = written.toLowerCase();
    const name = ALIASES[known] ?? known;
    if (!Object.hasOwn(COLUMNS, name) || name === "owner")
      throw unknown(text, `unknown user-defined format specifier "${written}"`);
    return COLUMNS[name as Specifier];
  });
  const last = found.at(-1);
  return title === undefined || last === undefined ? found : [...found.slice(0, -1), { ...last, title }];
}

function unknown(text: string, why: string): InroError {
  return new InroError("INVALID_OPTION", {
    what: `cannot list processes with "${text}"`,
    why,
    hint: "write -ef, -F, -l, -j, aux, or -o with ps's names of columns",
    at: "ps_args",
  });
}
