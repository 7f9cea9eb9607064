import { TemplateError } from "./template-error.ts";
import { printed, type Value } from "./value.ts";

/** The verbs of Go's fmt that templates use: %s %v %q %d %t %x %o %b %c %f %e %g and %%. */
export function printf(format: string, args: readonly Value[]): string {
  let next = 0;
  return format.replace(/%([-+ 0#]*)(\*|\d+)?(?:\.(\d+))?([a-zA-Z%])/g, (_, flags, wide, precision, verb) => {
    if (verb === "%") return "%";
    const width = wide === "*" ? Number(args[next++]) : Number(wide ?? 0);
    if (next >= args.length) return `%!${verb}(MISSING)`;
    const text = one(verb, args[next++], precision === undefined ? undefined : Number(precision), flags);
    if (flags.includes("-")) return text.padEnd(width);
    return flags.includes("0") && /^[-+]?\d/.test(text) ? zeroPadded(text, width) : text.padStart(width);
  });
}

function zeroPadded(text: string, width: number): string {
  const sign = /^[-+]/.exec(text)?.[0] ?? "";
  return sign + text.slice(sign.length).padStart(width - sign.length, "0");
}

function one(verb: string, value: Value, precision: number | undefined, flags: string): string {
  const plus = flags.includes("+") && Number(value) >= 0 ? "+" : "";
  switch (verb) {
    case "s":
    case "v": {
      const text = printed(value);
      return precision === undefined || verb === "v" ? text : [...text].slice(0, precision).join("");
    }
    case "q":
      return JSON.stringify(printed(value));
    case "d":
      return plus + String(Math.trunc(Number(value)));
    case "t":
      return String(value === true);
    case "x":
    case "X": {
      const digits =
        typeof value === "string" ? Buffer.from(value).toString("hex") : Number(value).toString(16);
      return verb === "X" ? digits.toUpperCase() : digits;
    }
    case "o":
      return Number(value).toString(8);
    case "b":
      return Number(value).toString(2);
    case "c":
      return String.fromCodePoint(Number(value));
    case "f":
      return plus + Number(value).toFixed(precision ?? 6);
    case "e":
      return plus + Number(value).toExponential(precision ?? 6);
    case "g":
      return (
        plus + String(precision === undefined ? Number(value) : Number(Number(value).toPrecision(precision)))
      );
    default:
      throw new TemplateError(`printf does not know %${verb}`);
  }
}
