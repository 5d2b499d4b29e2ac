/**
 * Text of others as it may reach a terminal: without control characters, which could move the cursor, set titles or
 * answer to the program, and without those that turn the direction of what follows.
 */
export function printable(text: string): string {
  return text.replaceAll('\t', ' ').replaceAll(DANGEROUS, (character) => REPLACEMENT[character] ?? '\u{fffd}')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
const REPLACEMENT: Readonly<Record<string, string>> = { '\n': ' ⏎ ', '\r': '' }

/** Columns that the text takes: two for East Asian wide characters and most emoji, none for marks and joiners. */
export function columnsOf(text: string): number {
  let columns = 0
  for (const { segment } of segments.segment(text)) columns += WIDE.test(segment) ? 2 : NARROW.test(segment) ? 1 : 0
  return columns
}

const segments = new Intl.Segmenter()
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|\ufe0f|[\u{20000}-\u{3fffd}]/u
const NARROW = /[^\p{Mark}\u200b-\u200f]/u
