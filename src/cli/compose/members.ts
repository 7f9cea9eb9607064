/** The containers of an application, as the engine lists them. */

import type { Client } from "../../client/client.ts";
import { label } from "../../compose/converge/labels.ts";
import type { Port } from "../print/ports.ts";
import type { Summary } from "../verb/ps.ts";

export interface Member {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  /** From 1; of one that `run` made, 1. */
  readonly number: number;
  /** `run` made it. */
  readonly oneOff: boolean;
  readonly state: string;
  /** `web-1`: what stands before its lines. */
  readonly label: string;
  readonly ports: readonly Port[];
  readonly summary: Summary;
}

/** All that belong to the project, those of `run` too, by name. */
export async function members(client: Client, project: string): Promise<readonly Member[]> {
  const wanted = [`${label.project}=${project}`];
  const found = await client.json<readonly Summary[]>({
    method: "GET",
    path: "/containers/json",
    query: { all: true, filters: JSON.stringify({ label: wanted }) },
  });
  return found
    .map((summary) => memberOf(summary, project))
    .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}

function memberOf(summary: Summary, project: string): Member {
  const labels = summary.Labels ?? {};
  const name = (summary.Names[0] ?? summary.Id).replace(/^\//, "");
  return {
    id: summary.Id,
    name,
    service: labels[label.service] ?? "",
    number: Number(labels[label.number] ?? 1),
    oneOff: labels[label.oneOff]?.toLowerCase() === "true",
    state: summary.State,
    label: labelOf(name, project),
    ports: summary.Ports ?? [],
    summary,
  };
}

/** Its name without the project's before it. */
export const labelOf = (name: string, project: string): string =>
  /^[-_]/.test(name.slice(project.length)) && name.startsWith(project)
    ? name.slice(project.length + 1)
    : name;

export const runs = ({ state }: Pick<Member, "state">): boolean => state === "running" || state === "paused";
