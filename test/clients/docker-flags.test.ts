import { describe, expect, test } from "bun:test";
import type { Option } from "../../src/cli/options/option.ts";
import { verbs } from "../../src/cli/verbs.ts";

/** An option as docker's own help has it. */
interface Documented {
  readonly short: string | undefined;
  /** Empty: a flag. */
  readonly type: string;
  readonly default: string | undefined;
}

function help(name: string): string {
  const { stdout, exitCode } = Bun.spawnSync(["docker", ...name.split(" "), "--help"], {
    env: { PATH: process.env["PATH"] ?? "", DOCKER_HOST: "unix:///no/such/socket" },
  });
  const text = stdout.toString();
  // Of a verb that it does not know it shows the help of all.
  return exitCode === 0 && text.includes(`docker ${name} `) ? text : "";
}

function documented(text: string): ReadonlyMap<string, Documented> {
  const lines = text.matchAll(/^ {2,6}(?:-(\w), )?--([\w-]+)(?: (\w+))? {2,}(.*(?:\n {20,}.*)*)/gm);
  return new Map(
    [...lines].map(([, short, long = "", type = "", about = ""]) => {
      const preset = /\(default "?(.*?)"?\)$/m.exec(about)?.[1];
      return [long, { short, type, default: preset }];
    }),
  );
}

/** Options that we do not know, by verb, and why. */
const unknown: Readonly<Record<string, string>> = {
  // It mounts the engine's socket into the container, with credentials: docker calls it experimental.
  "run use-api-socket": "experimental",
  "create use-api-socket": "experimental",
};

/** Of docker's swarm, whose options its help has until it knows that there is none. */
const isSwarms = (name: string, option: string): boolean =>
  (name === "volume create" &&
    /^(availability|group|limit-bytes|required-bytes|scope|secret|sharing|topology-.*|type)$/.test(option)) ||
  (name === "volume ls" && option === "cluster");

/** What is so where nobody says anything, in docker's words. */
const said: Readonly<Record<string, string>> = {
  last: "-1",
  tail: "all",
  pull: "missing",
  restart: "no",
  "volume create driver": "local",
  "network create driver": "bridge",
  "ipam-driver": "default",
  "build network": "default",
  "image build network": "default",
  "builder build network": "default",
  "memory-swappiness": "-1",
};

const defaultOf = (option: Option): string => {
  if (option.kind === "list") return "";
  return option.default === undefined ? "" : String(option.default);
};

const known =
  Bun.which("docker") === null ? [] : verbs.flatMap((entry) => entry.names.map((name) => ({ name, entry })));

describe("every option of docker's command line", () => {
  test.each(known.map(({ name, entry }) => [name, entry] as const))("%s", async (name, entry) => {
    const options = documented(help(name));
    const verb = await entry.load();
    const misses: string[] = [];
    for (const [long, { short, type, default: preset }] of options) {
      if (long === "help" || isSwarms(name, long)) continue;
      const option = verb.options[long];
      if (unknown[`${name.replace(/^container /, "")} ${long}`] !== undefined) {
        if (option !== undefined) misses.push(`--${long} is known after all`);
        continue;
      }
      if (option === undefined) {
        misses.push(`--${long} is not known`);
        continue;
      }
      if (option.short !== short) misses.push(`--${long} has the letter ${option.short} instead of ${short}`);
      if ((option.kind === "flag") !== (type === "")) misses.push(`--${long} takes a value, or takes none`);
      const ours = defaultOf(option) || said[`${name} ${long}`] || said[long] || "";
      const isZero = preset === undefined || ["map[]", "[]", "0", "0s", "<nil>"].includes(preset);
      if (!isZero && !preset.includes(" ") && preset !== ours)
        misses.push(`--${long} is "${ours}" by default instead of "${preset}"`);
    }
    expect(misses).toEqual([]);
  });

  test.skipIf(known.length === 0)("docker's help was read", () => {
    expect(documented(help("run")).size).toBeGreaterThan(90);
    expect(documented(help("run")).get("publish")).toEqual({ short: "p", type: "list", default: undefined });
    expect(documented(help("exec")).get("tty")).toEqual({ short: "t", type: "", default: undefined });
  });
});
