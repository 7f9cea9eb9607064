import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { cliEngine, engineMissing } from "../cli/engine.ts";
import { tarOf } from "../support/oci-layout.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { write } from "./building.ts";

describe.skipIf(engineMissing)("a client of a build that does not read", () => {
  const cli = cliEngine();
  const memory = () => {
    const pid = readFileSync(join(cli.engine.execRoot, "inro.pid"), "utf8").trim();
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
  };

  for (const progress of ["events", ""])
    test(`costs no memory, and hears what it has missed (${progress || "classic"})`, async () => {
      using folder = temporaryFolder("slow");
      const loud = `RUN yes 0123456789012345678901234567890123456789 | head -c 60000000; : ${progress}`;
      write(folder.path, { Dockerfile: `FROM busybox\n${loud}\nRUN echo after; : ${progress}\n` });
      const tar = tarOf(folder.path);
      const before = memory();
      const socket = connect(cli.engine.socket);
      const head = `POST /build?progress=${progress} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-tar\r\nContent-Length: ${tar.length}\r\n\r\n`;
      socket.write(head);
      socket.write(tar);
      const running = async () =>
        (await cli.out("builder", "ls", "--format", "{{.State}}")).startsWith("running");
      for (let tries = 0; !(await running()); tries++)
        if (tries > 100) expect.unreachable("it does not begin");
      while (await running()) await Bun.sleep(100);
      expect(memory() - before).toBeLessThan(120);
      let text = "";
      for await (const part of socket as AsyncIterable<Buffer>) {
        text = `${text}${part.toString("latin1")}`.slice(-100_000);
        if (text.includes("\r\n0\r\n\r\n")) break;
      }
      const told = /bytes were dropped for a client that did not read: inro builder logs [0-9a-f]{16}/.test(
        text,
      );
      const ended = /"type":"image"|Successfully built/.test(text);
      expect({ told, ended }).toEqual({ told: true, ended: true });
      expect(await cli.out("builder", "logs")).toMatch(/ after\n/);
    }, 120_000);
});
