import { createOptions } from "../create/options.ts";
import { quoted, type Recovered } from "./settings.ts";

const WIDE = 100;

/** The command line that makes such a container, for a POSIX shell; a long one over several lines. */
export function runText({ image, settings, command, detached }: Recovered): string {
  const parts = [
    `inro run${detached ? " -d" : ""}`,
    ...settings.map(([name, ...value]) => [optionName(name), ...value.map(quoted)].join(" ")),
    [image, ...command].map(quoted).join(" "),
  ];
  const line = parts.join(" ");
  return `${line.length <= WIDE ? line : parts.join(" \\\n  ")}\n`;
}

function optionName(name: keyof typeof createOptions): string {
  const { short } = createOptions[name] as { readonly short?: string };
  return short === undefined ? `--${name}` : `-${short}`;
}
