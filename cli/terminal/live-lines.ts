import { columnsOf } from './printable.js'

/** What is needed of a terminal. */
export interface Screen {
  readonly columns: number
  readonly rows: number
  write(text: string): void
}

/** A line being written that may take several rows, of which the cursor stands in one. */
export interface InputLine {
  readonly cursorRow: number
  /** Draws it anew; the cursor stands in its row `cursorRow`. */
  draw(): void
}

const CLEAR_BELOW = '\x1b[J'
const up = (rows: number) => (rows > 0 ? `\x1b[${rows}A` : '')
const down = (rows: number) => (rows > 0 ? `\x1b[${rows}B` : '')

interface Line {
  readonly key: string
  /** The row on which it begins, counted from the first line of all. */
  readonly row: number
}

/**
 * Lines that scroll by above an input line, each with a mark at its head that may change later: the ticks of a
 * message, as long as its line is on the screen.
 */
export class LiveLines {
  private readonly screen: Screen
  private readonly input: InputLine
  /** Row on which the input line begins. */
  private row = 0
  private lines: Line[] = []

  constructor(screen: Screen, input: InputLine) {
    this.screen = screen
    this.input = input
  }

  /** Prints a line; under its key, the mark (already styled, `markColumns` wide) can be changed. */
  print(text: string, key?: string, mark = ''): void {
    const width = columnsOf(stripped(mark)) + columnsOf(stripped(text))
    const { cursorRow } = this.input
    this.screen.write(`\r${up(cursorRow)}${CLEAR_BELOW}${mark}${text}\n${'\n'.repeat(cursorRow)}`)
    if (key !== undefined) this.lines.push({ key, row: this.row })
    this.row += Math.max(1, Math.ceil(width / this.screen.columns))
    this.forgetScrolled()
    this.input.draw()
  }

  /** Changes the mark of a line, unless it has scrolled away. The new one is as wide as the old. */
  mark(key: string, mark: string): void {
    const line = this.lines.find((each) => each.key === key)
    if (line === undefined) return
    const rows = this.row - line.row + this.input.cursorRow
    this.screen.write(`\r${up(rows)}${mark}\r${down(rows)}`)
    this.input.draw()
  }

  /** The terminal has another size: where lines are is not known any more. */
  resized(): void {
    this.lines = []
  }

  private forgetScrolled(): void {
    const oldest = this.row - this.screen.rows + 1
    while (this.lines.length > 0 && this.lines[0]!.row < oldest) this.lines.shift()
  }
}

/** Without the escapes of styles. */
function stripped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes begin with one.
  return text.replaceAll(/\u001b\[[0-9;]*m/g, '')
}
