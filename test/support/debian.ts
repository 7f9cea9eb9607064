import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, tool } from "./tools.ts";

const archive = () => join(cacheFolder(), "debian-bookworm-python3.tar.gz");

/** A gzipped tar of a Debian bookworm root with python3, made by debootstrap; undefined where it could not be made. */
export function debianRoot(): string | undefined {
  return existsSync(archive()) ? archive() : undefined;
}

/** Makes the root once (about a minute); answers why it could not. */
export function buildDebian(): string | undefined {
  if (debianRoot() !== undefined) return undefined;
  const debootstrap = tool("debootstrap");
  if (debootstrap === undefined) return "debootstrap is missing";
  console.error("making a Debian root with debootstrap (once, about a minute)");
  const folder = join(cacheFolder(), `debian.${process.pid}`);
  mkdirSync(folder);
  try {
    const steps: [string, string[]][] = [
      [
        debootstrap,
        [
          "--variant=minbase",
          "--include=python3-minimal,libpython3-stdlib",
          "bookworm",
          folder,
          "http://deb.debian.org/debian",
        ],
      ],
      [
        "tar",
        [
          "-C",
          folder,
          "--numeric-owner",
          "--exclude=./var/cache/apt/archives/*.deb",
          "-I",
          "gzip -1",
          "-cf",
          `${folder}.tar`,
          ".",
        ],
      ],
    ];
    for (const [command, args] of steps) {
      const result = spawnSync(command, args, { encoding: "utf8" });
      if (result.status !== 0)
        return `${command}: ${(result.stderr || result.stdout).trim().split("\n").at(-1)}`;
    }
    renameSync(`${folder}.tar`, archive());
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(`${folder}.tar`, { force: true });
  }
}
