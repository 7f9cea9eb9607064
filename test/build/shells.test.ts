import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { cliEngine, engineMissing } from "../cli/engine.ts";

describe.skipIf(engineMissing)("the shell in a failed step", () => {
  const cli = cliEngine();
  const steps = () => readdirSync(join(cli.engine.dataRoot, "steps"));
  const none = async () => {
    for (let tries = 0; steps().length > 0; tries++) {
      if (tries > 400) expect.unreachable("the step is still there");
      await Bun.sleep(25);
    }
  };

  /** Begins a build whose step fails and is held. */
  async function heldBuild(number: number) {
    const dockerfile = { name: "Dockerfile", text: `FROM busybox\nRUN exit ${number}\n`, ignore: null };
    const body = JSON.stringify({ dockerfile });
    const socket = connect(cli.engine.socket);
    socket.write(
      `POST /build?progress=events&onerror=shell HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    let text = "";
    for await (const part of socket.iterator({ destroyOnReturn: false })) {
      text += part;
      if (text.includes('"held"')) break;
    }
    return { socket, id: /"type":"build","id":"(\w+)"/.exec(text)?.[1] ?? "" };
  }

  const shell = (id: string) => {
    const socket = connect(cli.engine.socket);
    socket.write(
      `POST /inro/builds/${id}/shell?h=24&w=80 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
    );
    return socket;
  };

  test("goes with its client or with the build's, in whichever moment that leaves", async () => {
    for (const [number, delay] of [0, 2, 5, 10, 20, 40, 80, 160].entries())
      for (const which of ["build", "shell"] as const) {
        const { socket, id } = await heldBuild(number + 1);
        const other = shell(id);
        other.on("error", () => {});
        await Bun.sleep(delay);
        (which === "build" ? socket : other).destroy();
        // A shell's client that was gone before it was heard leaves the step to its minute.
        if (which === "shell") await Bun.sleep(20);
        socket.destroy();
        await none();
        other.destroy();
      }
  }, 60_000);

  test("is one a build, and there is none without a step that is held", async () => {
    const { socket, id } = await heldBuild(99);
    using first = { [Symbol.dispose]: () => socket.destroy(), shell: shell(id) };
    await new Promise((resolve) => first.shell.once("data", resolve));
    const again = await fetch(`http://x/inro/builds/${id}/shell`, {
      method: "POST",
      unix: cli.engine.socket,
    });
    expect(again.status).toBe(404);
    expect(await again.text()).toContain("its shell is somebody's already");
    first.shell.destroy();
    await none();
    const gone = await fetch(`http://x/inro/builds/${id}/shell`, { method: "POST", unix: cli.engine.socket });
    expect(await gone.text()).toContain("it holds no failed step");
  });
});
