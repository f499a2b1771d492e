/** @file The token arrays of a program that reads one text: the tokens and, if it has a loss, the targets. A program may read neither: what is put there is lost. */
import type { Session } from "./device.ts";
import { programOf } from "./device.ts";
import { RuntimeFailure } from "../util/failure.ts";
import type { ProgramName } from "../../abi/plan.ts";

export interface TokenInputs {
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
}

export function tokenInputs(session: Session, name: ProgramName): TokenInputs {
  const program = programOf(session.plan, name);
  const one = (kind: "tokens" | "targets"): Int32Array => {
    const found = program.inputs.filter((input) => input.kind === kind);
    const [input] = found;
    if (input === undefined) return new Int32Array(name === "decode" ? 1 : session.plan.batch * session.plan.context);
    if (found.length > 1) {
      throw new RuntimeFailure(
        "program/input",
        `program \`${name}\` of \`${session.plan.model}\` reads ${found.length} inputs of ${kind}, and exactly one can be fed`,
      );
    }
    return session.replay(name).input(input.name);
  };
  return { inputs: one("tokens"), targets: name === "decode" || name === "prefill" ? none : one("targets") };
}

const none = new Int32Array(0);
