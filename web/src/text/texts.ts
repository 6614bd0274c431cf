// The texts of the page, in the language in which the portal speaks to the reader.
import { en, type TextKey } from "./en.ts";
import { ja } from "./ja.ts";

export type { TextKey } from "./en.ts";

/** A text with its blanks filled in. */
export type T = (key: TextKey, values?: Record<string, string | number>) => string;

export function texts(lang: "ja" | "en"): T {
  const table: Record<TextKey, string> = lang === "ja" ? ja : en;
  return (key, values = {}) =>
    table[key].replaceAll(/\{(\w+)\}/g, (blank, name: string) => String(values[name] ?? blank));
}

/** A length of time as a reader wants it: milliseconds up to a second. */
export function duration(t: T, ms: number): string {
  return ms < 1000 ? t("unit.ms", { n: Math.round(ms) }) : t("unit.seconds", { n: (ms / 1000).toFixed(1) });
}

/** A rate of transfer. */
export function rate(kbps: number): string {
  return kbps < 1000 ? `${Math.round(kbps)} kbit/s` : `${(kbps / 1000).toFixed(1)} Mbit/s`;
}
