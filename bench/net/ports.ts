import { remove, type Served, startOne } from "../rows.ts";
import { additions, interleave, medians } from "../sample.ts";
import type { Row } from "../table.ts";

const PORTS = 1000;

const published = Object.fromEntries(
  Array.from({ length: PORTS }, (_, n) => [`${20_000 + n}/tcp`, [{ HostPort: String(20_000 + n) }]]),
);

/**
 * What a thousand published ports add to a container's making and start: the difference of two medians. Peers start a
 * process, or write rules, for each port: they are left out.
 */
export async function portsRow(engines: readonly Served[], rounds: number): Promise<Row> {
  const own = engines.filter(({ name }) => name === "inro");
  const attempts = own.flatMap(({ name, api }) => {
    const attempt = (label: string, more: object) => {
      let id = "";
      return {
        name: label,
        run: async () => {
          id = await startOne(api, more);
        },
        settle: () => remove(api, id),
      };
    };
    return [
      attempt(name, { HostConfig: { PortBindings: published } }),
      attempt(`${name}, none published`, {}),
    ];
  });
  return {
    work: `API create + start: what ${PORTS} published ports add`,
    unit: "ms",
    values: additions(own, medians(await interleave(attempts, rounds)), "none published"),
    budget: { limit: 50 },
  };
}
