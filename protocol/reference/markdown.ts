/** A table of Markdown. Bars within cells are escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Marks a page as made by a program. */
export const GENERATED = '<!-- Written by `npm run docs` from protocol/. Change the source, not this page. -->'
