/** The policy's file: read only where nobody but root could have written it, and never passed over. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
} from "node:fs";
import { dirname } from "node:path";
import { InroError } from "../../oci/error.ts";
import { writeDurably } from "../layout/durable.ts";
import { acceptAll, type Policy, parsePolicy, type Refuse } from "./policy.ts";

/** The file that the daemon reads unless it is told another one. */
export const trustFile = "/etc/inro/trust.json";

const maxSize = 1 << 20;
const others = constants.S_IWGRP | constants.S_IWOTH;
const sticky = 0o1000;

const isOurs = ({ uid }: Stats) => uid === 0 || uid === process.getuid?.();

const refusing =
  (path: string): Refuse =>
  (why, at) => {
    const what = `cannot use the trust policy ${path}`;
    const hint = "no image is pulled or run until it is mended";
    const named = at === undefined || at === "" ? { why } : { why: `${at}: ${why}`, at };
    throw new InroError("TRUST_INVALID", { what, hint, ...named });
  };

/** Why others could replace what is in a folder, or in one above it; undefined where they cannot. */
function openTo(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const stats = lstatSync(at);
    if (!isOurs(stats)) return `${at} belongs to the user ${stats.uid}, who could replace it`;
    if ((stats.mode & others) !== 0 && (stats.mode & sticky) === 0)
      return `others may write into ${at}, and could replace it`;
    if (at === dirname(at)) return undefined;
  }
}

function checkFile(stats: Stats): string | undefined {
  if (!stats.isFile()) return "it is no regular file";
  if (!isOurs(stats)) return `it belongs to the user ${stats.uid}, not to root`;
  if ((stats.mode & others) !== 0) return "others than its owner may write it (chmod go-w)";
  return stats.size > maxSize ? `it is larger than ${maxSize} bytes` : undefined;
}

/** The file's text; undefined where there is none. */
function read(path: string): string | undefined {
  const refuse: Refuse = refusing(path);
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    return refuse(code === "ELOOP" ? "it is a symbolic link" : message);
  }
  try {
    if (realpathSync(dirname(path)) !== dirname(path)) refuse("a symbolic link leads to it");
    const why = checkFile(fstatSync(descriptor)) ?? openTo(dirname(path));
    return why === undefined ? readFileSync(descriptor, "utf8") : refuse(why);
  } finally {
    closeSync(descriptor);
  }
}

/** As it stands at this moment. The usual file need not be there; another one has to. Throws TRUST_INVALID. */
export function readPolicy(path: string): Policy {
  const refuse: Refuse = refusing(path);
  const text = read(path);
  if (text === undefined) return path === trustFile ? acceptAll : refuse("it is not there");
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    return refuse(`it is no JSON: ${(error as Error).message}`);
  }
  return parsePolicy(content, refuse);
}

/** Replaces the file at once. */
export async function writePolicy(path: string, policy: Policy): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  await writeDurably(path, `${JSON.stringify(policy, null, 2)}\n`, dirname(path));
}
