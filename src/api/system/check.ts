import type { Finding } from "../../image/images.ts";
import { begin } from "../answer.ts";
import type { Exchange, Route } from "../exchange.ts";
import { flag } from "../query.ts";
import { messageOf } from "../status.ts";

/** Ours: Docker has no check. */
export const checkRoutes: readonly Route[] = [{ method: "POST", pattern: "/system/check", handle: check }];

const told = ({ kind, what, why, todo, done }: Finding) => ({
  Kind: kind,
  What: what,
  Why: why,
  Todo: todo,
  Done: done,
});

/** A JSON line for each finding as it is found, and a last one that says how much was looked at. */
async function check(x: Exchange): Promise<void> {
  const repair = flag(x.query, "repair");
  begin(x, "application/json");
  const say = (line: object) => x.response.write(`${JSON.stringify(line)}\n`);
  try {
    const { blobs, bytes, snapshots, containers, strays } = await x.engine.check({
      repair,
      report: (finding) => say({ Finding: told(finding) }),
    });
    const counted = { Blobs: blobs, Bytes: bytes, Snapshots: snapshots, Containers: containers };
    say({ Checked: { ...counted, Strays: strays } });
  } catch (error) {
    say({ error: messageOf(error) });
  }
  x.response.end();
}
