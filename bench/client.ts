import { Agent, request } from "node:http";
import { connect } from "node:net";

/** As much of a Docker API client as the measurements need: one connection that is kept, JSON in and out. */
export interface Client {
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  /** A body that is no JSON. */
  read(path: string): Promise<string>;
  upload(path: string, data: Buffer): Promise<void>;
  /** Starts an exec session and waits for its stream to end, as the docker CLI does. */
  execAndWait(container: string, command: readonly string[]): Promise<void>;
  close(): void;
}

export function client(socketPath: string): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const send = (method: string, path: string, type: string, payload: string | Buffer) =>
    new Promise<string>((done, failed) => {
      const headers = { "content-type": type, "content-length": Buffer.byteLength(payload), host: "bench" };
      const sent = request({ socketPath, agent, method, path: `/v1.41${path}`, headers }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          text += part;
        });
        response.on("end", () => {
          if ((response.statusCode ?? 500) < 400) done(text);
          else failed(new Error(`${method} ${path}: ${response.statusCode} ${text.trim()}`));
        });
      });
      sent.on("error", failed);
      sent.end(payload);
    });
  const call = async (method: string, path: string, body?: unknown) => {
    const text = await send(method, path, "application/json", body === undefined ? "" : JSON.stringify(body));
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  };
  return {
    call,
    read: (path) => send("GET", path, "application/json", ""),
    upload: async (path, data) => void (await send("POST", path, "application/x-tar", data)),
    async execAndWait(container, command) {
      const made = await call("POST", `/containers/${container}/exec`, {
        AttachStdout: true,
        AttachStderr: true,
        Cmd: command,
      });
      const { Id } = made as { Id: string };
      await hijack(socketPath, `/v1.41/exec/${Id}/start`);
      const { ExitCode } = (await call("GET", `/exec/${Id}/json`)) as { ExitCode: number };
      if (ExitCode !== 0) throw new Error(`exec ended with ${ExitCode}`);
    },
    close: () => agent.destroy(),
  };
}

function hijack(socketPath: string, path: string): Promise<void> {
  return new Promise((done, failed) => {
    const body = JSON.stringify({ Detach: false, Tty: false });
    const socket = connect(socketPath, () =>
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n` +
          `Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      ),
    );
    let first = "";
    socket.on("data", (data) => {
      first ||= data.toString("latin1").split("\r\n")[0] ?? "";
    });
    socket.on("error", failed);
    socket.on("close", () => (/ (101|200) /.test(first) ? done() : failed(new Error(`${path}: ${first}`))));
    socket.on("end", () => socket.end());
  });
}
