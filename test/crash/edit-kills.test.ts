import { describe } from "bun:test";
import { readFileSync } from "node:fs";
import { busyboxMissing } from "../engine/busybox.ts";
import { rootMissing } from "../support/engine.ts";
import { tool } from "../support/tools.ts";
import { crash, killedAtRandom, soon } from "./killing.ts";

const nft = tool("nft");

interface Told {
  readonly Name: string;
  readonly State: { readonly Status: string; readonly Pid: number };
  readonly Config: { readonly Labels: Readonly<Record<string, string>>; readonly Env: readonly string[] };
  readonly HostConfig: {
    readonly Memory: number;
    readonly PortBindings: Readonly<Record<string, readonly { readonly HostPort: string }[]>>;
    readonly RestartPolicy: { readonly Name: string };
  };
  readonly Mounts: readonly { readonly Destination: string }[];
}

interface Version {
  readonly name: string;
  /** What only a restart changes. */
  readonly env: string;
  readonly mounts: readonly string[];
  readonly memory: number;
  readonly port: number;
  readonly policy: string;
}

const versions: readonly Version[] = [
  { name: "one", env: "1", mounts: [], memory: 64, port: 1, policy: "no" },
  // Live: all but environment and mounts.
  { name: "two", env: "1", mounts: [], memory: 96, port: 2, policy: "on-failure" },
  { name: "three", env: "3", mounts: ["/data"], memory: 80, port: 3, policy: "unless-stopped" },
];

describe.skipIf(rootMissing || busyboxMissing || nft === undefined)("edits and the daemon's end", () => {
  const [first] = versions as [Version];
  const c = crash({
    Env: ["V=1"],
    Labels: { version: "one" },
    StopSignal: "SIGKILL",
    HostConfig: { Memory: 64 << 20, PortBindings: { "81/tcp": [{ HostPort: "21081" }] } },
  });
  const about = async () => (await c.d.inspect(c.container)) as unknown as Told;

  const become = async (next: Version) => {
    const { HostConfig, Mounts } = await about();
    const had = Mounts.map(({ Destination }) => Destination);
    const key = `${80 + next.port}/tcp`;
    const others = Object.keys(HostConfig.PortBindings).filter((port) => port !== key);
    await c.d.ask("POST", `/inro/containers/${c.container}/edit`, {
      Name: next.name,
      Set: {
        Env: [`V=${next.env}`],
        Labels: { version: next.name },
        HostConfig: {
          Memory: next.memory << 20,
          MemorySwap: -1,
          RestartPolicy: { Name: next.policy },
          Binds: next.mounts.filter((target) => !had.includes(target)).map((target) => `data:${target}`),
          ...(HostConfig.PortBindings[key] === undefined
            ? { PortBindings: { [key]: [{ HostPort: String(21080 + next.port) }] } }
            : {}),
        },
      },
      Remove: {
        Mounts: had.filter((target) => !next.mounts.includes(target)),
        Ports: Object.fromEntries(others.map((port) => [port, [{ HostPort: "" }]])),
      },
    });
  };

  /** What is told, what the running program has, and what the kernel holds: all of it of one version. */
  const found = async () => {
    const { State, Name, Config, HostConfig, Mounts } = await about();
    if (State.Status !== "running") return State.Status;
    const mounted = readFileSync(`/proc/${State.Pid}/mountinfo`, "utf8").includes(" /data ");
    const environ = readFileSync(`/proc/${State.Pid}/environ`, "utf8").split("\0");
    const open = (await c.run(nft ?? "", "list", "ruleset")).match(/(?<=\. )\d+(?= : )/g) ?? [];
    return {
      name: Name.slice(1),
      label: Config.Labels["version"],
      env: [Config.Env, environ].map((all) => all.find((entry) => entry.startsWith("V="))),
      mounts: [Mounts.map(({ Destination }) => Destination), mounted],
      memory: [HostConfig.Memory >> 20, memoryLimit(State.Pid)],
      ports: [Object.keys(HostConfig.PortBindings), [...new Set(open)].sort()],
      policy: HostConfig.RestartPolicy.Name,
    };
  };
  const whole = ({ name, env, mounts, memory, port, policy }: Version) => ({
    ...{ name, label: name, policy },
    env: [`V=${env}`, `V=${env}`],
    mounts: [mounts, mounts.length > 0],
    memory: [memory, memory],
    ports: [[`${80 + port}/tcp`], [String(21080 + port)]],
  });

  const agreed = async () => {
    const { Name } = await about();
    const version = versions.find(({ name }) => `/${name}` === Name) ?? first;
    // Only the very first one has the name that it was given by chance.
    await soon(found, { ...whole(version), name: Name.slice(1) });
    return version.name;
  };
  const through = (path: readonly Version[]) => async () => {
    for (const version of path) await become(version);
  };
  const ends = { agreed, tidy: () => become(first), rest: "one" };
  killedAtRandom(c, { ...ends, kills: 12, comeAndGo: through([...versions, first]) });

  describe("while nothing is started again", () => {
    const live = [first, versions[1] ?? first];
    killedAtRandom(c, {
      ...ends,
      kills: 16,
      comeAndGo: through([...live, ...live, ...live, ...live, first]),
    });
  });
});

/** MiB, of cgroup v2 or v1. */
function memoryLimit(pid: number): number {
  const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n");
  const v1 = lines.map((line) => line.split(":")).find(([, controllers]) => controllers === "memory");
  const path =
    v1 === undefined
      ? `/sys/fs/cgroup${lines.map((line) => line.split(":")).find(([id]) => id === "0")?.[2]}/memory.max`
      : `/sys/fs/cgroup/memory${v1[2]}/memory.limit_in_bytes`;
  return Number(readFileSync(path, "utf8")) >> 20;
}
