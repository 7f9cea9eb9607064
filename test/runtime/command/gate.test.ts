import { expect, test } from "bun:test";
import { closeSync, constants, existsSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { InroError } from "../../../src/oci/error.ts";
import { makeFifo } from "../../../src/platform/fifo.ts";
import { openGate, passGate } from "../../../src/runtime/command/gate.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const tooLate = (became: string): InroError => new InroError("NOT_CREATED", { what: "late", why: became });

test("one byte starts what waits, and the gate is gone; who comes later is told what became of it", () => {
  using room = temporaryFolder("gate");
  const gate = join(room.path, "start");
  makeFifo(gate, 0o600);
  const waiting = openSync(gate, constants.O_RDWR | constants.O_NONBLOCK);
  openGate(gate, tooLate);
  expect(readSync(waiting, Buffer.alloc(8))).toBe(1);
  closeSync(waiting);
  expect(existsSync(gate)).toBe(false);
  expect(() => openGate(gate, tooLate)).toThrow("late: running");
});

test("a gate at which nobody waits is that of a container which has ended", () => {
  using room = temporaryFolder("gate");
  const gate = join(room.path, "start");
  makeFifo(gate, 0o600);
  expect(() => openGate(gate, tooLate)).toThrow("late: stopped");
  expect(existsSync(gate)).toBe(true);
});

test("whoever starts a container waits for what it says, until it holds its gate no more", async () => {
  using room = temporaryFolder("gate");
  const gate = join(room.path, "start");
  makeFifo(gate, 0o600);
  // A container that takes its byte, cannot become its program, and is late.
  const script = `exec 3<>"$1"; echo ready; head -c 1 <&3 >/dev/null; sleep 0.2; printf '~no such program' >&3`;
  const child = Bun.spawn(["sh", "-c", script, "sh", gate], { stdout: "pipe" });
  await child.stdout.getReader().read();
  expect(await passGate(gate, tooLate)).toEqual({ code: 126, text: "no such program" });
  expect(await child.exited).toBe(0);
});
