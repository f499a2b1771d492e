/** @file A part of a tokenizer's description, with its path in the file: what is wrong or not known is said of exactly that part. */
import { RuntimeFailure } from "../../util/failure.ts";

export class Part {
  readonly value: unknown;
  readonly path: string;
  /** Of the file, for messages. */
  readonly name: string;

  constructor(value: unknown, path: string, name: string) {
    this.value = value;
    this.path = path;
    this.name = name;
  }

  get absent(): boolean {
    return this.value === null || this.value === undefined;
  }

  at(key: string): Part {
    const inside = this.object()[key];
    return new Part(inside, this.path === "" ? key : `${this.path}.${key}`, this.name);
  }

  object(): Readonly<Record<string, unknown>> {
    if (typeof this.value !== "object" || this.value === null || Array.isArray(this.value))
      throw this.#invalid("no object");
    return this.value as Readonly<Record<string, unknown>>;
  }

  items(): readonly Part[] {
    if (!Array.isArray(this.value)) throw this.#invalid("no list");
    return this.value.map((item: unknown, i) => new Part(item, `${this.path}[${i}]`, this.name));
  }

  text(otherwise?: string): string {
    if (this.absent && otherwise !== undefined) return otherwise;
    if (typeof this.value !== "string") throw this.#invalid("no text");
    return this.value;
  }

  flag(otherwise: boolean): boolean {
    if (this.absent) return otherwise;
    if (typeof this.value !== "boolean") throw this.#invalid("neither `true` nor `false`");
    return this.value;
  }

  number(otherwise?: number): number {
    if (this.absent && otherwise !== undefined) return otherwise;
    if (typeof this.value !== "number" || !Number.isFinite(this.value)) throw this.#invalid("no number");
    return this.value;
  }

  type(): string {
    return this.at("type").text();
  }

  /** What is damaged. */
  invalid(problem: string): RuntimeFailure {
    return new RuntimeFailure(
      "tokenizer/invalid",
      `${this.name} is no tokenizer: ${problem}${this.path === "" || problem.includes(`\`${this.path}\``) ? "" : ` (\`${this.path}\`)`}`,
      "name the `tokenizer.json` of a model, or get the file again",
    );
  }

  /** What is right, but not known. */
  unsupported(problem: string): RuntimeFailure {
    return new RuntimeFailure(
      "tokenizer/unsupported",
      `${this.name}: ${problem} (\`${this.path}\`)`,
      "docs/tokenizers.md says what can be read",
    );
  }

  unknownType(what: string): RuntimeFailure {
    return new RuntimeFailure(
      "tokenizer/unsupported",
      `${this.name}: the ${what} \`${this.type()}\` is not known (\`${this.path}\`)`,
      "docs/tokenizers.md says what can be read",
    );
  }

  #invalid(what: string): RuntimeFailure {
    return this.invalid(`\`${this.path === "" ? "the file" : this.path}\` is ${this.absent ? "missing" : what}`);
  }
}

/** The members of a sequence, or the one thing itself. */
export function membersOf(part: Part, list: string): readonly Part[] {
  if (part.absent) return [];
  return part.type() === "Sequence"
    ? part
        .at(list)
        .items()
        .flatMap((inside) => membersOf(inside, list))
    : [part];
}
