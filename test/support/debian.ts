import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, tool } from "./tools.ts";

/** What each root has beside Debian's minimal base. */
const packages = {
  python3: ["python3-minimal", "libpython3-stdlib"],
  servers: ["nginx-light", "postgresql", "redis-server", "python3-psycopg2", "python3-redis"],
} as const;

export type DebianName = keyof typeof packages;

/** Its name tells what is in it: other packages are another archive. */
function archive(name: DebianName): string {
  const digest = createHash("sha256").update(packages[name].join()).digest("hex").slice(0, 8);
  return join(cacheFolder(), `debian-bookworm-${name}-${digest}.tar.gz`);
}

/** A gzipped tar of a Debian bookworm root, made by debootstrap; undefined where it could not be made. */
export function debianRoot(name: DebianName = "python3"): string | undefined {
  return existsSync(archive(name)) ? archive(name) : undefined;
}

/** Makes the roots once (about a minute each); answers why one could not be. */
export function buildDebian(): string | undefined {
  const names = Object.keys(packages) as DebianName[];
  const missing = names.filter((name) => debianRoot(name) === undefined);
  if (missing.length === 0) return undefined;
  const debootstrap = tool("debootstrap");
  if (debootstrap === undefined) return "debootstrap is missing";
  const folder = join(cacheFolder(), `debian.${process.pid}`);
  // What they share is fetched once.
  const fetched = join(folder, "fetched");
  mkdirSync(fetched, { recursive: true });
  try {
    for (const name of missing) {
      console.error(`making a Debian root with ${name} (once, about a minute)`);
      const why = build(debootstrap, name, { folder: join(folder, name), fetched });
      if (why !== undefined) return why;
    }
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function build(
  debootstrap: string,
  name: DebianName,
  { folder, fetched }: { readonly folder: string; readonly fetched: string },
): string | undefined {
  const wanted = ["--variant=minbase", `--cache-dir=${fetched}`, `--include=${packages[name].join(",")}`];
  const steps: [string, string[]][] = [
    [debootstrap, [...wanted, "bookworm", folder, "http://deb.debian.org/debian"]],
    [
      "tar",
      [
        ...["-C", folder, "--numeric-owner", "--exclude=./var/cache/apt/archives/*.deb"],
        ...["-I", "gzip -1", "-cf", `${folder}.tar`, "."],
      ],
    ],
  ];
  for (const [command, args] of steps) {
    const result = spawnSync(command, args, { encoding: "utf8" });
    if (result.status !== 0)
      return `${command}: ${(result.stderr || result.stdout).trim().split("\n").at(-1)}`;
  }
  renameSync(`${folder}.tar`, archive(name));
  return undefined;
}
