import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Colours where they are wanted: on a terminal, unless NO_COLOR says no (https://no-color.org). */
export class Styles {
  private readonly on: boolean

  constructor(isTerminal: boolean, environment: NodeJS.ProcessEnv = process.env) {
    this.on = isTerminal && !environment.NO_COLOR && environment.TERM !== 'dumb'
  }

  dim(text: string): string {
    return this.apply('dim', text)
  }

  bold(text: string): string {
    return this.apply('bold', text)
  }

  /** What has been read. */
  read(text: string): string {
    return this.apply('cyan', text)
  }

  fault(text: string): string {
    return this.apply('red', text)
  }

  private apply(style: Style, text: string): string {
    return this.on ? styleText(style, text, { validateStream: false }) : text
  }
}
