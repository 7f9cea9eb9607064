/** A template that cannot be read, or does not fit what it is applied to. The message is complete. */
export class TemplateError extends Error {
  constructor(why: string) {
    super(`cannot use the template: ${why}`);
    this.name = "TemplateError";
  }
}
