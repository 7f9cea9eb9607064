/** Which services are on (15-profiles.md). */
import type { Service } from "./project.ts";

/** All of them. */
const ALL = "*";

/** @returns those that are asked for, and those of the services that are chosen by name */
export function activeProfiles(
  services: ReadonlyMap<string, Service>,
  asked: readonly string[],
  chosen: readonly string[],
): readonly string[] {
  return [...new Set([...asked, ...chosen.flatMap((name) => services.get(name)?.profiles ?? [])])];
}

export function isOn({ profiles = [] }: Service, active: readonly string[]): boolean {
  return (
    profiles.length === 0 || active.includes(ALL) || profiles.some((profile) => active.includes(profile))
  );
}
