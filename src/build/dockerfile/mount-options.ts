import type { mountTypes } from "./instruction.ts";

export type MountType = (typeof mountTypes)[number];

/** Other names of the same options. */
export const aliases: Readonly<Record<string, string>> = {
  src: "source",
  dst: "target",
  destination: "target",
  ro: "readonly",
  rw: "readwrite",
};

const everywhere = ["type", "target", "source", "from", "readonly", "readwrite", "id"];
const owner = ["mode", "uid", "gid"];

/** What each kind takes. As with docker, what is of no use to a kind is mostly taken and does nothing. */
export const mountOptions: Readonly<Record<MountType, readonly string[]>> = {
  bind: everywhere,
  cache: [...everywhere, "sharing", ...owner],
  tmpfs: [...everywhere, "size"],
  secret: [...everywhere.filter((name) => name !== "from"), "env", "required", ...owner],
  ssh: [...everywhere.filter((name) => name !== "source"), "required", ...owner],
};

export const allOptions = [...new Set([...Object.values(mountOptions).flat(), ...Object.keys(aliases)])];

/** Options that mean yes where they have no value. */
export const switches = ["readonly", "readwrite", "required"];
