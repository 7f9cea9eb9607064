/** A program in a real terminal of 30 × 100, and what it drew. */
export interface Screen extends Disposable {
  readonly text: string;
  type(keys: string): void;
  resize(rows: number, columns: number): void;
  /** Waits until the text appears; fails after ten seconds with what is there. */
  shows(text: string | RegExp): Promise<void>;
  readonly exited: Promise<number>;
}

export function screen(command: readonly string[], env: Readonly<Record<string, string>> = {}): Screen {
  let text = "";
  const decoder = new TextDecoder();
  const child = Bun.spawn([...command], {
    env: { ...process.env, TERM: "xterm", ...env },
    terminal: {
      rows: 30,
      cols: 100,
      data: (_terminal, data) => {
        text += decoder.decode(data, { stream: true });
      },
    },
  });
  return {
    get text() {
      return text;
    },
    type: (keys) => child.terminal?.write(keys),
    resize: (rows, columns) => child.terminal?.resize(columns, rows),
    async shows(wanted) {
      const found = () => (typeof wanted === "string" ? text.includes(wanted) : wanted.test(text));
      for (let tries = 0; !found(); tries++) {
        if (tries > 500) throw new Error(`${wanted} does not appear in ${JSON.stringify(text)}`);
        await Bun.sleep(20);
      }
    },
    exited: child.exited,
    [Symbol.dispose]: () => child.kill("SIGKILL"),
  };
}
