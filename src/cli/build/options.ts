import { createOptions } from "../create/options.ts";
import { flag, list, read, text } from "../options/option.ts";
import { integer, size } from "../options/readers.ts";

const inputs = { group: "Inputs" };
const cache = { group: "Cache" };
const steps = { group: "Steps" };
const results = { group: "Results" };
const shown = { group: "What is shown" };
const hidden = { hidden: true };

/** Docker's options of `build`, those of its classic builder and of BuildKit's, and ours. */
export const buildOptions = {
  file: text("FILE", "The Dockerfile (default PATH/Dockerfile); - reads standard input", {
    ...inputs,
    short: "f",
  }),
  target: text("STAGE", "Build this stage, and what it needs", inputs),
  "build-arg": list("NAME[=VALUE]", "Set a build argument; without a value, take this shell's", inputs),
  "build-context": list("NAME=PLACE", "Another context: a folder, a URL, docker-image://NAME", inputs),
  secret: list("id=ID[,src=FILE|,env=NAME]", "Give RUN --mount=type=secret a secret", inputs),
  ssh: list("default|ID[=SOCKET]", "Give RUN --mount=type=ssh an agent's socket", inputs),
  platform: text("OS/ARCH", "The platform to build for, if not this one", inputs),

  "no-cache": flag("Make every step anew", cache),
  "no-cache-filter": list("STAGE,…", "Make every step of these stages anew", cache),
  pull: flag("Ask registries for base images that are here, too", cache),
  "cache-from": list("PLACE", "Take steps from what was exported: type=local,src=FOLDER", cache),
  "cache-to": list("PLACE", "Export what the build stood on: type=local,dest=FOLDER", cache),

  network: text("MODE", "Of the steps: default, none, host, or a network that was made", {
    ...steps,
    words: ["default", "none", "host"],
  }),
  allow: list("PRIVILEGE", "What a step may ask for: security.insecure, network.host", {
    ...steps,
    words: ["security.insecure", "network.host"],
  }),
  "add-host": list("NAME:ADDRESS", "A line for /etc/hosts", steps),
  dns: list("ADDRESS", "A DNS server", steps),
  memory: read("SIZE", size, "Memory limit of each step", { ...steps, short: "m" }),
  "memory-swap": { ...createOptions["memory-swap"], ...steps },
  "cpu-shares": read("NUMBER", integer, "Weight against others when processors are busy", {
    ...steps,
    short: "c",
  }),
  "cpu-period": { ...createOptions["cpu-period"], ...steps },
  "cpu-quota": { ...createOptions["cpu-quota"], ...steps },
  "cpuset-cpus": { ...createOptions["cpuset-cpus"], ...steps },
  "cpuset-mems": { ...createOptions["cpuset-mems"], ...steps },
  "cgroup-parent": text("PATH", "The cgroup above the steps' own", steps),
  "shm-size": { ...createOptions["shm-size"], ...steps },
  ulimit: list("NAME=SOFT[:HARD]", "Resource limits: nofile=1024", steps),

  tag: list("NAME[:TAG]", "Name the image", { ...results, short: "t" }),
  label: list("KEY[=VALUE]", "Set a label of the image", results),
  output: list("type=TYPE,dest=FILE", "image, local, tar, oci or docker; a folder alone is local", {
    ...results,
    short: "o",
  }),
  push: flag("Push the image's names", results),
  load: flag("Put it among the engine's images, as is done anyway", { ...results, hidden: true }),
  iidfile: text("FILE", "Write the image's id to a file", results),
  "metadata-file": text("FILE", "Write what came of it to a file, as JSON", results),
  timestamp: read("SECONDS", integer, "Nothing is younger than this Unix time: reproducible", results),

  progress: text("HOW", "auto (default), tty, plain, quiet, rawjson", {
    ...shown,
    words: ["auto", "tty", "plain", "quiet", "rawjson"],
  }),
  quiet: flag("Print the image's id only", { ...shown, short: "q" }),
  explain: flag("Say of every step why it was, or was not, taken from the cache", shown),

  "on-error": text("WHAT", "When a RUN fails: end (default), or shell: open one in the step's files", {
    ...shown,
    words: ["end", "shell"],
  }),
  check: flag("Only check the Dockerfile; 1 where something is found", shown),
  call: text("WHAT", "buildx's: build, check, or check,format=json", {
    ...hidden,
    words: ["build", "check"],
  }),

  compress: flag("The context is not compressed on its way to this machine", hidden),
  "force-rm": flag("No intermediate containers are kept", hidden),
  rm: flag("No intermediate containers are kept", { ...hidden, default: true }),
  isolation: text("NAME", "Windows'", hidden),
  "security-opt": list("OPTION", "Of the classic builder for Windows", hidden),
  squash: flag("Docker's experiment", hidden),
  builder: text("NAME", "buildx's: there is one builder", hidden),
  provenance: text("WHAT", "buildx's: only false", hidden),
  sbom: text("WHAT", "buildx's: only false", hidden),
  "disable-content-trust": flag("Without meaning here", { ...hidden, default: true }),
} as const;
