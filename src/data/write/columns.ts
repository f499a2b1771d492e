/** @file Which columns of a table hold the other fields of documents: a type for each field, found over all documents before one is written. */
import { fieldsOf, type FieldValue } from "../read/stream/json.ts";

/** `json`: values of several types, lists, objects, or whole numbers beyond 64 bits, each as its JSON. */
export type ColumnType = "boolean" | "int64" | "double" | "string" | "json";

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** Columns by field; or all fields of a document as one JSON text, where there are too many or their names cannot be told apart; or none. */
export type Columns =
  | { readonly kind: "fields"; readonly columns: readonly Column[] }
  | { readonly kind: "json" }
  | { readonly kind: "none" };

/** More make the head of a file larger than what it holds. */
const mostColumns = 1000;

/** Collects the fields of documents and gives their columns, in the order in which the fields first occur. */
export class ColumnTypes {
  private readonly types = new Map<string, ColumnType | undefined>();
  private tooMany = false;

  /** Takes the fields of a document as a JSON object. */
  add(metadata: string): void {
    if (this.tooMany) return;
    for (const [name, value] of fieldsOf(metadata)) this.types.set(name, wider(this.types.get(name), typeOf(value)));
    this.tooMany = this.types.size > mostColumns;
  }

  get columns(): Columns {
    if (this.types.size === 0) return { kind: "none" };
    // Databases take the names of columns without regard to capitals, and none without a name.
    const names = new Set([...this.types.keys()].map((name) => name.toLowerCase()));
    if (this.tooMany || names.size < this.types.size || names.has("")) return { kind: "json" };
    // A field that is null everywhere could become anything.
    return { kind: "fields", columns: [...this.types].map(([name, type = "string"]) => ({ name, type })) };
  }
}

function typeOf(value: FieldValue): ColumnType | undefined {
  switch (typeof value) {
    case "boolean":
      return "boolean";
    case "number":
      return Number.isSafeInteger(value) ? "int64" : "double";
    case "bigint":
      return BigInt.asIntN(64, value) === value ? "int64" : "json";
    case "string":
      return "string";
    default:
      return value === null ? undefined : "json";
  }
}

function wider(one: ColumnType | undefined, other: ColumnType | undefined): ColumnType | undefined {
  if (one === undefined || other === undefined || one === other) return one ?? other;
  return (one === "int64" && other === "double") || (one === "double" && other === "int64") ? "double" : "json";
}

/** What a column has of a value: its own type, a bigint for `int64`, JSON text for `json`. */
export function cellOf(
  value: FieldValue | undefined,
  type: ColumnType,
): boolean | number | bigint | string | undefined {
  if (value === undefined || value === null) return undefined;
  switch (type) {
    case "json":
      return typeof value === "object" ? value.json : typeof value === "bigint" ? String(value) : JSON.stringify(value);
    case "int64":
      return BigInt(value as number | bigint);
    case "double":
      return Number(value);
    case "boolean":
    case "string":
      return value as boolean | string;
  }
}
