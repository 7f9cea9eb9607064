import { beforeAll, describe } from "bun:test";
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
    readonly CapAdd: readonly string[] | null;
    readonly ExtraHosts: readonly string[] | null;
    readonly Memory: number;
    readonly PortBindings: Readonly<Record<string, readonly { readonly HostPort: string }[]>>;
    readonly RestartPolicy: { readonly Name: string };
  };
  readonly Mounts: readonly { readonly Destination: string }[];
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>;
  };
}

interface Version {
  readonly name: string;
  /** What only a restart changes. */
  readonly env: string;
  readonly mounts: readonly string[];
  readonly memory: number;
  readonly port: number;
  readonly policy: string;
  readonly network: string;
  /** Of a line in /etc/hosts. */
  readonly host: string;
  readonly capability: string | null;
}

const versions: readonly Version[] = [
  {
    ...{ name: "one", env: "1", mounts: [], memory: 64, port: 1, policy: "no" },
    ...{ network: "bridge", host: "10.9.0.1", capability: null },
  },
  // Live: all but environment, mounts and capabilities.
  {
    ...{ name: "two", env: "1", mounts: [], memory: 96, port: 2, policy: "on-failure" },
    ...{ network: "moves", host: "10.9.0.2", capability: null },
  },
  {
    ...{ name: "three", env: "3", mounts: ["/data"], memory: 80, port: 3, policy: "unless-stopped" },
    ...{ network: "moves", host: "10.9.0.3", capability: "SYS_TIME" },
  },
];

describe.skipIf(rootMissing || busyboxMissing || nft === undefined)("edits and the daemon's end", () => {
  const [first] = versions as [Version];
  const c = crash({
    Env: ["V=1"],
    Labels: { version: "one" },
    StopSignal: "SIGKILL",
    HostConfig: {
      ...{ Memory: 64 << 20, PortBindings: { "81/tcp": [{ HostPort: "21081" }] } },
      ExtraHosts: ["place:10.9.0.1"],
    },
  });
  beforeAll(async () => {
    await c.d.ask("POST", "/networks/create", { Name: "moves" });
  });
  const about = async () => (await c.d.inspect(c.container)) as unknown as Told;

  const become = async (next: Version) => {
    const { HostConfig, Mounts, NetworkSettings } = await about();
    const networks = Object.keys(NetworkSettings.Networks);
    const capabilities = HostConfig.CapAdd ?? [];
    const had = Mounts.map(({ Destination }) => Destination);
    const key = `${80 + next.port}/tcp`;
    const others = Object.keys(HostConfig.PortBindings).filter((port) => port !== key);
    await c.d.ask("POST", `/inro/containers/${c.container}/edit`, {
      Name: next.name,
      Set: {
        Env: [`V=${next.env}`],
        Labels: { version: next.name },
        ...(networks.includes(next.network)
          ? {}
          : { NetworkingConfig: { EndpointsConfig: { [next.network]: {} } } }),
        HostConfig: {
          ExtraHosts: [`place:${next.host}`],
          CapAdd: next.capability === null ? [] : [next.capability],
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
        Networks: networks.filter((name) => name !== next.network),
        CapAdd: capabilities.filter((name) => name !== `CAP_${next.capability}`),
        Mounts: had.filter((target) => !next.mounts.includes(target)),
        Ports: Object.fromEntries(others.map((port) => [port, [{ HostPort: "" }]])),
      },
    });
  };

  /** What is told, what the running program has, and what the kernel holds: all of it of one version. */
  const found = async () => {
    const { State, Name, Config, HostConfig, Mounts, NetworkSettings } = await about();
    if (State.Status !== "running") return State.Status;
    const mounted = readFileSync(`/proc/${State.Pid}/mountinfo`, "utf8").includes(" /data ");
    const environ = readFileSync(`/proc/${State.Pid}/environ`, "utf8").split("\0");
    const networks = Object.entries(NetworkSettings.Networks);
    const hosts = readFileSync(`/proc/${State.Pid}/root/etc/hosts`, "utf8");
    const held = BigInt(
      `0x${/^CapBnd:\t(.*)$/m.exec(readFileSync(`/proc/${State.Pid}/status`, "utf8"))?.[1]}`,
    );
    const open = (await c.run(nft ?? "", "list", "ruleset")).match(/(?<=\. )\d+(?= : )/g) ?? [];
    return {
      name: Name.slice(1),
      label: Config.Labels["version"],
      env: [Config.Env, environ].map((all) => all.find((entry) => entry.startsWith("V="))),
      mounts: [Mounts.map(({ Destination }) => Destination), mounted],
      memory: [HostConfig.Memory >> 20, memoryLimit(State.Pid)],
      ports: [Object.keys(HostConfig.PortBindings), [...new Set(open)].sort()],
      policy: HostConfig.RestartPolicy.Name,
      networks: networks.map(([name]) => name),
      // Told, seen by the program, and what the interface has.
      address: networks.map(([, { IPAddress }]) => [
        hosts.includes(`${IPAddress}\t`),
        readFileSync(`/proc/${State.Pid}/net/fib_trie`, "utf8").includes(`-- ${IPAddress}\n`),
      ]),
      interfaces: readFileSync(`/proc/${State.Pid}/net/dev`, "utf8").match(/eth\d+(?=:)/g)?.length,
      host: [HostConfig.ExtraHosts, /^(\S+)\s+place$/m.exec(hosts)?.[1]],
      capability: [HostConfig.CapAdd, (held & (1n << 25n)) !== 0n],
    };
  };
  const whole = ({ name, env, mounts, memory, port, policy, network, host, capability }: Version) => ({
    ...{ name, label: name, policy },
    env: [`V=${env}`, `V=${env}`],
    mounts: [mounts, mounts.length > 0],
    memory: [memory, memory],
    ports: [[`${80 + port}/tcp`], [String(21080 + port)]],
    networks: [network],
    address: [[true, true]],
    interfaces: 1,
    host: [[`place:${host}`], host],
    capability: [capability === null ? null : [`CAP_${capability}`], capability !== null],
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
