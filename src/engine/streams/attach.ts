import { Duplex } from "node:stream";
import { InroError } from "../../oci/error.ts";
import { type Core, tell } from "../core.ts";
import type { AttachOptions } from "../engine.ts";
import type { Entry } from "../entry.ts";
import { logs } from "./logs.ts";
import { PendingStream } from "./pending.ts";

/** One that does not run is joined at its start. NOT_ATTACHABLE for one that is paused. */
export async function attach(core: Core, entry: Entry, o: AttachOptions): Promise<Duplex> {
  const wanted = {
    stdin: o.stdin && entry.origin.options.openStdin,
    stdout: o.stdout,
    stderr: o.stderr,
  };
  if (o.stream && entry.fortune.state.status === "paused")
    throw new InroError("NOT_ATTACHABLE", {
      what: `cannot attach to the container "${entry.name}"`,
      why: "it is paused",
      hint: `continue it with: inro unpause ${entry.name}`,
    });
  tell(core, entry, "attach");
  if (!o.stream) return whatWasLogged(core, entry, o);
  if (entry.live !== null) return entry.live.attach({ ...wanted, logs: o.logs });
  const stream = new PendingStream(wanted);
  entry.joining.add(stream);
  stream.once("close", () => entry.joining.delete(stream));
  return stream;
}

function whatWasLogged(core: Core, entry: Entry, o: AttachOptions): Duplex {
  const query = {
    stdout: o.stdout,
    stderr: o.stderr,
    since: null,
    until: null,
    tail: null,
    follow: false,
    signal: new AbortController().signal,
  };
  const form = { framed: !entry.origin.options.tty, timestamps: false, details: "" };
  return Duplex.from(o.logs ? logs(core, entry, query, form) : []);
}
