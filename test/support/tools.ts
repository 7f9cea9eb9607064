/**
 * The programs of other projects that tests and benchmarks run against, taken from Debian's archive and unpacked
 * (never installed: docker.io's package would start a daemon) into a cache of the tests' own, which several
 * checkouts share. `bun test/support/tools.ts NAME …` fetches; tests only look up.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const cache =
  process.env["INRO_TEST_CACHE"] ??
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "inro-test");

/**
 * Each tool: the Debian packages it comes from, and where they keep its program. One of another release than this
 * system's does with this system's libraries.
 */
const tools = {
  skopeo: { packages: ["skopeo"], program: "usr/bin/skopeo" },
  "docker-registry": { packages: ["docker-registry"], program: "usr/bin/docker-registry" },
  buildah: { packages: ["buildah"], program: "usr/bin/buildah" },
  umoci: { packages: ["umoci"], program: "usr/bin/umoci" },
  busybox: { packages: ["busybox-static"], program: "bin/busybox" },
  debootstrap: { packages: ["debootstrap"], program: "usr/sbin/debootstrap" },
  /** newuidmap and newgidmap: a test that needs their privilege gives it to copies of its own. */
  uidmap: { packages: ["uidmap"], program: "usr/bin/newuidmap" },
  nft: { packages: ["nftables"], program: "usr/sbin/nft" },
  ping: { packages: ["iputils-ping"], program: "bin/ping" },
  "mkfs.btrfs": { packages: ["btrfs-progs"], program: "sbin/mkfs.btrfs" },
  "mkfs.xfs": { packages: ["xfsprogs"], program: "sbin/mkfs.xfs" },
  acl: { packages: ["acl"], program: "bin/setfacl" },
  shellcheck: { packages: ["shellcheck"], program: "usr/bin/shellcheck" },
  zsh: { packages: ["zsh"], program: "bin/zsh" },
  fish: { packages: ["fish"], program: "usr/bin/fish" },
  qemu: {
    packages: ["qemu-system-x86", "qemu-system-data", "seabios", "ipxe-qemu"],
    program: "usr/bin/qemu-system-x86_64",
  },
  /** Not a program: `boot/vmlinuz-*` and `lib/modules/*`, found by `toolRoot`. */
  "debian-kernel": { packages: ["linux-image-cloud-amd64"], program: "boot" },
  /** For `npm run test:aarch64`. */
  "aarch64-gcc": {
    packages: ["gcc-aarch64-linux-gnu", "linux-libc-dev-arm64-cross"],
    program: "usr/bin/aarch64-linux-gnu-gcc",
  },
  "qemu-aarch64": { packages: ["qemu-user-static"], program: "usr/bin/qemu-aarch64-static" },
  /** Not a program: a package for the system's python3, found by `toolRoot`. */
  "docker-py": { packages: ["python3-docker"], program: "usr/lib/python3/dist-packages/docker" },
  /** The same: docker-compose 1.29, on top of docker-py; it asks for version 1.38 and what is older. */
  "docker-compose": { packages: ["docker-compose"], program: "usr/lib/python3/dist-packages/compose" },
  /** BuildKit's own front, as docker's command line wants it; Debian 12 has none. */
  "docker-buildx": {
    packages: ["docker-buildx"],
    program: "usr/libexec/docker/cli-plugins/docker-buildx",
    suite: "trixie",
  },
  /** docker compose v2, as docker's command line wants it; it runs alone, too. */
  "docker-compose-2": {
    packages: ["docker-compose"],
    program: "usr/libexec/docker/cli-plugins/docker-compose",
    suite: "trixie",
  },
  runc: { packages: ["runc"], program: "usr/sbin/runc" },
  crun: { packages: ["crun"], program: "usr/bin/crun" },
  dockerd: { packages: ["docker.io", "containerd", "runc", "iptables", "tini"], program: "usr/sbin/dockerd" },
  podman: {
    packages: [
      "podman",
      "conmon",
      "crun",
      "runc",
      "netavark",
      "aardvark-dns",
      "iptables",
      "containernetworking-plugins",
    ],
    program: "usr/bin/podman",
  },
} as const;

export type ToolName = keyof typeof tools;

/** Tools that `npm test` fetches; the other peers (runc, crun) are only wanted by `npm run bench`. */
export const testTools: readonly ToolName[] = [
  "skopeo",
  "docker-registry",
  "umoci",
  "buildah",
  "busybox",
  "debootstrap",
  "nft",
  "ping",
  "qemu",
  "debian-kernel",
  "uidmap",
  "mkfs.btrfs",
  "mkfs.xfs",
  "acl",
  "shellcheck",
  "zsh",
  "fish",
  "podman",
  "dockerd",
  "docker-py",
  "docker-compose",
  "docker-compose-2",
];

const folderOf = (name: ToolName) =>
  join(
    cache,
    `${name}-${createHash("sha256").update(tools[name].packages.join()).digest("hex").slice(0, 8)}`,
  );

