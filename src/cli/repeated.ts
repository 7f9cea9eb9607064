/** `name=value` for each value, as the API takes a parameter that has several. */
export const repeated = (name: string, values: readonly string[]): string =>
  values.map((value) => `&${name}=${encodeURIComponent(value)}`).join("");
