/** `secrets` and `configs` of a service or a build (05-services.md). */
import type { Node } from "../file/node.ts";
import { list } from "./collection.ts";
import { type At, type Kind, kept, refuse } from "./kind.ts";
import type { FileUse } from "./project.ts";
import { record } from "./record.ts";
import { matching, scalar, text } from "./scalar.ts";

/** A number is what YAML has made of it; a text is octal. */
export const mode = kept(
  scalar<number>(
    'permission bits, such as 0440 or "0440"',
    (value) => {
      const bits =
        typeof value === "number"
          ? value
          : /^(0o?)?[0-7]+$/.test(String(value))
            ? Number.parseInt(String(value).replace("o", ""), 8)
            : -1;
      return Number.isInteger(bits) && bits >= 0 && bits <= 0o7777 ? bits : undefined;
    },
    (bits) => bits,
  ),
);

const owner = matching('a number in quotes, such as "1000"', /^\d+$/);

const long = record<FileUse>({ source: text, target: text, uid: owner, gid: owner, mode });

/** @param folder where a target that nobody has said is; undefined: it is left unsaid */
function uses(folder: string | undefined): Kind<readonly FileUse[]> {
  const use: Kind<FileUse> = {
    read: (node, at) => {
      const read = node.kind === "mapping" ? long.read(node, at) : { source: text.read(node, at) };
      if (!read.source) refuse(at, node.place, "it has no source");
      beneath(read.target ?? read.source, node, at);
      return folder === undefined || read.target !== undefined
        ? read
        : { ...read, target: `${folder}/${read.source}` };
    },
    print: long.print,
  };
  return list(use);
}

/** Nothing that a file asks for may lead out of where it is put (R9). */
function beneath(target: string, node: Node, at: At): void {
  const entry = node.kind === "mapping" ? node.entries.get("target")?.value : undefined;
  const place = entry?.place ?? node.place;
  if (target.split("/").includes(".."))
    refuse(
      at,
      place,
      `the target ${JSON.stringify(target)} contains ".."`,
      "write where the file shall be, without going up",
    );
  if (target.includes("\0")) refuse(at, place, "the target contains a zero byte");
}

export const secretUses = uses("/run/secrets");
/** Of a service's configs and a build's secrets. */
export const fileUses = uses(undefined);
