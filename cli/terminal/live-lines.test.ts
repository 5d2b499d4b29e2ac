import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LiveLines } from './live-lines.js'
import { columnsOf, printable } from './printable.js'

/** A terminal that knows the few sequences that are used here. */
class Terminal {
  readonly columns: number
  readonly rows: number
  private readonly cells: string[][] = [[]]
  private top = 0
  private row = 0
  private column = 0

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
  }

  write(text: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes begin with one.
    for (const [token] of text.matchAll(/\u001b\[(\d*)([A-Z])|[\s\S]/g)) this.token(token)
  }

  private token(token: string): void {
    const count = Number(token.slice(2, -1) || 1)
    if (token === '\r') this.column = 0
    else if (token === '\n') this.newLine()
    else if (/^.\[\d+A$/.test(token)) this.row = Math.max(this.top, this.row - count)
    else if (/^.\[\d+B$/.test(token)) this.row += count
    else if (/^.\[J$/.test(token))
      this.cells.splice(this.row, this.cells.length, this.cells[this.row]!.slice(0, this.column))
    else this.put(token)
  }

  private put(character: string): void {
    if (this.column === this.columns) this.newLine()
    this.cells[this.row]![this.column++] = character
  }

  private newLine(): void {
    this.column = 0
    this.row++
    while (this.cells.length <= this.row) this.cells.push([])
    this.top = Math.max(0, this.row - this.rows + 1)
  }

  get lines(): string[] {
    return this.cells.map((cells) => cells.join('').trimEnd())
  }
}

function screen(columns = 20, rows = 10) {
  const terminal = new Terminal(columns, rows)
  const input = { cursorRow: 0, text: '> x', draw: () => terminal.write(`\r\x1b[J${input.text}`) }
  input.draw()
  return { terminal, input, lines: new LiveLines(terminal, input) }
}

test('the mark of a line changes where it stands, also above wrapped lines, and the input line stays below', () => {
  const { terminal, lines } = screen()
  lines.print(' first', 'a', '. ')
  lines.print('a line that is longer than the terminal is wide')
  lines.print(' second', 'b', '. ')
  lines.mark('a', 'VV')
  lines.mark('b', 'V ')
  lines.mark('unknown', '??')
  assert.deepEqual(terminal.lines, [
    'VV first',
    'a line that is longe',
    'r than the terminal',
    'is wide',
    'V  second',
    '> x',
  ])
})

test('an input line of several rows is kept apart from what is printed', () => {
  const terminal = new Terminal(20, 10)
  const input = { cursorRow: 1, draw: () => terminal.write(`\r\x1b[1A\x1b[J${'> y'.padEnd(25, 'y')}`) }
  terminal.write('> y'.padEnd(25, 'y'))
  const lines = new LiveLines(terminal, input)
  lines.print(' first', 'a', '. ')
  lines.mark('a', 'VV')
  assert.deepEqual(terminal.lines, ['VV first', '> y'.padEnd(20, 'y'), 'yyyyy'])
})

test('a line that has scrolled away, or whose place is unknown after a change of size, is left alone', () => {
  const { terminal, lines } = screen(20, 4)
  for (let i = 0; i < 6; i++) lines.print(` line ${i}`, `${i}`, '. ')
  for (let i = 0; i < 6; i++) lines.mark(`${i}`, 'VV')
  assert.deepEqual(terminal.lines.slice(0, 6), [
    '.  line 0',
    '.  line 1',
    '.  line 2',
    'VV line 3',
    'VV line 4',
    'VV line 5',
  ])
  lines.resized()
  lines.mark('5', 'W ')
  assert.equal(terminal.lines[5], 'VV line 5')
})

test('what others write cannot reach the terminal’s controls, or turn the text around', () => {
  assert.equal(printable('a\x1b]0;title\x07b\nc\u202ed\r'), 'a\ufffd]0;title\ufffdb ⏎ c\ufffdd')
})

test('columns are counted as terminals count them', () => {
  const texts = ['abc', 'né', 'e\u0301', '日本', '👍', '👍🏽', '❤️', '✓✓', '']
  assert.deepEqual(
    texts.map((text) => columnsOf(text)),
    [3, 2, 1, 4, 2, 2, 2, 2, 0],
  )
})
