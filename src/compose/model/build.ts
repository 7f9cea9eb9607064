/** `build` of a service (build.md). */
import { member } from "../file/node.ts";
import { isLocalContext } from "../file/paths.ts";
import { pairOf } from "../file/short/pair.ts";
import { environment, list, set, texts } from "./collection.ts";
import { fileUses } from "./file-use.ts";
import { hosts } from "./host.ts";
import { type Kind, refuse } from "./kind.ts";
import { ulimits } from "./limit.ts";
import { hostPath } from "./path.ts";
import type { Build, Texts } from "./project.ts";
import { record } from "./record.ts";
import { flag, size, text } from "./scalar.ts";

const place: Kind<string> = {
  ...text,
  read: (node, at) => {
    const written = text.read(node, at);
    return isLocalContext(written) ? hostPath(written, node.place, at) : written;
  },
};

const contexts: Kind<Texts> = {
  ...texts,
  read: (node, at) =>
    Object.fromEntries(
      Object.entries(texts.read(node, at)).map(([name, written]) => [
        name,
        isLocalContext(written) ? hostPath(written, node.place, at) : written,
      ]),
    ),
};

/** By id: empty for the agent. */
const ssh: Kind<Texts> = {
  read: (node, at) => {
    const written = node.kind === "scalar" ? [text.read(node, at)] : undefined;
    const pairs =
      written === undefined ? texts.read(node, at) : Object.fromEntries(written.map((one) => pairOf(one)));
    return Object.fromEntries(
      Object.entries(pairs).map(([id, key]) => {
        if (!key && id !== "default")
          refuse(at, node.place, `the key "${id}" has no path`, "write ID=PATH; only default needs none");
        return [id, key ? hostPath(key, node.place, at) : ""];
      }),
    );
  },
  print: (keys) => Object.entries(keys).map(([id, path]) => (path === "" ? id : `${id}=${path}`)),
};

/** A text or a truth, as it came. */
const attestation: Kind<string | boolean> = {
  read: (node, at) =>
    node.kind === "scalar" && typeof node.value === "boolean" ? node.value : text.read(node, at),
  print: (value) => value,
  kept: true,
};

const long = record<Build>({
  context: place,
  dockerfile: text,
  dockerfile_inline: text,
  args: environment,
  ssh,
  labels: texts,
  cache_from: set(text),
  cache_to: list(text),
  no_cache: flag,
  additional_contexts: contexts,
  pull: flag,
  entitlements: set(text),
  extra_hosts: hosts,
  isolation: text,
  network: text,
  target: text,
  secrets: fileUses,
  shm_size: size,
  tags: set(text),
  ulimits,
  platforms: set(text),
  privileged: flag,
  provenance: attestation,
  sbom: attestation,
});

export const build: Kind<Build> = {
  ...long,
  read: (node, at) => {
    const read = node.kind === "scalar" ? { context: place.read(node, at) } : long.read(node, at);
    const inline = member(node, "dockerfile_inline");
    if (inline !== undefined && read.dockerfile !== undefined)
      refuse(at, inline.place, "it says both dockerfile and dockerfile_inline", "leave one away");
    return { ...read, context: read.context ?? (at.absolute ? at.workingDir : ".") };
  },
};
