/** An engine's part in a create, in a process that can be killed: {"request": …, "native": …} on its standard input. */
import { dirname } from "node:path";
import { openRuntime } from "../../../src/runtime/open.ts";

const { request, native } = await Bun.stdin.json();
const runtime = await openRuntime({ execRoot: dirname(request.socketFolder), native });
await runtime.create(request);
process.exit(0);
