import type { NormalizedSchema } from "@smithy/core/schema";

/** How AWS writes timestamps: https://smithy.io/2.0/spec/protocol-traits.html#timestampformat-trait */
export type TimestampFormat = "date-time" | "http-date" | "epoch-seconds";

const formats: Readonly<Record<number, TimestampFormat>> = { 5: "date-time", 6: "http-date", 7: "epoch-seconds" };

/** The format of a timestamp: the one that its shape carries, or else its protocol's. */
export function timestampFormat(schema: NormalizedSchema, otherwise: TimestampFormat): TimestampFormat {
  return formats[schema.getSchema() as number] ?? otherwise;
}

const dateTime = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2}(\.\d+)? GMT$/;
const seconds = /^-?\d{1,15}(\.\d+)?([eE][+-]?\d{1,2})?$/;

/** Reads a timestamp; null when the text is none. */
export function parseTimestamp(text: string, format: TimestampFormat): Date | null {
  const milliseconds = parseMilliseconds(text, format);
  return milliseconds === null || Number.isNaN(new Date(milliseconds).getTime()) ? null : new Date(milliseconds);
}

function parseMilliseconds(text: string, format: TimestampFormat): number | null {
  switch (format) {
    case "date-time":
      return dateTime.test(text) ? Date.parse(text) : null;
    case "http-date":
      return httpDate.test(text) ? Date.parse(text) : null;
    case "epoch-seconds":
      return seconds.test(text) ? Math.round(Number(text) * 1000) : null;
  }
}

/** Writes a timestamp. */
export function formatTimestamp(date: Date, format: TimestampFormat): string {
  switch (format) {
    case "date-time":
      return date.toISOString();
    case "http-date":
      return date.toUTCString();
    case "epoch-seconds":
      return String(date.getTime() / 1000);
  }
}
