/** @file Packages that an installation need not have (optional peers): what needs one says so when it is needed. */
import { RuntimeFailure, messageOf, systemCode } from "../util/failure.ts";

/** Whether an import failed because this very package is not installed, not because of something inside it. */
export const isAbsent = (error: unknown, name: string): boolean =>
  ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"].includes(systemCode(error) ?? "") && messageOf(error).includes(name);

/**
 * koffi, which calls C. Its machine code is in a package of each platform, which npm leaves out together with all that is optional.
 */
export async function loadKoffi(): Promise<typeof import("koffi").default> {
  try {
    return (await import("koffi")).default;
  } catch (error) {
    if (!/native Koffi module|@koromix/.test(messageOf(error))) throw error;
    const name = `@koromix/koffi-${process.platform}-${process.arch}`;
    throw new RuntimeFailure(
      "package/missing",
      `the CPU device needs the npm package \`${name}\`, which is not installed`,
      `npm install ${name}`,
    );
  }
}

/** The package that `load` imports. Fails with a sentence if it is not installed: `what` begins it, such as "reading Parquet". */
export async function optionalPackage<T>(name: string, what: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!isAbsent(error, name)) throw error;
    throw new RuntimeFailure(
      "package/missing",
      `${what} needs the npm package \`${name}\`, which is not installed`,
      `npm install ${name}`,
    );
  }
}
