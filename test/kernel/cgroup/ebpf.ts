/** Runs the few eBPF instructions that device programs are made of (kernel's instruction-set.rst), for tests. */
export function runDeviceProgram(
  program: Uint8Array,
  asked: { type: "b" | "c"; major: number; minor: number; access: number },
): boolean {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const context = [((asked.access << 16) | (asked.type === "b" ? 1 : 2)) >>> 0, asked.major, asked.minor];
  const registers = new Array<number>(11).fill(Number.NaN);
  for (let at = 0; at < program.byteLength / 8; at++) {
    const code = view.getUint8(at * 8);
    const to = view.getUint8(at * 8 + 1) & 15;
    const from = view.getUint8(at * 8 + 1) >> 4;
    const offset = view.getInt16(at * 8 + 2, true);
    const value = view.getInt32(at * 8 + 4, true);
    const register = registers[to] as number;
    if (code === 0x61) registers[to] = context[offset / 4] as number;
    else if (code === 0xb7) registers[to] = value;
    else if (code === 0xbc) registers[to] = registers[from] as number;
    else if (code === 0x54) registers[to] = (register & value) >>> 0;
    else if (code === 0x74) registers[to] = register >>> value;
    else if (code === 0x16) at += register === value >>> 0 ? offset : 0;
    else if (code === 0x56) at += register === value >>> 0 ? 0 : offset;
    else if (code === 0x95) return registers[0] === 1;
    else throw new Error(`unknown instruction 0x${code.toString(16)}`);
  }
  throw new Error("the program has no end");
}