/** The path of a launcher for `name`, or undefined where it was not fetched: the test then reports itself skipped. */
export function tool(name: ToolName): string | undefined {
  const launcher = join(folderOf(name), "run");
  return existsSync(launcher) ? launcher : undefined;
}

/** The folder in which the tool's packages are unpacked (`usr/`, `bin/`, …), for their data and other programs. */
export function toolRoot(name: ToolName): string | undefined {
  return tool(name) === undefined ? undefined : join(folderOf(name), "root");
}

/** A folder for what tests make once and keep, such as a debootstrap root. */
export function cacheFolder(): string {
  mkdirSync(cache, { recursive: true });
  return cache;
}

function run(command: string, args: readonly string[], cwd: string): string {
  const result = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: 1 << 26 });
  if (result.error !== undefined) throw new Error(`${command}: ${result.error.message}`);
  if (result.status !== 0) throw new Error(`${command} ${args.join(" ")}: ${result.stderr.trim()}`);
  return result.stdout;
}

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** A view of the archive with lists and cache of its own: the system's apt state stays as it is. */
function aptOptions(suite?: string): string[] {
  const state = join(cache, suite === undefined ? "apt" : `apt-${suite}`);
  mkdirSync(join(state, "lists/partial"), { recursive: true });
  mkdirSync(join(state, "archives/partial"), { recursive: true });
  const options = [
    ["Dir::State::lists", join(state, "lists")],
    ["Dir::Cache", state],
    ["Debug::NoLocking", "true"],
    ["APT::Sandbox::User", "root"],
  ];
  if (suite !== undefined) {
    const source = join(state, "sources.list");
    writeFileSync(source, `deb [signed-by=${keyring}] http://deb.debian.org/debian ${suite} main\n`);
    options.push(["Dir::Etc::sourcelist", source], ["Dir::Etc::sourceparts", "-"]);
  }
  return options.flatMap(([key, value]) => ["-o", `${key}=${value}`]);
}

const updated = new Set<string | undefined>();

/** The packages that the tool needs and this system does not have, itself included. */
function closure(packages: readonly string[]): string[] {
  const install = ["install", "--simulate", "--no-install-recommends", "--reinstall", ...packages];
  const lines = run("apt-get", [...aptOptions(), ...install], cache).split("\n");
  return lines.flatMap((line) => /^Inst (\S+)/.exec(line)?.[1] ?? []);
}

function fetchTool(name: ToolName): void {
  const { packages, suite }: { packages: readonly string[]; suite?: string } = tools[name];
  if (!updated.has(suite)) {
    run("apt-get", [...aptOptions(suite), "update", "-qq"], cache);
    updated.add(suite);
  }
  const wanted = suite === undefined ? closure(packages) : packages;
  const folder = folderOf(name);
  const fresh = `${folder}.${process.pid}`;
  mkdirSync(join(fresh, "debs"), { recursive: true });
  try {
    run("apt-get", [...aptOptions(suite), "download", ...wanted], join(fresh, "debs"));
    for (const deb of readdirSync(join(fresh, "debs"))) {
      run("dpkg-deb", ["-x", join(fresh, "debs", deb), join(fresh, "root")], fresh);
    }
    rmSync(join(fresh, "debs"), { recursive: true });
    writeFileSync(join(fresh, "run"), launcher(join(folder, "root"), tools[name].program));
    chmodSync(join(fresh, "run"), 0o755);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** A static program needs none of it; for the others, their libraries and companions come from the same folder. */
function launcher(root: string, program: string): string {
  const libraries = ["usr/lib", "lib"]
    .flatMap((part) => [`${part}/x86_64-linux-gnu`, `${part}/aarch64-linux-gnu`, part])
    .map((part) => join(root, part));
  const programs = ["usr/sbin", "usr/bin", "sbin", "bin"].map((part) => join(root, part));
  return [
    "#!/bin/sh",
    `export LD_LIBRARY_PATH="${libraries.join(":")}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"`,
    `export PATH="${programs.join(":")}:$PATH" DEBOOTSTRAP_DIR="${join(root, "usr/share/debootstrap")}"`,
    `exec "${join(root, program)}" "$@"`,
    "",
  ].join("\n");
}

/** Fetches what is missing; answers, for each tool that could not be had, why. */
export function fetchTools(names: readonly ToolName[]): Map<ToolName, string> {
  const failed = new Map<ToolName, string>();
  mkdirSync(cache, { recursive: true });
  for (const name of names) {
    if (tool(name) !== undefined) continue;
    try {
      process.stderr.write(`fetching ${name} from Debian's archive\n`);
      fetchTool(name);
    } catch (error) {
      failed.set(name, error instanceof Error ? error.message : String(error));
    }
  }
  return failed;
}

if (import.meta.main) {
  const names = process.argv.slice(2) as ToolName[];
  for (const [name, why] of fetchTools(names.length > 0 ? names : testTools))
    console.error(`${name}: ${why}`);
}
